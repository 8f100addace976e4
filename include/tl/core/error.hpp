// Errors are sentences: what was expected, what came, where. The library reports every problem by throwing
// tl::Error and never prints, aborts or exits by itself.
#pragma once

#include <array>
#include <locale>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace tl {

/// A stable code per kind of problem, for programs that react to it; the sentence is for people.
enum class ErrorCode {
  invalid_argument,  ///< a value outside its allowed range, or arguments that contradict each other
  shape,             ///< shapes or sizes that do not fit together
  dtype,             ///< an element type that is not supported here
  device,            ///< a device that is absent, or tensors on different devices
  missing_kernel,    ///< an operation without a kernel on the requested device
  io,                ///< a file cannot be opened, read, written or renamed
  format,            ///< a file was read but its content is malformed
  not_found,         ///< a name, column, key or checkpoint that does not exist
  numeric,           ///< NaN or infinity where a finite number is required
  state,             ///< a call that is not possible in the present state of the object
};

/// The code as its own name, e.g. "invalid_argument".
inline std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::shape: return "shape";
    case ErrorCode::dtype: return "dtype";
    case ErrorCode::device: return "device";
    case ErrorCode::missing_kernel: return "missing_kernel";
    case ErrorCode::io: return "io";
    case ErrorCode::format: return "format";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::numeric: return "numeric";
    case ErrorCode::state: return "state";
  }
  return "unknown";
}

/// The one exception type of the library; what() is the sentence.
class [[gnu::visibility("default")]] Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

namespace detail {

// The parts of a sentence go to one function as addresses, beside a constant table of functions that print them: a call
// costs a word per part and no code of its own, which keeps the hundreds of checks of the library cheap to compile.
using PartWriter = void (*)(std::ostream&, const void*);

template <class T> void write_part(std::ostream& out, const void* part) { out << *static_cast<const T*>(part); }
inline void write_literal(std::ostream& out, const void* part) { out << static_cast<const char*>(part); }

/// Stands for the types of string literals, one for every length.
struct Literal {};
template <class T> using PartKind = std::conditional_t<std::is_array_v<T>, Literal, T>;

template <class Kind> inline constexpr PartWriter part_writer = write_part<Kind>;
template <> inline constexpr PartWriter part_writer<Literal> = write_literal;

template <class... Kinds>
inline constexpr std::array<PartWriter, sizeof...(Kinds)> part_writers = {part_writer<Kinds>...};

[[gnu::noinline]] inline std::string join_parts(std::span<const PartWriter> writers, const void* const* parts) {
  std::ostringstream out;
  out.imbue(std::locale::classic());  // the program's own locale would turn checkpoint-1000 into checkpoint-1.000
  for (const PartWriter write : writers) write(out, *parts++);
  return std::move(out).str();
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_parts(ErrorCode code, std::span<const PartWriter> writers,
                                                              const void* const* parts) {
  throw Error(code, join_parts(writers, parts));
}

template <class... Kinds, class... Addresses> [[noreturn]] void fail_kinds(ErrorCode code, Addresses... parts) {
  const void* const addresses[sizeof...(parts) + 1] = {parts...};
  fail_parts(code, part_writers<Kinds...>, addresses);
}

}  // namespace detail

/// Joins its arguments into one string with operator<<, whatever the program's locale is.
template <class... Parts> std::string str_cat(const Parts&... parts) {
  const void* const addresses[sizeof...(parts) + 1] = {&parts...};
  return detail::join_parts(detail::part_writers<detail::PartKind<Parts>...>, addresses);
}

/// Throws Error(code, str_cat(parts...)).
template <class... Parts> [[noreturn]] void fail(ErrorCode code, const Parts&... parts) {
  detail::fail_kinds<detail::PartKind<Parts>...>(code, static_cast<const void*>(&parts)...);
}

/// Throws unless `condition` holds. The sentence is built only on failure.
template <class... Parts>
[[gnu::always_inline]] inline void check(bool condition, ErrorCode code, const Parts&... parts) {
  if (!condition) [[unlikely]]
    detail::fail_kinds<detail::PartKind<Parts>...>(code, static_cast<const void*>(&parts)...);
}

}  // namespace tl

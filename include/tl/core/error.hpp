// Errors are sentences: what was expected, what came, where. The library reports every problem by throwing
// tl::Error and never prints, aborts or exits by itself.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

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
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& sentence) : std::runtime_error(sentence), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

namespace detail {

/// One printable value of a sentence by reference. A call site costs two words per part and no code of its own, which
/// keeps the hundreds of checks of the library cheap to compile.
class Part {
 public:
  template <class T>
  Part(const T& value)  // NOLINT(google-explicit-constructor): parts are written as plain arguments
      : value_(&value), write_([](std::ostream& out, const void* raw) { out << *static_cast<const T*>(raw); }) {}
  template <std::size_t n>
  Part(const char (&text)[n])  // NOLINT(google-explicit-constructor)
      : value_(text), write_(write_text) {}

  void write(std::ostream& out) const { write_(out, value_); }

 private:
  static void write_text(std::ostream& out, const void* raw) { out << static_cast<const char*>(raw); }

  const void* value_;
  void (*write_)(std::ostream&, const void*);
};

[[gnu::noinline]] inline std::string join_parts(std::initializer_list<Part> parts) {
  std::ostringstream out;
  for (const Part& part : parts) part.write(out);
  return std::move(out).str();
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_parts(ErrorCode code, std::initializer_list<Part> parts) {
  throw Error(code, join_parts(parts));
}

}  // namespace detail

/// Joins its arguments into one string with operator<<.
template <class... Parts>
std::string join(const Parts&... parts) {
  return detail::join_parts({detail::Part(parts)...});
}

/// Throws Error(code, join(parts...)).
template <class... Parts>
[[noreturn]] void fail(ErrorCode code, const Parts&... parts) {
  detail::fail_parts(code, {detail::Part(parts)...});
}

/// Throws unless `condition` holds. The sentence is built only on failure.
template <class... Parts>
[[gnu::always_inline]] inline void check(bool condition, ErrorCode code, const Parts&... parts) {
  if (!condition) [[unlikely]] detail::fail_parts(code, {detail::Part(parts)...});
}

}  // namespace tl

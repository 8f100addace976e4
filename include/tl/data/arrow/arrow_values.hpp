// The values of arrays of Arrow's C Data Interface. An array is checked before it is read: counts, sizes, offsets and
// numbers in a dictionary agree with each other, and a buffer is there if something is to be read from it. How long a
// buffer really is the interface does not say, but for those of views of texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <tl/core/dtype.hpp>
#include <tl/core/error.hpp>
#include <tl/core/finite.hpp>
#include <tl/data/arrow/arrow_abi.hpp>
#include <tl/data/arrow/arrow_types.hpp>
#include <tl/io/utf8.hpp>

namespace tl::detail {

/// The value of that index in a buffer, which need not be aligned.
template <class T> T arrow_value(const void* buffer, std::int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(buffer) + index * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

inline bool arrow_bit(const void* buffer, std::int64_t index) {
  return ((static_cast<const std::uint8_t*>(buffer)[index >> 3] >> (index & 7)) & 1) != 0;
}

/// Whether a cell, counted from the array's offset, holds a value.
inline bool is_arrow_valid(const ArrowArray& array, std::int64_t cell) {
  return array.null_count == 0 || array.n_buffers == 0 || array.buffers[0] == nullptr ||
         arrow_bit(array.buffers[0], array.offset + cell);
}

/// Throws format unless the counts and pointers of an array are those of any array.
inline void check_arrow_counts(const ArrowArray& array, std::int64_t buffers, bool more_buffers, std::int64_t children,
                               const std::string& where) {
  check(array.release != nullptr, ErrorCode::format, where, ": expected an array, got one that is released");
  check(
      array.length >= 0 && array.offset >= 0 && array.offset <= std::numeric_limits<std::int64_t>::max() - array.length,
      ErrorCode::format, where, ": expected a length and an offset of at least 0, got length ", array.length,
      " and offset ", array.offset);
  check(array.null_count >= -1 && array.null_count <= array.length, ErrorCode::format, where,
        ": expected a number of nulls from -1 to ", array.length, ", got ", array.null_count);
  check(more_buffers ? array.n_buffers >= buffers : array.n_buffers == buffers, ErrorCode::format, where, ": expected ",
        more_buffers ? "at least " : "", buffers, " buffers, got ", array.n_buffers);
  check(buffers == 0 || array.buffers != nullptr, ErrorCode::format, where, ": expected buffers, got a null pointer");
  check(buffers == 0 || array.null_count <= 0 || array.buffers[0] != nullptr, ErrorCode::format, where,
        ": expected a bitmap of the ", array.null_count, " nulls, got a null pointer");
  check(array.n_children == children, ErrorCode::format, where, ": expected ", children, " children, got ",
        array.n_children);
  check(children == 0 || array.children != nullptr, ErrorCode::format, where,
        ": expected children, got a null pointer");
  for (std::int64_t i = 0; i < children; ++i)
    check(array.children[i] != nullptr, ErrorCode::format, where, ": expected child ", i, ", got a null pointer");
}

/// Throws format for offsets that are below 0, go back, or end beyond `limit`.
template <class Offset>
void check_arrow_offsets(const ArrowArray& array, std::int64_t limit, const std::string& where) {
  if (array.length == 0) return;
  const auto offset = [&](std::int64_t cell) { return arrow_value<Offset>(array.buffers[1], array.offset + cell); };
  check(offset(0) >= 0, ErrorCode::format, where, ": expected offsets from 0 on, got ", offset(0));
  for (std::int64_t cell = 0; cell < array.length; ++cell)
    if (offset(cell) > offset(cell + 1))
      fail(ErrorCode::format, where, ": expected offsets that do not go back, got ", offset(cell + 1), " after ",
           offset(cell));
  check(offset(array.length) <= limit, ErrorCode::format, where, ": expected offsets up to ", limit, ", got ",
        offset(array.length));
}

/// Throws format for lists that are not those of their child.
inline void check_arrow_lists(const ArrowArray& array, const ArrowType& type, const std::string& where) {
  const std::int64_t items = array.children[0]->length;
  if (type.kind == ArrowKind::list) check_arrow_offsets<std::int32_t>(array, items, where);
  if (type.kind == ArrowKind::large_list) check_arrow_offsets<std::int64_t>(array, items, where);
  if (type.kind == ArrowKind::fixed_list)
    check(type.list_size == 0 || (array.offset + array.length) <= items / type.list_size, ErrorCode::format, where,
          ": expected values for ", array.offset + array.length, " lists of ", type.list_size, ", got ", items);
}

/// Throws format unless an array can be read as one of a type.
inline void check_arrow_array(const ArrowArray& array, const ArrowType& type, const std::string& where) {
  const ArrowKind kind = type.kind;
  const bool views = kind == ArrowKind::text_view;
  std::int64_t buffers = 2;
  if (kind == ArrowKind::null) buffers = 0;
  if (kind == ArrowKind::fixed_list) buffers = 1;
  if (is_arrow_text(kind) || kind == ArrowKind::list_view || kind == ArrowKind::large_list_view) buffers = 3;
  check_arrow_counts(array, buffers, views, is_arrow_list(kind) ? 1 : 0, where);
  const bool needs_second = kind == ArrowKind::list_view || kind == ArrowKind::large_list_view;
  if (array.length > 0 && buffers > 1)
    check(array.buffers[1] != nullptr && (!needs_second || array.buffers[2] != nullptr), ErrorCode::format, where,
          ": expected a buffer for ", array.length, " cells, got a null pointer");
  check((array.dictionary != nullptr) == (type.dictionary != nullptr), ErrorCode::format, where, ": expected ",
        type.dictionary ? "a dictionary, got none" : "no dictionary, got one");
  if (is_arrow_list(kind)) check_arrow_lists(array, type, where);
  if (kind == ArrowKind::text)
    check_arrow_offsets<std::int32_t>(array, std::numeric_limits<std::int32_t>::max(), where);
  if (kind == ArrowKind::large_text)
    check_arrow_offsets<std::int64_t>(array, std::numeric_limits<std::int64_t>::max(), where);
  if (array.length == 0 || !is_arrow_text(kind) || views) return;
  const auto offset = [&](std::int64_t cell) {
    return kind == ArrowKind::text ? arrow_value<std::int32_t>(array.buffers[1], array.offset + cell)
                                   : arrow_value<std::int64_t>(array.buffers[1], array.offset + cell);
  };
  check(array.buffers[2] != nullptr || offset(0) == offset(array.length), ErrorCode::format, where,
        ": expected a buffer of texts, got a null pointer");
}

/// The text of a view; where() begins a sentence.
template <class Where> std::string_view arrow_view(const ArrowArray& array, std::int64_t index, const Where& where) {
  const char* const view = static_cast<const char*>(array.buffers[1]) + 16 * index;
  const auto length = arrow_value<std::int32_t>(view, 0);
  if (length < 0) fail(ErrorCode::format, where(), ": expected a text of at least 0 bytes, got ", length);
  constexpr std::int32_t longest_inside = 12;
  if (length <= longest_inside) return {view + 4, static_cast<std::size_t>(length)};
  const auto buffer = arrow_value<std::int32_t>(view, 2), offset = arrow_value<std::int32_t>(view, 3);
  const std::int64_t buffers = array.n_buffers - 3;  // others are the bitmap, the views and the sizes
  if (buffer < 0 || buffer >= buffers || array.buffers[2 + buffer] == nullptr ||
      array.buffers[array.n_buffers - 1] == nullptr)
    fail(ErrorCode::format, where(), ": expected a text in one of ", buffers, " buffers, got one in buffer ", buffer);
  const auto size = arrow_value<std::int64_t>(array.buffers[array.n_buffers - 1], buffer);
  if (offset < 0 || std::int64_t{offset} + length > size)
    fail(ErrorCode::format, where(), ": expected a text within ", size, " bytes, got ", length, " bytes at ", offset);
  return {static_cast<const char*>(array.buffers[2 + buffer]) + offset, static_cast<std::size_t>(length)};
}

/// A number as T. Throws dtype if T cannot hold it; where() begins the sentence, which check() would make every time.
template <class T, class From, class Where> T arrow_number(From value, const Where& where) {
  bool fits = true;
  if constexpr (std::is_integral_v<T> && std::is_integral_v<From> && !std::is_same_v<From, bool>)
    fits = std::in_range<T>(value);
  if constexpr (std::is_same_v<T, float> && std::is_same_v<From, double>) fits = fits_float(value);
  if (!fits) fail(ErrorCode::dtype, where(), ": expected a number of ", 8 * sizeof(T), " bits, got ", +value);
  return static_cast<T>(value);
}

/// Throws format for a text that is not UTF-8.
template <class Where> void check_arrow_text(std::string_view text, const Where& where) {
  if (find_invalid_utf8(text) == std::string_view::npos) return;
  fail(ErrorCode::format, where(), ": expected UTF-8, got ", escape_invalid_utf8(text.substr(0, 60)));
}

/// The cells of an array that holds no lists, as texts or numbers of one type of C++.
template <class T> class ArrowCells {
 public:
  /// All three must outlive it. Throws format for an array that contradicts itself.
  ArrowCells(const ArrowArray& array, const ArrowType& type, const ArrowPlace& place)
      : array_(array), type_(type), place_(place) {
    check_arrow_array(array, type, place.of_column());
    if (!type.dictionary) return;
    const ArrowCells<T> values(*array.dictionary, *type.dictionary, place);
    dictionary_.resize(static_cast<std::size_t>(array.dictionary->length));
    values.each(
        0, array.dictionary->length,
        [&](std::int64_t i) { return str_cat(place.of_column(), ", dictionary value ", i); },
        [&](std::int64_t i, const auto& value) { dictionary_[static_cast<std::size_t>(i)].emplace(value); },
        [](std::int64_t) {});
  }

  /// Calls put(cell, value) for cells begin .. end-1 that hold a value, null(cell) for others. where(cell) begins
  /// sentences. Throws dtype for a number that T cannot hold, format for a text that is not UTF-8, or a code that the
  /// dictionary does not have.
  template <class Where, class Put, class Null>
  void each(std::int64_t begin, std::int64_t end, const Where& where, const Put& put, const Null& null) const {
    if (type_.dictionary) {
      numbers(begin, end, null, [&](std::int64_t cell, auto code) { put_coded(cell, code, where, put, null); });
    } else if constexpr (std::is_same_v<T, std::string>) {
      texts(begin, end, where, put, null);
    } else {
      numbers(begin, end, null,
              [&](std::int64_t cell, auto value) { put(cell, arrow_number<T>(value, [&] { return where(cell); })); });
    }
  }

 private:
  template <class Code, class Where, class Put, class Null>
  void put_coded(std::int64_t cell, Code code, const Where& where, const Put& put, const Null& null) const {
    if constexpr (std::is_integral_v<Code> && !std::is_same_v<Code, bool>) {
      if (std::cmp_less(code, 0) || std::cmp_greater_equal(code, dictionary_.size()))
        fail(ErrorCode::format, where(cell), ": expected a code below ", dictionary_.size(), " of the dictionary, got ",
             +code);
      const auto& value = dictionary_[static_cast<std::size_t>(code)];
      value ? put(cell, *value) : null(cell);
    }
  }

  /// Calls put(cell, load(index in a buffer)).
  template <class Load, class Put, class Null>
  void loads(std::int64_t begin, std::int64_t end, const Load& load, const Put& put, const Null& null) const {
    if (array_.null_count == 0 || array_.buffers[0] == nullptr) {
      for (std::int64_t cell = begin; cell < end; ++cell) put(cell, load(array_.offset + cell));
      return;
    }
    for (std::int64_t cell = begin; cell < end; ++cell)
      if (arrow_bit(array_.buffers[0], array_.offset + cell)) put(cell, load(array_.offset + cell));
      else null(cell);
  }

  template <class Number, class Put, class Null>
  void plain(std::int64_t begin, std::int64_t end, const Null& null, const Put& put) const {
    loads(
        begin, end, [buffer = array_.buffers[1]](std::int64_t i) { return arrow_value<Number>(buffer, i); }, put, null);
  }

  template <class Put, class Null>
  void numbers(std::int64_t begin, std::int64_t end, const Null& null, const Put& put) const {
    switch (type_.kind) {
      case ArrowKind::boolean:
        return loads(
            begin, end, [buffer = array_.buffers[1]](std::int64_t i) { return arrow_bit(buffer, i); }, put, null);
      case ArrowKind::int8: return plain<std::int8_t>(begin, end, null, put);
      case ArrowKind::uint8: return plain<std::uint8_t>(begin, end, null, put);
      case ArrowKind::int16: return plain<std::int16_t>(begin, end, null, put);
      case ArrowKind::uint16: return plain<std::uint16_t>(begin, end, null, put);
      case ArrowKind::int32: return plain<std::int32_t>(begin, end, null, put);
      case ArrowKind::uint32: return plain<std::uint32_t>(begin, end, null, put);
      case ArrowKind::int64: return plain<std::int64_t>(begin, end, null, put);
      case ArrowKind::uint64: return plain<std::uint64_t>(begin, end, null, put);
      case ArrowKind::float32: return plain<float>(begin, end, null, put);
      case ArrowKind::float64: return plain<double>(begin, end, null, put);
      case ArrowKind::float16: return loads(begin, end, halves(), put, null);
      default:
        for (std::int64_t cell = begin; cell < end; ++cell) null(cell);
    }
  }

  auto halves() const {
    return [buffer = array_.buffers[1]](std::int64_t i) {
      half value;
      value.bits = arrow_value<std::uint16_t>(buffer, i);
      return static_cast<float>(value);
    };
  }

  template <class Where, class Put, class Null>
  void texts(std::int64_t begin, std::int64_t end, const Where& where, const Put& put, const Null& null) const {
    switch (type_.kind) {
      case ArrowKind::text: return offset_texts<std::int32_t>(begin, end, where, put, null);
      case ArrowKind::large_text: return offset_texts<std::int64_t>(begin, end, where, put, null);
      case ArrowKind::text_view:
        return loads(
            begin, end, [](std::int64_t i) { return i; },
            [&](std::int64_t cell, std::int64_t i) {
              const auto here = [&] { return where(cell); };
              const std::string_view text = arrow_view(array_, i, here);
              check_arrow_text(text, here);
              put(cell, text);
            },
            null);
      default:
        for (std::int64_t cell = begin; cell < end; ++cell) null(cell);
    }
  }

  template <class Offset, class Where, class Put, class Null>
  void offset_texts(std::int64_t begin, std::int64_t end, const Where& where, const Put& put, const Null& null) const {
    if (begin == end) return;
    const char* const bytes = static_cast<const char*>(array_.buffers[2]);
    const auto offset = [buffer = array_.buffers[1]](std::int64_t i) { return arrow_value<Offset>(buffer, i); };
    const auto text = [&](std::int64_t i) {
      return std::string_view(bytes + offset(i), static_cast<std::size_t>(offset(i + 1) - offset(i)));
    };
    const Offset first = offset(array_.offset + begin), last = offset(array_.offset + end);
    if (is_ascii(bytes + first, static_cast<std::size_t>(last - first))) return loads(begin, end, text, put, null);
    loads(
        begin, end, text,
        [&](std::int64_t cell, std::string_view found) {
          check_arrow_text(found, [&] { return where(cell); });
          put(cell, found);
        },
        null);
  }

  const ArrowArray& array_;
  const ArrowType& type_;
  const ArrowPlace& place_;
  std::vector<std::optional<T>> dictionary_;
};

}  // namespace tl::detail

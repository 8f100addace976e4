// Writing safetensors byte for byte as the Python library does: metadata first, tensors by element type (widest first)
// and then name, header padded with blanks to a multiple of 8. The data is streamed from where it is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/sort.hpp>
#include <tl/io/atomic_file.hpp>
#include <tl/io/json.hpp>
#include <tl/io/safetensor_view.hpp>

namespace tl {

/// Free text in the header; {"format", "pt"} tells the Python stack that the tensors come from PyTorch's layout.
using SafetensorsMetadata = std::vector<std::pair<std::string, std::string>>;

namespace detail {

/// Throws what write_safetensors() throws for a single tensor.
inline void check_safetensors(const std::filesystem::path& path, std::span<const SafetensorView> tensors) {
  for (const SafetensorView& tensor : tensors) {
    check(tensor.name != "__metadata__", ErrorCode::invalid_argument, path.native(),
          ": expected tensor names other than __metadata__");
    const auto bits =
        static_cast<std::uint64_t>(tensor.shape.elements()) * static_cast<std::uint64_t>(bits_of(tensor.dtype));
    check(tensor.dtype != StoredDType::unknown, ErrorCode::dtype, path.native(), ", tensor ", tensor.name,
          ": expected a known element type, got ", to_string(tensor.dtype));
    check(bits % 8 == 0 && tensor.data.size() == bits / 8, ErrorCode::shape, path.native(), ", tensor ", tensor.name,
          ": expected ", bits, " bits for ", to_string(tensor.dtype), tensor.shape, ", got ", tensor.data.size(),
          " bytes");
  }
}

/// The header for tensors whose bytes follow in this order, padded with blanks to a multiple of 8.
inline std::string safetensors_header(std::span<const SafetensorView> tensors, std::span<const std::int64_t> order,
                                      const SafetensorsMetadata& metadata) {
  JsonObjectBuilder header;
  if (!metadata.empty()) {
    Json texts = Json::object();
    for (const auto& [key, text] : metadata) texts[key] = text;
    header.add("__metadata__", std::move(texts));
  }
  std::uint64_t offset = 0;
  for (const std::int64_t i : order) {
    const SafetensorView& tensor = tensors[static_cast<std::size_t>(i)];
    const std::uint64_t begin = std::exchange(offset, offset + tensor.data.size());
    Json shape = Json::array();
    for (const std::int64_t extent : tensor.shape.extents()) shape.push_back(extent);
    header.add(tensor.name, {{"dtype", to_string(tensor.dtype)},
                             {"shape", std::move(shape)},
                             {"data_offsets", Json::array({begin, offset})}});
  }
  std::string text =
      dump_json(header.finish(), {.indent = -1, .sort_keys = false, .ensure_ascii = false, .compact = true});
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

}  // namespace detail

/// Writes a file atomically; the order of `tensors` does not matter. Without metadata the header has none.
/// Throws invalid_argument for a name that is repeated or reserved, shape if a tensor's bytes do not fit its shape,
/// format if a name is not UTF-8, io.
inline void write_safetensors(const std::filesystem::path& path, std::span<const SafetensorView> tensors,
                              const SafetensorsMetadata& metadata = {{"format", "pt"}}) {
  detail::check_safetensors(path, tensors);
  std::vector<std::string_view> names;
  std::uint64_t bytes = 0;
  for (const SafetensorView& tensor : tensors) {
    names.push_back(tensor.name);
    bytes += tensor.data.size();
  }
  const auto twice = detail::repeated_name(names);
  check(!twice, ErrorCode::invalid_argument, path.native(), ": expected every tensor name once, got ",
        twice.value_or(""), " twice");
  const SafetensorView* const given = tensors.data();
  const auto order = detail::argsort(tensors.size(), [given](std::int64_t a, std::int64_t b) {
    return given[a].dtype != given[b].dtype ? given[a].dtype > given[b].dtype : given[a].name < given[b].name;
  });
  const std::string text = detail::safetensors_header(tensors, order, metadata);
  std::array<char, 8> length{};
  for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(static_cast<unsigned char>(text.size() >> (8 * i)));

  AtomicFile file(path, 8 + text.size() + bytes);
  file.write(std::string_view(length.data(), length.size()));
  file.write(text);
  for (const std::int64_t i : order) file.write(given[i].data);
  file.commit();
}

}  // namespace tl

// Reading safetensors: 8 bytes header length, a JSON header, tensors one after the other without a gap. Nothing in the
// file is trusted: every number is checked before it is used, and each way of being wrong has its own sentence. Offsets
// in messages count from the start of the file.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/core/shape.hpp>
#include <tl/core/sort.hpp>
#include <tl/io/json_file.hpp>
#include <tl/io/mapped_file.hpp>
#include <tl/io/safetensor_view.hpp>

namespace tl {

namespace detail {

/// Checks one file and lists its tensors, in file order, as views into it.
class SafetensorsParser {
 public:
  explicit SafetensorsParser(const MappedFile& file) : path_(file.path().string()), file_(file), bytes_(file.bytes()) {}

  /// Adds the tensors, and what `metadata` does not have yet of the file's.
  void parse(std::vector<SafetensorView>& tensors, std::map<std::string, std::string>& metadata) {
    std::vector<Entry> entries = parse_header(metadata);
    keep_last_of_each_name(entries);
    const std::uint64_t size = bytes_.size() - data_start_;
    std::uint64_t expected = 0;
    const auto order = argsort(entries.size(), [first = entries.data()](auto a, auto b) {
      return first[a].begin != first[b].begin ? first[a].begin < first[b].begin : first[a].end < first[b].end;
    });
    for (const std::int64_t number : order) {
      auto& [tensor, begin, end] = entries[static_cast<std::size_t>(number)];
      check(begin == expected, ErrorCode::format, path_, ", tensor ", tensor.name,
            ": expected its data to start at byte ", data_start_ + expected,
            " where the previous tensor ends, got byte ", data_start_ + begin,
            begin < expected ? " (overlap)" : " (gap)");
      check(end <= size, ErrorCode::format, path_, ", tensor ", tensor.name, ": expected its data to end by byte ",
            bytes_.size(), ", the end of the file, got byte ", data_start_ + end);
      tensor.data = bytes_.subspan(data_start_ + begin, end - begin);
      tensor.file = &file_;
      expected = end;
      tensors.push_back(std::move(tensor));
    }
    check(expected == size, ErrorCode::format, path_, ": expected the file to end at byte ", data_start_ + expected,
          " after the last tensor, got ", size - expected, " bytes more");
  }

 private:
  struct Entry {
    SafetensorView tensor;
    std::uint64_t begin = 0, end = 0;  // from the start of the data
  };

  static constexpr std::uint64_t max_header = 100'000'000;
  static constexpr std::uint64_t max_offset = std::uint64_t{1} << 62;

  std::vector<Entry> parse_header(std::map<std::string, std::string>& metadata) {
    check(bytes_.size() >= 8, ErrorCode::format, path_, ": expected a safetensors file of at least 8 bytes, got ",
          bytes_.size(), " bytes");
    std::array<std::byte, 8> number;
    file_.read(number, 0);
    std::uint64_t length = 0;
    for (std::size_t i = 8; i-- > 0;) length = (length << 8) | static_cast<std::uint64_t>(number[i]);
    check(length <= max_header, ErrorCode::format, path_, ", byte 0: expected a header of at most ", max_header,
          " bytes, got a length of ", length, " (is this a safetensors file?)");
    check(length <= bytes_.size() - 8, ErrorCode::format, path_, ": expected a header of ", length,
          " bytes after byte 8, got a file of ", bytes_.size(), " bytes (truncated?)");
    data_start_ = 8 + static_cast<std::size_t>(length);
    std::string text(static_cast<std::size_t>(length), '\0');
    file_.read(std::as_writable_bytes(std::span(text)), 8);
    std::vector<Entry> entries;
    const auto take = [&](std::string name, const Json& value) {
      if (name == "__metadata__") parse_metadata(value, metadata);
      else entries.push_back(parse_entry(std::move(name), value));
    };
    const Json header = parse_json_members(text, path_, 8, take);
    check(header.is_object(), ErrorCode::format, path_, ", byte 8: expected a JSON object as header, got ",
          header.type_name());
    return entries;
  }

  /// The last value of a repeated key counts, as in JSON that is read as a whole.
  static void keep_last_of_each_name(std::vector<Entry>& entries) {
    const auto order = argsort(entries.size(), [first = entries.data()](auto a, auto b) {
      return first[a].tensor.name < first[b].tensor.name;
    });
    std::vector<bool> replaced(entries.size());
    for (std::size_t i = 1; i < order.size(); ++i) {
      const auto former = static_cast<std::size_t>(order[i - 1]), latter = static_cast<std::size_t>(order[i]);
      replaced[former] = entries[former].tensor.name == entries[latter].tensor.name;
    }
    const Entry* const first = entries.data();
    std::erase_if(entries, [&](const Entry& entry) { return replaced[static_cast<std::size_t>(&entry - first)]; });
  }

  /// null is no metadata, as the format's own library has it.
  void parse_metadata(const Json& value, std::map<std::string, std::string>& metadata) const {
    if (value.is_null()) return;
    check(value.is_object(), ErrorCode::format, path_, ", __metadata__: expected an object, got ", value.type_name());
    for (const auto& [key, text] : members_of(value)) {
      check(text.is_string(), ErrorCode::format, path_, ", __metadata__, key ", key, ": expected a string, got ",
            text.type_name());
      metadata.emplace(key, string_of(text));
    }
  }

  static std::string excerpt(const Json& value) { return dump_json(value, {.indent = -1}).substr(0, 60); }

  static std::uint64_t parse_natural(const Json& value, const std::string& where, const char* key) {
    if (!is_natural(value)) fail(ErrorCode::format, where, ", ", key, ": expected integers >= 0, got ", excerpt(value));
    const auto number = value.get<std::uint64_t>();
    check(number <= max_offset, ErrorCode::format, where, ", ", key, ": expected integers up to 2^62, got ", number);
    return number;
  }

  Entry parse_entry(std::string name, const Json& value) const {
    const std::string where = str_cat(path_, ", tensor ", name);
    check(value.is_object(), ErrorCode::format, where, ": expected an object, got ", value.type_name());
    for (const char* key : {"dtype", "shape", "data_offsets"})
      check(value.contains(key), ErrorCode::format, where, ": expected the key ", key, ", it is missing");
    const Json& dtype = value.at("dtype");
    const Json& shape = value.at("shape");
    const Json& offsets = value.at("data_offsets");
    check(dtype.is_string(), ErrorCode::format, where, ", dtype: expected a string, got ", dtype.type_name());
    check(shape.is_array(), ErrorCode::format, where, ", shape: expected an array, got ", shape.type_name());
    if (!offsets.is_array() || offsets.size() != 2)
      fail(ErrorCode::format, where, ", data_offsets: expected an array of two integers, got ", excerpt(offsets));

    Entry entry;
    entry.tensor.name = std::move(name);
    entry.tensor.dtype = stored_dtype(string_of(dtype));
    entry.begin = parse_natural(offsets[0], where, "data_offsets");
    entry.end = parse_natural(offsets[1], where, "data_offsets");
    check(entry.begin <= entry.end, ErrorCode::format, where, ", data_offsets: expected begin <= end, got ",
          entry.begin, " and ", entry.end);
    check(shape.size() <= static_cast<std::size_t>(Shape::max_rank), ErrorCode::format, where,
          ", shape: expected at most ", Shape::max_rank, " extents, got ", shape.size());
    std::vector<std::int64_t> extents;
    std::uint64_t elements = 1;
    for (const Json& extent : elements_of(shape)) {
      const std::uint64_t number = parse_natural(extent, where, "shape");
      if (number != 0 && elements > max_offset / number)
        fail(ErrorCode::format, where, ", shape: expected at most 2^62 elements, got ", excerpt(shape));
      elements *= number;
      extents.push_back(static_cast<std::int64_t>(number));
    }
    entry.tensor.shape = Shape(std::span<const std::int64_t>(extents));
    if (entry.tensor.dtype != StoredDType::unknown) check_size(entry, elements, where);
    return entry;
  }

  static void check_size(const Entry& entry, std::uint64_t elements, const std::string& where) {
    const auto bits = static_cast<std::uint64_t>(bits_of(entry.tensor.dtype));
    check(elements <= max_offset / bits, ErrorCode::format, where, ", shape: expected at most 2^62 bits, got ",
          elements, " elements of ", to_string(entry.tensor.dtype));
    check(elements * bits % 8 == 0, ErrorCode::format, where, ", shape: expected whole bytes, got ", elements,
          " elements of ", bits, " bits");
    check(entry.end - entry.begin == elements * bits / 8, ErrorCode::format, where, ", data_offsets: expected ",
          elements * bits / 8, " bytes for ", to_string(entry.tensor.dtype), entry.tensor.shape, ", got ",
          entry.end - entry.begin);
  }

  std::string path_;
  const MappedFile& file_;
  std::span<const std::byte> bytes_;
  std::size_t data_start_ = 0;
};

}  // namespace detail

/// The tensors of a safetensors file or of a sharded checkpoint, as views into mapped memory that live as long as this
/// object. Move-only.
class SafetensorsReader {
 public:
  /// `path` is a .safetensors file, a model.safetensors.index.json, or a folder with one of the two (the single file is
  /// looked for first, as the Python stack does). Throws io, format, or not_found if the folder has neither or a shard
  /// is missing.
  explicit SafetensorsReader(const std::filesystem::path& path) : path_(resolve(path)) {
    if (path_.extension().native() == ".json") add_shards();
    else add_file(path_, tensors_);
    index_ = detail::argsort(tensors_.size(),
                             [first = tensors_.data()](auto a, auto b) { return first[a].name < first[b].name; });
  }

  /// The file or index that was read.
  const std::filesystem::path& path() const noexcept { return path_; }

  /// All tensors, in file order.
  const std::vector<SafetensorView>& tensors() const noexcept { return tensors_; }

  const std::map<std::string, std::string>& metadata() const noexcept { return metadata_; }

  /// The tensor of that name, or nullptr.
  const SafetensorView* find(std::string_view name) const {
    const auto found =
        std::lower_bound(index_.begin(), index_.end(), name, [this](std::int64_t number, std::string_view wanted) {
          return tensors_[static_cast<std::size_t>(number)].name < wanted;
        });
    if (found == index_.end()) return nullptr;
    const SafetensorView& tensor = tensors_[static_cast<std::size_t>(*found)];
    return tensor.name == name ? &tensor : nullptr;
  }

  /// The tensor of that name. Throws not_found.
  const SafetensorView& at(std::string_view name) const {
    const SafetensorView* tensor = find(name);
    check(tensor != nullptr, ErrorCode::not_found, path_.native(), ": expected a tensor ", name, ", got ",
          tensors_.size(), " tensors without it");
    return *tensor;
  }

 private:
  static std::filesystem::path resolve(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored)) return path;
    for (const char* name : {"model.safetensors", "model.safetensors.index.json"})
      if (detail::path_exists(path / name)) return path / name;
    fail(ErrorCode::not_found, path.native(),
         ": expected model.safetensors or model.safetensors.index.json, got a folder with neither");
  }

  void add_file(const std::filesystem::path& path, std::vector<SafetensorView>& tensors) {
    files_.emplace_back(path);
    detail::SafetensorsParser(files_.back()).parse(tensors, metadata_);
  }

  /// Opens every shard that the index names. As in the Python stack, the shards' own headers say which tensors there
  /// are; the index decides only between two shards that hold the same one.
  void add_shards() {
    const Json index = read_json(path_);
    const Json* const map = detail::find_member(index, "weight_map");
    check(map != nullptr && map->is_object(), ErrorCode::format, path_.native(),
          ": expected an object \"weight_map\" from tensor names to file names, it is missing");
    check(!map->empty(), ErrorCode::format, path_.native(), ": expected \"weight_map\" to name a shard, it is empty");
    std::map<std::string, std::string> shards;         // file name -> a tensor that it is named for
    std::map<std::string_view, std::string> shard_of;  // tensor -> file name
    for (const auto& [tensor, file] : detail::members_of(*map)) {
      check(file.is_string(), ErrorCode::format, path_.native(), ", weight_map, ", tensor,
            ": expected a file name, got ", file.type_name());
      const std::filesystem::path name = std::filesystem::path(detail::string_of(file)).lexically_normal();
      check(name.has_filename() && name.is_relative() && *name.begin() != "..", ErrorCode::format, path_.native(),
            ", weight_map, ", tensor, ": expected the path of a file beside the index, got ", detail::string_of(file));
      shards.emplace(name.string(), tensor);
      shard_of.emplace(tensor, name.string());
    }
    std::map<std::string, std::size_t> places;
    for (const auto& [name, tensor] : shards) {
      const auto shard = path_.parent_path() / name;
      check(detail::path_exists(shard), ErrorCode::not_found, path_.native(), ": expected the shard ", shard.native(),
            " for tensor ", tensor, ", the file does not exist");
      std::vector<SafetensorView> found;
      add_file(shard, found);
      for (SafetensorView& one : found) {
        const auto [place, is_new] = places.emplace(one.name, tensors_.size());
        if (is_new) {
          tensors_.push_back(std::move(one));
          continue;
        }
        SafetensorView& former = tensors_[place->second];
        const auto wanted = shard_of.find(one.name);
        if (wanted == shard_of.end() || former.file->path() != path_.parent_path() / wanted->second)
          former = std::move(one);
      }
    }
  }

  std::filesystem::path path_;
  std::list<MappedFile> files_;
  std::vector<SafetensorView> tensors_;
  std::map<std::string, std::string> metadata_;
  std::vector<std::int64_t> index_;  // numbers of the tensors, by name
};

}  // namespace tl

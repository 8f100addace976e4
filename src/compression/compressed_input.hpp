// The compressed bytes of a file, a piece at a time, and the sentences about what is wrong with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/core/error.hpp>
#include <tl/io/byte_source.hpp>

namespace tl::compression {

/// What a decoder reads: `data` of `size` bytes, of which it says with take() how many it has used.
class CompressedInput {
 public:
  CompressedInput(std::unique_ptr<ByteSource> source, std::filesystem::path path, std::string_view format)
      : source_(std::move(source)), path_(std::move(path)), format_(format) {}

  /// Reads on if all bytes are used; false at the end of the file. Throws io.
  bool fill() {
    if (at_ < end_) return true;
    at_ = 0;
    end_ = source_->read(buffer_.data(), buffer_.size());
    return end_ > 0;
  }

  char* data() { return buffer_.data() + at_; }
  std::size_t size() const { return end_ - at_; }

  void take(std::size_t used) {
    at_ += used;
    position_ += used;
  }

  /// Throws format for a file that ends too early.
  [[noreturn]] void refuse_cut() const {
    fail(ErrorCode::format, path_.native(), ": expected a whole ", format_, " file, got only its first ", position_,
         " bytes; its download or copy was cut short, fetch it again");
  }

  /// Throws format for bytes that make no sense.
  [[noreturn]] void refuse_damaged(std::string_view why) const {
    refuse("an intact ", str_cat("damaged bytes before byte ", position_, " (", why, "); fetch it again"));
  }

  /// Throws format: "<path>: expected <wanted><name> file, got <got>".
  [[noreturn]] void refuse(std::string_view wanted, std::string_view got) const {
    fail(ErrorCode::format, path_.native(), ": expected ", wanted, format_, " file, got ", got);
  }

  std::uint64_t position() const { return position_; }

 private:
  std::unique_ptr<ByteSource> source_;
  std::filesystem::path path_;
  std::string_view format_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{1} << 18);
  std::size_t at_ = 0, end_ = 0;
  std::uint64_t position_ = 0;  // of the bytes that are used, in the file
};

}  // namespace tl::compression

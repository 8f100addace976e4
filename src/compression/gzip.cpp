// gzip by zlib, which checks the length and the CRC-32 of every member.
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <new>
#include <utility>

#include "compressed_input.hpp"
#include "compression.hpp"

namespace tl::compression {
namespace {

class GzipSource : public ByteSource {
 public:
  GzipSource(std::unique_ptr<ByteSource> compressed, const std::filesystem::path& path)
      : input_(std::move(compressed), path, "gzip") {
    constexpr int gzip_alone = 16;
    if (inflateInit2(&stream_, MAX_WBITS + gzip_alone) != Z_OK) throw std::bad_alloc();
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  std::size_t read(char* to, std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      if (!input_.fill()) {
        if (in_member_) input_.refuse_cut();
        break;
      }
      if (!in_member_ && !begin_member()) continue;
      done += inflate_some(to + done, size - done);
    }
    return done;
  }

 private:
  /// Whether a member begins here. Zeros after a member are what tapes and other media pad files with.
  bool begin_member() {
    const char* const data = input_.data();
    const auto zeros =
        static_cast<std::size_t>(std::find_if(data, data + input_.size(), [](char byte) { return byte != 0; }) - data);
    if (zeros > 0 && input_.position() > 0) {
      input_.take(zeros);
      return false;
    }
    in_member_ = true;
    return true;
  }

  std::size_t inflate_some(char* to, std::size_t size) {
    constexpr std::size_t most = std::size_t{1} << 30;  // zlib counts in 32 bits
    const auto room = static_cast<uInt>(std::min(size, most));
    const std::size_t given = input_.size();
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(given);
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = room;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    input_.take(given - stream_.avail_in);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status == Z_STREAM_END) {
      in_member_ = false;
      inflateReset(&stream_);
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      input_.refuse_damaged(stream_.msg != nullptr ? stream_.msg : zError(status));
    }
    return room - stream_.avail_out;
  }

  CompressedInput input_;
  z_stream stream_ = {};
  bool in_member_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> open_gzip(std::unique_ptr<ByteSource> compressed, const std::filesystem::path& path) {
  return std::make_unique<GzipSource>(std::move(compressed), path);
}

}  // namespace tl::compression

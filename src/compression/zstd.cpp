// zstd by libzstd, which checks the lengths that frames state, and their checksums where they have one.
#include <zstd.h>
#include <zstd_errors.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <new>
#include <utility>

#include "compressed_input.hpp"
#include "compression.hpp"

namespace tl::compression {
namespace {

struct FreeStream {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

class ZstdSource : public ByteSource {
 public:
  ZstdSource(std::unique_ptr<ByteSource> compressed, const std::filesystem::path& path)
      : input_(std::move(compressed), path, "zstd"), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }

  std::size_t read(char* to, std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      const bool more = input_.fill();
      if (!more && !in_frame_) break;
      // Also without further bytes: of a frame that is open the stream may hold a part back.
      const std::size_t got = decompress_some(to + done, size - done);
      if (!more && got == 0 && in_frame_) input_.refuse_cut();
      done += got;
    }
    return done;
  }

 private:
  std::size_t decompress_some(char* to, std::size_t size) {
    ZSTD_inBuffer in = {input_.data(), input_.size(), 0};
    ZSTD_outBuffer out = {to, size, 0};
    const std::size_t status = ZSTD_decompressStream(stream_.get(), &out, &in);
    input_.take(in.pos);
    if (ZSTD_isError(status) != 0) refuse(status);
    in_frame_ = status != 0;
    return out.pos;
  }

  [[noreturn]] void refuse(std::size_t status) const {
    switch (ZSTD_getErrorCode(status)) {
      case ZSTD_error_memory_allocation: throw std::bad_alloc();
      case ZSTD_error_frameParameter_windowTooLarge:
        input_.refuse("a ", "one that refers back by more than 128 MiB; compress it without --long");
      case ZSTD_error_dictionary_wrong: input_.refuse("a ", "one that needs a dictionary; compress it without");
      default: input_.refuse_damaged(ZSTD_getErrorName(status));
    }
  }

  CompressedInput input_;
  std::unique_ptr<ZSTD_DStream, FreeStream> stream_;
  bool in_frame_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> open_zstd(std::unique_ptr<ByteSource> compressed, const std::filesystem::path& path) {
  return std::make_unique<ZstdSource>(std::move(compressed), path);
}

}  // namespace tl::compression

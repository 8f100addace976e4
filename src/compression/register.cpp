// Makes programs that link tl::compression read data files that are compressed by gzip or zstd.
#include <tl/data/compression.hpp>

#include "compression.hpp"

namespace tl::compression {
namespace {

[[maybe_unused]] const bool registered = [] {
  register_decompressor("gzip", open_gzip);
  register_decompressor("zstd", open_zstd);
  return true;
}();

}  // namespace
}  // namespace tl::compression

/// Asked for by name when a program is linked, so that the object with the registration is taken from the library.
extern "C" void tl_link_compression() {}

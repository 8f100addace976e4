// Makes programs that link tl::parquet read and write parquet files, by their extension and by the name of the format.
#include <tl/data/table_format.hpp>

#include "parquet.hpp"

namespace tl::parquet {
namespace {

[[maybe_unused]] const bool registered = [] {
  register_table_format({.name = "parquet",
                         .extensions = {".parquet", ".geoparquet", ".gpq"},
                         .options = {"columns"},
                         .read = [](const std::filesystem::path& file,
                                    const LoadOptions& options) { return read_parquet(file, options.columns); },
                         .write = write_parquet,
                         .stream = [](const std::filesystem::path& file,
                                      const LoadOptions& options) { return stream_parquet(file, options.columns); }});
  return true;
}();

}  // namespace
}  // namespace tl::parquet

/// Asked for by name when a program is linked, so that the object with the registration is taken from the library.
extern "C" void tl_link_parquet() {}

# tl::compression: data files that are compressed by gzip (zlib) or zstd (libzstd). A static library that registers
# itself; programs that do not link it refuse such files.
#
# Sets tl_has_compression, and tl_no_compression_reason if it is FALSE; tl_zstd_library is a file that its users need.
set(TL_BUILD_COMPRESSION AUTO CACHE STRING "Build tl::compression: ON, OFF, or AUTO (when zlib and libzstd are found)")
set_property(CACHE TL_BUILD_COMPRESSION PROPERTY STRINGS AUTO ON OFF)
set(tl_has_compression FALSE)
set(tl_no_compression_reason "TL_BUILD_COMPRESSION is OFF")
set(tl_zstd_library)

if(TL_BUILD_COMPRESSION)
  tl_find_package(ZLIB ZLIB::ZLIB QUIET)
  # Not every release of libzstd comes with a package of CMake.
  find_library(TL_ZSTD_LIBRARY zstd)
  find_path(TL_ZSTD_INCLUDE_DIR zstd.h)
  mark_as_advanced(TL_ZSTD_LIBRARY TL_ZSTD_INCLUDE_DIR)
  if(NOT TARGET ZLIB::ZLIB)
    set(tl_no_compression_reason "zlib was not found (Debian: zlib1g-dev)")
  elseif(NOT TL_ZSTD_LIBRARY OR NOT TL_ZSTD_INCLUDE_DIR)
    set(tl_no_compression_reason "libzstd was not found (Debian: libzstd-dev)")
  else()
    set(tl_has_compression TRUE)
    set(tl_zstd_library ${TL_ZSTD_LIBRARY})
  endif()
endif()

tl_say_if_missing(compression)
if(NOT tl_has_compression)
  return()
endif()
message(STATUS "tl: tl::compression by zlib ${ZLIB_VERSION_STRING} and ${tl_zstd_library}")

tl_add_optional_library(compression)
target_include_directories(tl_compression SYSTEM PRIVATE ${TL_ZSTD_INCLUDE_DIR})
target_link_libraries(tl_compression PRIVATE ZLIB::ZLIB ${tl_zstd_library})

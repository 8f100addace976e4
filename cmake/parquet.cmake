# tl::parquet: parquet files by Apache Arrow C++, installed (find_package) or from the wheel of the Python package pyarrow.
# A static library that enters itself in the register of formats.
#
# Sets tl_has_parquet, and tl_no_parquet_reason if it is FALSE; tl_parquet_needs are the packages of its users.
set(TL_BUILD_PARQUET AUTO CACHE STRING "Build tl::parquet: ON, OFF, or AUTO (when Apache Arrow is found)")
set_property(CACHE TL_BUILD_PARQUET PROPERTY STRINGS AUTO ON OFF)
set(TL_ARROW_WHEEL ${PROJECT_BINARY_DIR}/arrow/pyarrow
    CACHE PATH "Folder of the Python package pyarrow, if Apache Arrow is not installed; cmake/get_arrow.sh gets it")
set(tl_has_parquet FALSE)
set(tl_no_parquet_reason "TL_BUILD_PARQUET is OFF")
set(tl_parquet_needs)

if(TL_BUILD_PARQUET)
  tl_find_package(Arrow Arrow::arrow_shared QUIET)
  tl_find_package(Parquet Parquet::parquet_shared QUIET)
  file(GLOB tl_arrow_libraries ${TL_ARROW_WHEEL}/libarrow.so.* ${TL_ARROW_WHEEL}/libparquet.so.*)
  list(LENGTH tl_arrow_libraries tl_arrow_count)
  if(TARGET Parquet::parquet_shared)
    set(tl_has_parquet TRUE)
    set(tl_arrow_libraries Parquet::parquet_shared Arrow::arrow_shared)
    set(tl_arrow_include)
    set(tl_parquet_needs Arrow Parquet)
    set(tl_arrow_origin "Apache Arrow ${ARROW_VERSION}")
  elseif(EXISTS ${TL_ARROW_WHEEL}/include/parquet/arrow/reader.h AND tl_arrow_count EQUAL 2)
    set(tl_has_parquet TRUE)
    set(tl_arrow_include ${TL_ARROW_WHEEL}/include)
    set(tl_arrow_origin "Apache Arrow of ${TL_ARROW_WHEEL}")
  else()
    set(tl_no_parquet_reason
        "Apache Arrow was not found, neither installed nor in TL_ARROW_WHEEL (${TL_ARROW_WHEEL}); cmake/get_arrow.sh gets it")
  endif()
endif()

tl_say_if_missing(parquet)
if(NOT tl_has_parquet)
  return()
endif()
message(STATUS "tl: tl::parquet by ${tl_arrow_origin}")

tl_add_optional_library(parquet)
target_include_directories(tl_parquet SYSTEM PRIVATE ${tl_arrow_include})
target_link_libraries(tl_parquet PRIVATE ${tl_arrow_libraries})
# Newer versions of Arrow return results where older ones took addresses; those are there in all of them.
target_compile_options(tl_parquet PRIVATE -Wno-deprecated-declarations)

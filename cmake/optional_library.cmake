# What the optional libraries of C++ sources, tl::hub, tl::compression and tl::parquet, have in common.

# tl_say_if_missing(NAME): without tl_has_NAME an error if TL_BUILD_NAME asks for the library, else a line with
# tl_no_NAME_reason.
function(tl_say_if_missing name)
  if(tl_has_${name})
    return()
  endif()
  string(TOUPPER ${name} upper)
  set(wish ${TL_BUILD_${upper}})
  if(wish AND NOT wish STREQUAL AUTO)
    message(FATAL_ERROR "tl: TL_BUILD_${upper} is ${wish}, but ${tl_no_${name}_reason}")
  endif()
  message(STATUS "tl: without tl::${name}: ${tl_no_${name}_reason}")
endfunction()

# tl_add_optional_library(NAME): the static library tl::NAME of src/NAME/*.cpp, which registers itself when a program
# links it.
function(tl_add_optional_library name)
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
  add_library(tl_${name} STATIC ${sources})
  if(NOT PROJECT_IS_TOP_LEVEL)
    set_target_properties(tl_${name} PROPERTIES EXCLUDE_FROM_ALL TRUE)  # another project pays for it only if it links it
  endif()
  add_library(tl::${name} ALIAS tl_${name})
  set_target_properties(tl_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(tl_${name} PUBLIC tl::tl)
  if(TL_BUILD_TESTS)
    target_compile_options(tl_${name} PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Werror)
  endif()
  # From a static library a linker takes the objects that a program refers to. This one refers to all the others.
  target_link_options(tl_${name} INTERFACE LINKER:-u,tl_link_${name})
endfunction()

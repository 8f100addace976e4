# How tl's own tests, examples and benchmarks are compiled. None of this reaches a program that links tl::tl.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

set(CMAKE_CXX_EXTENSIONS OFF)

add_library(tl_warnings INTERFACE)
target_compile_options(tl_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Werror)

# ccache must be told to accept precompiled headers.
find_program(TL_CCACHE ccache)
mark_as_advanced(TL_CCACHE)
if(TL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${TL_CCACHE})
endif()

# What tl's own programs link besides tl::tl, of what was built.
set(tl_optional_targets)
foreach(name cuda hub compression parquet)
  if(TARGET tl::${name})
    list(APPEND tl_optional_targets tl::${name})
  endif()
endforeach()

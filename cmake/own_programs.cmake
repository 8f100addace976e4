# How tl's own tests, examples and benchmarks are compiled. None of this reaches a program that links tl::tl.
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

set(CMAKE_CXX_EXTENSIONS OFF)

add_library(tl_warnings INTERFACE)
target_compile_options(tl_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Werror)

# g++ collects its garbage from 128 MB on; where each processor has 4 GiB, collecting later takes 9 % less time.
cmake_host_system_information(RESULT tl_memory QUERY TOTAL_PHYSICAL_MEMORY)
cmake_host_system_information(RESULT tl_logical_cores QUERY NUMBER_OF_LOGICAL_CORES)
math(EXPR tl_memory_per_core "${tl_memory} / ${tl_logical_cores}")
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND tl_memory_per_core GREATER 4096)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:--param=ggc-min-heapsize=1000000>)
endif()

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

# tl::cuda: the kernels of include/tl/kernels/cuda compiled by nvcc into a static library that plain C++ programs link.
#
# nvcc is run by a custom command and not as a CMake language: CMake 3.25.1 silently drops CUDA_STANDARD 20 with
# nvcc, and a project that links a library written in an enabled language must enable that language too.
#
# Sets tl_has_cuda, and tl_no_cuda_reason if it is FALSE.
set(tl_has_cuda FALSE)
set(tl_no_cuda_reason "TL_BUILD_CUDA is OFF")
set(tl_oldest_nvcc 12.4)

# Sets tl_nvcc_version, or tl_no_cuda_reason if nvcc is missing, too old or cannot compile C++20 here.
function(tl_check_nvcc)
  set(tl_nvcc_version "" PARENT_SCOPE)
  if(NOT TL_NVCC)
    set(tl_no_cuda_reason "nvcc was not found; set TL_NVCC to its path" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${TL_NVCC} --version OUTPUT_VARIABLE said ERROR_QUIET)
  string(REGEX MATCH "release ([0-9]+\\.[0-9]+)" found "${said}")
  set(version ${CMAKE_MATCH_1})
  if(NOT found OR version VERSION_LESS tl_oldest_nvcc)
    set(tl_no_cuda_reason "${TL_NVCC}: expected version ${tl_oldest_nvcc} or newer, got '${version}'" PARENT_SCOPE)
    return()
  endif()
  set(probe ${PROJECT_BINARY_DIR}/cuda/probe.cu)
  file(WRITE ${probe} "#include <cuda_runtime.h>\n#include <concepts>\nstatic_assert(__cplusplus >= 202002L);\n"
                      "static __global__ void kernel(std::integral auto) {}\n"
                      "void run() { kernel<<<1, 1>>>(1); }\n")
  execute_process(COMMAND ${TL_NVCC} ${tl_nvcc_flags} -c ${probe} -o ${probe}.o
                  RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    set(tl_no_cuda_reason "${TL_NVCC} with ${CMAKE_CXX_COMPILER} cannot compile C++20:\n${said}" PARENT_SCOPE)
    return()
  endif()
  set(tl_nvcc_version ${version} PARENT_SCOPE)
endfunction()

if(TL_BUILD_CUDA)
  find_program(TL_NVCC nvcc HINTS $ENV{CUDA_HOME}/bin $ENV{CUDA_PATH}/bin PATHS /usr/local/cuda/bin
               DOC "The CUDA compiler")
  mark_as_advanced(TL_NVCC)
  # The flag lets kernels call the constexpr functions of the contracts.
  set(tl_nvcc_flags -std=c++20 -O3 --expt-relaxed-constexpr -Xcompiler=-fPIC,-Wall,-Wextra -ccbin ${CMAKE_CXX_COMPILER})
  tl_check_nvcc()
  if(tl_nvcc_version)
    get_filename_component(tl_nvcc_folder ${TL_NVCC} DIRECTORY)
    if(NOT CUDAToolkit_ROOT)
      set(CUDAToolkit_ROOT ${tl_nvcc_folder}/..)
    endif()
    tl_find_package(CUDAToolkit CUDA::cudart_static QUIET)
    if(TARGET CUDA::cudart_static)
      set(tl_has_cuda TRUE)
    else()
      set(tl_no_cuda_reason "the static CUDA runtime (cudart_static) was not found beside ${TL_NVCC}")
    endif()
  endif()
  if(NOT tl_has_cuda AND NOT TL_BUILD_CUDA STREQUAL AUTO)
    message(FATAL_ERROR "tl: TL_BUILD_CUDA is ${TL_BUILD_CUDA}, but ${tl_no_cuda_reason}")
  endif()
endif()

if(NOT tl_has_cuda)
  message(STATUS "tl: without tl::cuda: ${tl_no_cuda_reason}")
  return()
endif()

# Machine code per architecture, and for the newest also PTX, from which drivers make code for later GPUs.
if(tl_nvcc_version VERSION_LESS 12.8)
  set(tl_default_architectures 80 90)
else()
  set(tl_default_architectures 80 90 120)
endif()
set(TL_CUDA_ARCHITECTURES ${tl_default_architectures} CACHE STRING "Compute capabilities that tl::cuda is compiled for")
message(STATUS "tl: tl::cuda by nvcc ${tl_nvcc_version} for ${TL_CUDA_ARCHITECTURES}")
# In the project's own builds a warning or a spilled register of a kernel is an error.
set(tl_nvcc_checks)
if(TL_BUILD_TESTS)
  set(tl_nvcc_checks -Werror=all-warnings -Xptxas=--warn-on-spills,--warning-as-error)
endif()
set(tl_gencode)
foreach(architecture IN LISTS TL_CUDA_ARCHITECTURES)
  list(APPEND tl_gencode -gencode arch=compute_${architecture},code=sm_${architecture})
endforeach()
list(GET TL_CUDA_ARCHITECTURES -1 tl_newest_architecture)
list(APPEND tl_gencode -gencode arch=compute_${tl_newest_architecture},code=compute_${tl_newest_architecture})

# One source per family of kernels, so that nvcc can work on several at a time.
file(GLOB tl_cuda_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/cuda/*.cu)
set(tl_cuda_folder ${PROJECT_BINARY_DIR}/cuda)
set(tl_cuda_objects)
foreach(source IN LISTS tl_cuda_sources)
  get_filename_component(family ${source} NAME_WE)
  set(object ${tl_cuda_folder}/${family}.o)
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${TL_NVCC} ${tl_nvcc_flags} ${tl_nvcc_checks} ${tl_gencode} -I${PROJECT_SOURCE_DIR}/include -MD -MF ${object}.d
            -c ${source} -o ${object}
    DEPENDS ${source}
    DEPFILE ${object}.d
    COMMENT "Compiling ${family} of tl::cuda with nvcc"
    VERBATIM COMMAND_EXPAND_LISTS)
  list(APPEND tl_cuda_objects ${object})
endforeach()

# From a static library a linker takes the objects that somebody refers to. All of tl::cuda is one object, so that who
# asks for tl_link_cuda gets every family.
set(tl_cuda_object ${tl_cuda_folder}/tl_cuda.o)
add_custom_command(
  OUTPUT ${tl_cuda_object}
  COMMAND ${CMAKE_CXX_COMPILER} -nostdlib -r ${tl_cuda_objects} -o ${tl_cuda_object}
  DEPENDS ${tl_cuda_objects}
  COMMENT "Joining the objects of tl::cuda"
  VERBATIM COMMAND_EXPAND_LISTS)

add_library(tl_cuda STATIC ${tl_cuda_object})
if(NOT PROJECT_IS_TOP_LEVEL)
  set_target_properties(tl_cuda PROPERTIES EXCLUDE_FROM_ALL TRUE)  # another project pays for it only if it links it
endif()
add_library(tl::cuda ALIAS tl_cuda)
set_target_properties(tl_cuda PROPERTIES LINKER_LANGUAGE CXX EXPORT_NAME cuda)
target_link_libraries(tl_cuda PUBLIC tl::tl CUDA::cudart_static ${CMAKE_DL_LIBS})
target_link_options(tl_cuda INTERFACE LINKER:-u,tl_link_cuda)

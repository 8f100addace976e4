# What the library needs: threads, Eigen 3.4 and nlohmann_json 3.11. An installed package is taken if its version fits;
# only otherwise is a pinned archive fetched.
include(FetchContent)

set(tl_eigen_version 3.4)
set(tl_json_version 3.11)

# find_package makes targets that only this directory and those below it see. The targets of a dependency must be seen
# wherever tl::tl is linked, also when tl is a subdirectory of another project.
macro(tl_find_package name target)
  if(NOT TARGET ${target})
    find_package(${name} ${ARGN})
    if(TARGET ${target})
      set_target_properties(${target} PROPERTIES IMPORTED_GLOBAL TRUE)
    endif()
  endif()
endmacro()

# Fetches the archive of a header-only dependency and makes `target` from its folder of headers. Its own CMakeLists.txt
# is not run (there is none in the SOURCE_SUBDIR given), so its options and tests stay out of this build, and being
# imported the target need not be in tl's export set.
function(tl_fetch_headers name target folder url sha256)
  message(STATUS "tl: ${name} was not found in a version that fits; fetching ${url}")
  FetchContent_Declare(${name} URL ${url} URL_HASH SHA256=${sha256} SOURCE_SUBDIR headers_only)
  FetchContent_MakeAvailable(${name})
  string(TOLOWER ${name} lower_name)
  add_library(${target} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${target} INTERFACE ${${lower_name}_SOURCE_DIR}/${folder})
endfunction()

set(THREADS_PREFER_PTHREAD_FLAG ON)
tl_find_package(Threads Threads::Threads REQUIRED)

tl_find_package(Eigen3 Eigen3::Eigen ${tl_eigen_version} QUIET NO_MODULE)
if(NOT TARGET Eigen3::Eigen)
  tl_fetch_headers(
    eigen Eigen3::Eigen .
    https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz
    8586084f71f9bde545ee7fa6d00288b264a2b7ac3607b974e54d13e7162c1c72)
endif()

tl_find_package(nlohmann_json nlohmann_json::nlohmann_json ${tl_json_version} QUIET)
if(NOT TARGET nlohmann_json::nlohmann_json)
  tl_fetch_headers(
    json nlohmann_json::nlohmann_json include
    https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
    d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d)
endif()

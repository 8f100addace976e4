# tl::hub: downloads of models and data sets by name into the cache of the Hugging Face libraries, by libcurl and OpenSSL.
# A static library that registers itself; programs that do not link it read what the cache has.
#
# Sets tl_has_hub, and tl_no_hub_reason if it is FALSE.
set(TL_BUILD_HUB AUTO CACHE STRING "Build tl::hub: ON, OFF, or AUTO (when libcurl and OpenSSL are found)")
set_property(CACHE TL_BUILD_HUB PROPERTY STRINGS AUTO ON OFF)
set(tl_has_hub FALSE)
set(tl_no_hub_reason "TL_BUILD_HUB is OFF")
set(tl_oldest_curl 7.81)
set(tl_oldest_openssl 1.1.1)

if(TL_BUILD_HUB)
  tl_find_package(CURL CURL::libcurl ${tl_oldest_curl} QUIET)
  tl_find_package(OpenSSL OpenSSL::Crypto ${tl_oldest_openssl} QUIET)
  if(NOT TARGET CURL::libcurl)
    set(tl_no_hub_reason "libcurl ${tl_oldest_curl} or newer was not found (Debian: libcurl4-openssl-dev)")
  elseif(NOT TARGET OpenSSL::Crypto)
    set(tl_no_hub_reason "OpenSSL ${tl_oldest_openssl} or newer was not found (Debian: libssl-dev)")
  else()
    set(tl_has_hub TRUE)
  endif()
  if(NOT tl_has_hub AND NOT TL_BUILD_HUB STREQUAL AUTO)
    message(FATAL_ERROR "tl: TL_BUILD_HUB is ${TL_BUILD_HUB}, but ${tl_no_hub_reason}")
  endif()
endif()

if(NOT tl_has_hub)
  message(STATUS "tl: without tl::hub: ${tl_no_hub_reason}")
  return()
endif()
message(STATUS "tl: tl::hub by libcurl ${CURL_VERSION_STRING} and OpenSSL ${OPENSSL_VERSION}")

file(GLOB tl_hub_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/hub/*.cpp)
add_library(tl_hub STATIC ${tl_hub_sources})
if(NOT PROJECT_IS_TOP_LEVEL)
  set_target_properties(tl_hub PROPERTIES EXCLUDE_FROM_ALL TRUE)  # another project pays for it only if it links it
endif()
add_library(tl::hub ALIAS tl_hub)
set_target_properties(tl_hub PROPERTIES EXPORT_NAME hub POSITION_INDEPENDENT_CODE ON)
target_link_libraries(tl_hub PUBLIC tl::tl PRIVATE CURL::libcurl OpenSSL::Crypto)
if(TL_BUILD_TESTS)
  target_compile_options(tl_hub PRIVATE -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Werror)
endif()
# From a static library a linker takes the objects that a program refers to. This one refers to all the others.
target_link_options(tl_hub INTERFACE LINKER:-u,tl_link_hub)

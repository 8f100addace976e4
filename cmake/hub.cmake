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
endif()

tl_say_if_missing(hub)
if(NOT tl_has_hub)
  return()
endif()
message(STATUS "tl: tl::hub by libcurl ${CURL_VERSION_STRING} and OpenSSL ${OPENSSL_VERSION}")

tl_add_optional_library(hub)
target_link_libraries(tl_hub PRIVATE CURL::libcurl OpenSSL::Crypto)

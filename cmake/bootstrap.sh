#!/usr/bin/env bash
# Installs what a Debian or Ubuntu machine lacks to build tl's own programs; does nothing if nothing is missing.
# clang is installed for the tests that need it: headers by a second compiler, fuzzers.
# Usage: cmake/bootstrap.sh, as root or as a user who may use sudo. Elsewhere it names what is needed and goes on.
set -euo pipefail

# g++ 12 is the oldest that is supported; Ubuntu 22.04's default is 11.
packages=(cmake ninja-build libeigen3-dev nlohmann-json3-dev libcli11-dev libbenchmark-dev catch2 ca-certificates)
if ! command -v g++ > /dev/null; then
  packages+=(g++)
fi

if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
  echo "bootstrap: this is not Debian or Ubuntu; tl needs a C++20 compiler (g++ 12, clang 14 or newer), CMake 3.22," \
       "Eigen 3.4, nlohmann_json 3.11, and for its own programs Catch2, CLI11 and Google Benchmark" >&2
  exit 0
fi

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    echo "bootstrap: these packages are missing and installing them needs root or sudo: ${missing[*]}" >&2
    exit 1
  fi
}

updated=no
# install PACKAGE...: those that are not installed yet.
install() {
  missing=()
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) == installed ]] || missing+=("$package")
  done
  [[ ${#missing[@]} == 0 ]] && return
  echo "bootstrap: installing ${missing[*]}"
  if [[ $updated == no ]]; then
    as_root apt-get update -qq < /dev/null
    updated=yes
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    < /dev/null > /dev/null
}

install "${packages[@]}"
if [[ $(g++ -dumpversion | cut -d. -f1) -lt 12 ]]; then
  install g++-12
fi
# The second compiler, and libFuzzer, which newer releases pack separately. Without them some tests are skipped.
optional() {
  (install "$@") || echo "bootstrap: without $*, tests that need it are skipped" >&2
}
# Apache Arrow comes by Python's package manager: cmake/get_arrow.sh.
python3 -m pip --version > /dev/null 2>&1 || optional python3-pip
command -v clang++ > /dev/null || optional clang
if command -v clang++ > /dev/null; then
  runtime=libclang-rt-$(clang++ -dumpversion | cut -d. -f1)-dev
  [[ -z $(apt-cache madison "$runtime" 2> /dev/null) ]] || optional "$runtime"
fi
# The release whose format tests/structure/format.sh asks for.
command -v clang-format-14 > /dev/null || [[ -z $(apt-cache madison clang-format-14 2> /dev/null) ]] ||
  optional clang-format-14
# tl::hub, tl::compression.
optional libcurl4-openssl-dev libssl-dev
optional zlib1g-dev libzstd-dev

#!/usr/bin/env bash
# The package as a user meets it. Usage: package_test.sh CMAKE ROOT WORK_DIR COMPILER
#   - the preset is configured and installed without building anything, and find_package finds what was installed
#   - a project without a build type is told so, once and with what to do; one that has chosen is not
#   - a program is compiled with the flags that pkg-config gives, and runs
set -euo pipefail
cmake=$1 root=$2 work=$3 compiler=$4
here=$root/tests/consumers
sentence='CMAKE_BUILD_TYPE is not set'
unset CXXFLAGS CMAKE_BUILD_TYPE

fail() {
  echo "package_test: $1" >&2
  exit 1
}

rm -rf "$work"
mkdir -p "$work"
# A copy, because the preset's folder is in the tree.
mkdir "$work/tree"
cp -r "$root"/{CMakeLists.txt,CMakePresets.json,cmake,include,src} "$work/tree"
cd "$work/tree"
"$cmake" --preset release -DCMAKE_CXX_COMPILER="$compiler" -DTL_BUILD_{TESTS,TOOLS,EXAMPLES,BENCHMARKS}=OFF > ../preset.log 2>&1 \
  || { cat ../preset.log; fail "the preset cannot be configured"; }
"$cmake" --install build/release --prefix "$work/prefix" > ../install.log 2>&1 \
  || { cat ../install.log; fail "what was configured cannot be installed"; }
cd "$work"

# configure NAME FOLDER OPTION...: a consumer; its words go to NAME.log.
configure() {
  local name=$1 folder=$2
  shift 2
  "$cmake" -S "$here/$folder" -B "$work/$name" -DCMAKE_CXX_COMPILER="$compiler" -DTL_ROOT="$root" \
    -DTL_CONSUMER=main.cpp -DTL_TARGET=tl::tl -G 'Unix Makefiles' "$@" > "$name.log" 2>&1 \
    || { cat "$name.log"; fail "$name cannot be configured"; }
}
# warns NAME TIMES
warns() {
  local times
  times=$(tr -s '\n ' ' ' < "$1.log" | { grep -o "$sentence" || true; } | wc -l)
  [[ $times == "$2" ]] || { cat "$1.log"; fail "$1: expected the warning $2 times, got $times"; }
}
package=(find_package -DCMAKE_PREFIX_PATH="$work/prefix")
configure found "${package[@]}"
warns found 1
configure found_release "${package[@]}" -DCMAKE_BUILD_TYPE=Release
warns found_release 0
configure found_flags "${package[@]}" -DCMAKE_CXX_FLAGS=-O3
warns found_flags 0
configure fetched fetch_content -DTL_BUILD_CUDA=OFF
warns fetched 1
configure fetched_debug fetch_content -DTL_BUILD_CUDA=OFF -DCMAKE_BUILD_TYPE=Debug
warns fetched_debug 0
grep -q 'CMAKE_BUILD_TYPE:[A-Z]*=$' fetched/CMakeCache.txt || fail "the consumer's build type was changed"

if ! pkg-config --exists eigen3 nlohmann_json 2> /dev/null; then
  exec "$root/tests/structure/skip.sh" "pkg-config, or its files of Eigen and nlohmann_json, were not found"
fi
export PKG_CONFIG_PATH=$work/prefix/share/pkgconfig
read -ra flags <<< "$(pkg-config --cflags --libs tl)"
[[ " ${flags[*]} " == *" -pthread "* ]] || fail "expected -pthread from pkg-config, got ${flags[*]}"
[[ $(pkg-config --modversion tl) == $(sed -n 's/.*version = "\([0-9.]*\)".*/\1/p' "$root/include/tl/version.hpp") ]] \
  || fail "the version of tl.pc is not that of the headers"
"$here/plain.sh" "$work/plain" "$compiler" -std=c++20 "$here/main.cpp" "${flags[@]}"

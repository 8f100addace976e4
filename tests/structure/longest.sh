#!/usr/bin/env bash
# The longest functions and headers of include/tl. Usage: longest.sh ROOT [COUNT]. Prints COUNT (10) of each, the lines
# of a function with its head, without its docstring. Reads indentation, so the sources must be formatted. Not a test.
set -euo pipefail
cd "$1"
count=${2:-10}
mapfile -t headers < <(find include/tl \( -name '*.hpp' -o -name '*.cuh' \) -not -name '*_tables.hpp' | LC_ALL=C sort)
if [[ ${#headers[@]} == 0 ]]; then
  echo "expected headers in $1/include/tl, found none"
  exit 1
fi
echo "functions:"
# shellcheck disable=SC2016  # the $ below are awk's
awk '
  FNR == 1 { depth = 0; fresh = 1 }
  {
    code = $0
    sub(/ *\/\/.*/, "", code)
    indent = match($0, /[^ ]/) - 1
  }
  depth && indent == indents[depth] && code ~ /^ *\}/ {
    printf "%5d  %s:%d  %s\n", FNR - starts[depth] + 1, FILENAME, starts[depth], names[depth]
    --depth
    fresh = 1
    next
  }
  code == "" || code ~ /^#/ { fresh = 1; next }
  fresh { head = ""; start = FNR; from = indent; fresh = 0 }
  { head = head " " code }
  code ~ /\{$/ {
    plain = head
    sub(/^ *template <.*> *(class|struct)/, "struct", plain)
    sub(/^ *(template <.*> )?/, "", plain)
    if (plain ~ /\(/ && plain !~ /^(\}|if|for|while|switch|do|else|try|catch|case|return|namespace|class|struct|enum|union) ?/ &&
        plain !~ /\[[^][]*\]\([^()]*\)[^()]*\{$/ && plain !~ /[,(]$/) {
      name = plain
      sub(/\(.*/, "", name)
      sub(/.* [*&]*/, "", name)
      indents[++depth] = from
      starts[depth] = start
      names[depth] = name
    }
  }
  code ~ /[;{}:]$/ { fresh = 1 }
' "${headers[@]}" | sort -k1,1nr -k2,2 | sed -n "1,${count}p"
echo "headers:"
wc -l "${headers[@]}" | grep -v ' total$' | sort -k1,1nr | sed -n "1,${count}p"

#!/usr/bin/env bash
# Gets Apache Arrow's headers and libraries, for tl::parquet, from the wheel of its Python package: that is how they come to
# machines whose distribution has none. Usage: get_arrow.sh FOLDER. FOLDER/pyarrow is then what TL_ARROW_WHEEL takes;
# nothing is done if it is there. Needs python3 with pip.
set -euo pipefail
folder=$1
version=26.0.1
[[ -e $folder/pyarrow/include/arrow/api.h ]] && exit 0
if ! python3 -m pip --version > /dev/null 2>&1; then
  echo "get_arrow: python3 with pip is not here (Debian: python3-pip), so tl::parquet is not built" >&2
  exit 0
fi
mkdir -p "$(dirname "$folder")"
new=$(mktemp -d "$folder.XXXXXX")
trap 'rm -rf "$new"' EXIT
if ! python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$new" \
  "pyarrow==$version" > "$new/log" 2>&1; then
  echo "get_arrow: pyarrow $version cannot be downloaded, so tl::parquet is not built: $(tail -1 "$new/log")" >&2
  exit 0
fi
python3 -m zipfile -e "$new"/pyarrow-*.whl "$new/wheel"
rm -rf "$folder"
mv "$new/wheel" "$folder"

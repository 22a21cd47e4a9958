#!/bin/sh
# Builds the virtual environment for the tests that need torch: tests/ml/install.sh [FOLDER]
# Does nothing when FOLDER (.venv-ml) is up to date. Needs Python >= 3.11 and 4 GB of disk.
set -eu

here=$(dirname "$0")
venv=${1:-$here/../../.venv-ml}
stamp=$venv/.installed
wanted=$(cat "$0" "$here/requirements.txt" | cksum)

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
    exit 0
fi
[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }

# Exactly this version and first of all: where an index has a CPU build of it, that one is taken,
# and nothing below may replace it.
pip install --quiet torch==2.13.0
constraint=$(mktemp)
trap 'rm -f "$constraint"' EXIT
echo torch==2.13.0 >"$constraint"
pip install --quiet --constraint "$constraint" --requirement "$here/requirements.txt"
# Without their dependencies: they ask for older or for GPU builds of what is here already.
pip install --quiet --no-deps lmdeploy==0.18.0
pip install --quiet --no-deps xtuner==0.2.0 bitsandbytes==0.50.2 transformers-stream-generator==0.0.5

echo "$wanted" >"$stamp"

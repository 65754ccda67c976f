#!/usr/bin/env bash
# Makes the environment of one engine, where it is not there yet:
#   make_env.sh llamafactory|verl FOLDER
set -euo pipefail
engine=$1
env=$2/$engine
pins=$(dirname "${BASH_SOURCE[0]}")/$engine.txt
torch=${TORCH:-torch==2.13.0}

wanted="$torch $(cksum < "$pins")"
if [ -f "$env/.made" ] && [ "$(cat "$env/.made")" = "$wanted" ]; then exit 0; fi
echo "making $env"
rm -rf "$env"
mkdir -p "$2"
"${PYTHON:-python3}" -m venv "$env"
pip=("$env/bin/python" -m pip --quiet --disable-pip-version-check install)
"${pip[@]}" "$torch"
"${pip[@]}" --no-deps -r "$pins"
echo "$wanted" > "$env/.made"

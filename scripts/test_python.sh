#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A Python environment with the readers that tests/io compares our files with: build/deps/test-python. Only tests use it;
# those that need it are skipped where it is absent, so that a failure here does not end the set-up.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
wanted="$root/tests/io/requirements.txt"
place="$root/build/deps/test-python"

if cmp -s "$wanted" "$place/installed.txt"; then
  exit 0
fi
rm -rf "$place"
mkdir -p "$root/build/deps"
if python3 -m venv "$place" && "$place/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r "$wanted"; then
  cp "$wanted" "$place/installed.txt"
  echo "setup: readers for tests are in $place"
else
  rm -rf "$place"
  echo "setup: the readers for tests could not be installed (a newer Python or a package index is missing?); the tests that need them will be skipped" >&2
fi

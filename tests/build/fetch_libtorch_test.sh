#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scripts/fetch_libtorch.sh with a copy of the tree and a pip that fails: nothing half is left, a damaged wheel is not
# used, and the sentence says what to do. Arguments: source tree, scratch folder.
set -euo pipefail
source_tree="$1"
work="$2"
rm -rf "$work"
mkdir -p "$work/tree" "$work/cache/wheels"
cp -r "$source_tree/scripts" "$work/tree/"
lock="$(ls "$work"/tree/scripts/libtorch-*.lock)"
release="$(basename "$lock" .lock)"
system="$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)"
fail() {
  echo "FAILED: $*"
  exit 1
}

printf '#!/bin/sh\n[ "$3" = --version ] && exit 0\necho "no network" >&2\nexit 1\n' >"$work/python"
chmod +x "$work/python"
fetch() { DA3_CACHE_DIR="$work/cache" DA3_PYTHON="$work/python" bash "$work/tree/scripts/fetch_libtorch.sh" "$@" >"$work/log" 2>&1; }
deps="$work/tree/build/deps"

grep -q "^$system " "$lock" || { echo "no wheel for $system: nothing to test"; exit 0; }
wheel="$(awk -v on="$system" '$1 == on {print $4; exit}' "$lock")"

# Other arguments are refused before any work.
if DA3_CACHE_DIR="$work/cache" bash "$work/tree/scripts/fetch_libtorch.sh" --gpu >"$work/log" 2>&1; then fail "--gpu was accepted"; fi
grep -q "unknown argument '--gpu'" "$work/log" || fail "no sentence for --gpu in: $(cat "$work/log")"

# A truncated wheel in the cache must be downloaded again, which here fails.
echo damaged >"$work/cache/wheels/$wheel"
if fetch; then fail "a damaged wheel was accepted"; fi
grep -q "DA3_LIBTORCH=DIR" "$work/log" || fail "no advice in: $(cat "$work/log")"
[ -z "$(ls -A "$deps")" ] || fail "left in build/deps: $(ls -A "$deps")"
[ "$(ls -A "$work/cache/wheels")" = "$wheel" ] || fail "left in the cache: $(ls -A "$work/cache/wheels")"

# What the script unpacks is what CMake looks for.
cmake_release="$(sed -n 's/^set(DA3_LIBTORCH_DEFAULT_RELEASE "\(.*\)")$/\1/p' "$source_tree/cmake/LibTorch.cmake")"
[ "$release" = "libtorch-$cmake_release" ] || fail "scripts unpack $release, CMake looks for libtorch-$cmake_release"

# A wheel that holds what is needed is unpacked whole, and the second run leaves it alone.
mkdir -p "$work/wheel/torch/include/ATen" "$work/wheel/torch/lib"
suffix=so
[ "$(uname -s)" = Darwin ] && suffix=dylib
touch "$work/wheel/torch/include/ATen/ATen.h" "$work/wheel/torch/version.py"
touch "$work/wheel/torch/lib/libtorch_cpu.$suffix" "$work/wheel/torch/lib/libc10.$suffix" "$work/wheel/torch/lib/libtorch_cuda.$suffix"
touch "$work/wheel/torch/lib/libc10_cuda.$suffix"
(cd "$work/wheel" && python3 -m zipfile -c "$work/cache/wheels/$wheel" torch)
sum="$( (sha256sum "$work/cache/wheels/$wheel" 2>/dev/null || shasum -a 256 "$work/cache/wheels/$wheel") | cut -d' ' -f1)"
echo "$system torch==0 $sum $wheel" >"$lock"
fetch || fail "a good wheel was refused: $(cat "$work/log")"
[ -f "$deps/$release/torch/lib/libc10.$suffix" ] || fail "libc10 was not unpacked"
if [ "$suffix" = so ] && [ -e "$deps/$release/torch/lib/libtorch_cuda.so" ]; then fail "libtorch_cuda was unpacked"; fi
touch "$deps/$release/mark"
if fetch --cuda; then fail "--cuda was accepted although the lock names no CUDA libraries"; fi
grep -q "no CUDA libraries are known for $system" "$work/log" || fail "no reason in: $(cat "$work/log")"
kept="$work/cache/wheels/$wheel"
cp "$kept" "$work/kept.whl"
rm "$kept"
fetch || fail "the second run failed: $(cat "$work/log")"
[ -e "$deps/$release/mark" ] || fail "the second run unpacked again"

# --cuda adds the CUDA half and its libraries; who needs none of it is served by what is there.
if [ "$suffix" = so ]; then
  cp "$work/kept.whl" "$kept"
  mkdir -p "$work/nvidia/nvidia/thing/lib"
  touch "$work/nvidia/nvidia/thing/lib/libthing.so.1" "$work/nvidia/nvidia/thing/lib/libnvblas.so.1"
  extra=nvidia_thing-0-py3-none-any.whl
  (cd "$work/nvidia" && python3 -m zipfile -c "$work/cache/wheels/$extra" nvidia)
  echo "$system+cuda nvidia-thing==0 $( (sha256sum "$work/cache/wheels/$extra" 2>/dev/null || shasum -a 256 "$work/cache/wheels/$extra") | cut -d' ' -f1) $extra" >>"$lock"
  fetch --cuda || fail "--cuda was refused: $(cat "$work/log")"
  for file in torch/lib/libtorch_cuda.so torch/lib/libc10_cuda.so nvidia/thing/lib/libthing.so.1; do
    [ -f "$deps/$release/$file" ] || fail "--cuda did not unpack $file"
  done
  if [ -e "$deps/$release/nvidia/thing/lib/libnvblas.so.1" ]; then fail "libnvblas was unpacked"; fi
  touch "$deps/$release/mark"
  fetch || fail "a run without --cuda failed after one with it"
  [ -e "$deps/$release/mark" ] || fail "a run without --cuda unpacked again"
fi
echo passed

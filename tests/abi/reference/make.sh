#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make.sh VERSION: keeps the null plugin and the small host of today as binaries of that version, in reference/VERSION/.
# Once for each released version, on x86-64 Linux; never again afterwards. Both need glibc 2.17 or less.
# make.sh core LIBRARY: keeps the symbols of libda3_core of today, from a release build.
set -euo pipefail
library=$(realpath "${2:-.}")
cd "$(dirname "${BASH_SOURCE[0]}")"
version=${1:?which version? 1.0-rc, 1.0, 1.1 ..., or core}
if [ "$version" = core ]; then
  # Weak symbols are inline functions: which of them are there depends on the compiler.
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs "$library" | grep -v "binding='weak-binding'" >libda3_core.abi
  exit
fi
sdk=../../../sdk
to=$version/linux-x86_64
newest_glibc=2.17
mkdir -p "$to"

flags=(-std=c99 -O2 -fPIC -shared -fvisibility=hidden -Wall -Wextra -Werror -D_FORTIFY_SOURCE=0 -fno-stack-protector
  -Wl,-z,relro,-z,now,-z,noexecstack,--build-id=none,--hash-style=both "-I$sdk/include")
cc "${flags[@]}" -s -o "$to/libda3_null.so" "$sdk/examples/null_plugin.c"
cc "${flags[@]}" -s -o "$to/old_host.so" old_host.c
cp "$sdk/examples/libda3_null.plugin.yaml" "$to/"

# Types, for abidiff: the same plugin with debug information, as text.
debug=$(mktemp -d)
trap 'rm -rf "$debug"' EXIT
cc "${flags[@]}" -g -o "$debug/libda3_null.so" "$sdk/examples/null_plugin.c"
abidw --no-corpus-path --no-comp-dir-path --no-show-locs --out-file "$to/libda3_null.abi" "$debug/libda3_null.so"

for library in "$to/libda3_null.so" "$to/old_host.so"; do
  needed=$(objdump -T "$library" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -Vu | tail -1)
  if [ "$(printf '%s\n%s\n' "$needed" "$newest_glibc" | sort -V | tail -1)" != "$newest_glibc" ]; then
    echo "$library needs glibc $needed: make it on a system that has $newest_glibc or older" >&2
    exit 1
  fi
  echo "$library: $(stat -c %s "$library") bytes, glibc $needed or later"
done

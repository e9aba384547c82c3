#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints how many compilers to run at once: one per core this process may use, and 2 GiB of free memory for each,
# which is what a file with LibTorch's headers takes.
set -eu
if [ "$(uname -s)" = Darwin ]; then
  cores="$(sysctl -n hw.ncpu)"
  gib="$(($(sysctl -n hw.memsize) / 1073741824))"
else
  cores="$(nproc)"
  gib="$(awk '/^MemAvailable/ {print int($2 / 1048576)}' /proc/meminfo)"
  # A container's limit counts as well.
  if limit="$(cat /sys/fs/cgroup/memory.max 2>/dev/null)" && [ "$limit" != max ]; then
    limit="$((limit / 1073741824))"
    [ "$limit" -ge "$gib" ] || gib="$limit"
  fi
fi
jobs="$((gib / 2))"
[ "$jobs" -le "$cores" ] || jobs="$cores"
[ "$jobs" -ge 1 ] || jobs=1
echo "$jobs"

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Everything that building and testing need: system packages, LibTorch, other people's readers for tests. What is there is
# skipped.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

case "${1:-}" in
  "") ;;
  -h | --help)
    echo "usage: scripts/setup.sh     (environment: DA3_SKIP_PACKAGES=1, DA3_SKIP_LIBTORCH=1, DA3_SKIP_TEST_PYTHON=1, DA3_WITH_CUDA=1, DA3_CACHE_DIR)"
    exit 0
    ;;
  *)
    echo "setup: unknown argument '$1'; try --help" >&2
    exit 2
    ;;
esac

if [ "${DA3_SKIP_PACKAGES:-0}" != 1 ]; then
  bash "$here/install_packages.sh"
fi
if [ "${DA3_SKIP_LIBTORCH:-0}" != 1 ]; then
  # Gigabytes of NVIDIA's libraries come only when they are asked for.
  if [ "${DA3_WITH_CUDA:-0}" = 1 ]; then
    bash "$here/fetch_libtorch.sh" --cuda
  else
    bash "$here/fetch_libtorch.sh"
  fi
fi
if [ "${DA3_SKIP_TEST_PYTHON:-0}" != 1 ]; then
  bash "$here/test_python.sh"
fi

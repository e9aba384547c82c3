#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs the system packages that da3 builds with: apt on Debian and Ubuntu, brew on macOS. Asks nothing.
set -euo pipefail

build_tools=(g++ make cmake ninja-build ccache python3 python3-pip python3-venv unzip ca-certificates)
libraries=(
  libboost-dev libyaml-cpp-dev libspdlog-dev nlohmann-json3-dev libcli11-dev libzip-dev libssl-dev libhwy-dev
  libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libopencv-videoio-dev libopenexr-dev libsixel-dev
)
test_libraries=(libgtest-dev libgmock-dev libbenchmark-dev python3-numpy abigail-tools) # abigail-tools: for ELF, so not in brew
brew_formulas=(cmake ninja ccache boost yaml-cpp spdlog nlohmann-json cli11 libzip openssl@3 highway opencv openexr libsixel googletest google-benchmark numpy)

say() { echo "setup: $*"; }
fail() {
  echo "setup: $*" >&2
  exit 1
}

install_with_apt() {
  local wanted=("${build_tools[@]}" "${libraries[@]}" "${test_libraries[@]}")
  local installed missing=() name
  # One call for all: dpkg-query fails when a name is unknown, and still lists the others.
  installed=" $(dpkg-query -W -f '${db:Status-Status}/${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's|^installed/||p' | tr '\n' ' ' || true)"
  for name in "${wanted[@]}"; do
    case "$installed" in *" $name "*) ;; *) missing+=("$name") ;; esac
  done
  if [ ${#missing[@]} -eq 0 ]; then
    return
  fi

  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "packages are missing and there is no sudo: as root, run: apt-get install ${missing[*]}"
    as_root=(sudo)
    [ -t 0 ] || as_root=(sudo -n)
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
  say "installing with apt: ${missing[*]}"
  # A package source that is of no concern here may be out of order: the installation itself decides.
  "${apt[@]}" update </dev/null >/dev/null || say "apt-get update reported a problem; going on with the lists there are"
  "${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null >/dev/null ||
    fail "apt could not install: ${missing[*]}. Its message is above; without a network, install them by hand and run again."
}

install_with_brew() {
  xcode-select -p >/dev/null 2>&1 || fail "Apple's command line tools are missing: run 'xcode-select --install' and then this again"
  command -v brew >/dev/null || fail "Homebrew is missing: install it, or these by hand: ${brew_formulas[*]}"
  local installed missing=() name
  installed=" $(brew list --formula -1 | tr '\n' ' ') "
  for name in "${brew_formulas[@]}"; do
    case "$installed" in *" $name "*) ;; *) missing+=("$name") ;; esac
  done
  if [ ${#missing[@]} -eq 0 ]; then
    return
  fi
  say "installing with brew: ${missing[*]}"
  brew install "${missing[@]}" </dev/null || fail "brew could not install: ${missing[*]}"
}

if [ "$(uname -s)" = Darwin ]; then
  install_with_brew
elif command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  install_with_apt
else
  fail "this system has neither apt nor brew: install what docs/building.md lists, then run again with DA3_SKIP_PACKAGES=1"
fi

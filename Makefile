# SPDX-License-Identifier: Apache-2.0
# A thin layer over scripts/setup.sh, CMakePresets.json and Ninja: it holds no build rules of its own.
# Options go through: make demo CMAKE_ARGS="-DDA3_LIBTORCH=/opt/libtorch", DEMO_ARGS="--process-res 140", JOBS=4.

SHELL := bash
PREFIX ?= /usr/local
PRESET ?= release
CMAKE_ARGS ?=
DEMO_ARGS ?=
JOBS ?= $(shell bash scripts/jobs.sh)
BUILD := build/$(PRESET)

# Ninja's own names for everything in a folder: what the demo needs, without the tests.
PROGRAMS := sdk/all core/all io/all plugins/all configs/all tools/all

# The tests that read results use the Python with the readers that setup makes, else the one that the system's packages
# belong to. Looked for when a recipe runs: setup is a part of the same make.
TEST_PYTHONS := $(CURDIR)/build/deps/test-python/bin/python /usr/bin/python3
export DA3_TEST_PYTHON ?= $(shell for p in $(TEST_PYTHONS); do if [ -x "$$p" ]; then echo "$$p"; exit; fi; done; echo python3)

.DEFAULT_GOAL := help
.PHONY: help demo test check build setup configure install format format-check asan tsan tsan-core clean

help:
	@echo "make demo     set up, build and run the demo: pictures of depth in da3-out/"
	@echo "make test     set up, build and run the quick tests (minutes)"
	@echo "make check    make test, then the long tests"
	@echo "make build    set up and build everything"
	@echo "make install  install into PREFIX (now: $(PREFIX))"
	@echo "make asan     quick tests under the address and undefined-behaviour sanitizers (make tsan: threads; tsan-core: its core)"
	@echo "make format   format the sources"
	@echo "make clean    remove the build trees; LibTorch stays in build/deps"
	@echo "First use takes minutes: it installs system packages (by apt or brew, with sudo when not root) and"
	@echo "downloads LibTorch (0.5 GB). What is done is not done again. More: README.md, docs/building.md"

demo: configure
	@cmake --build $(BUILD) -j $(JOBS) --target $(PROGRAMS)
	@$(BUILD)/bin/da3-host $(DEMO_ARGS)

test: build
	@ctest --preset quick -j $(JOBS)

check: test
	@ctest --preset long

build: configure
	@cmake --build $(BUILD) -j $(JOBS)

# A build with the user's own LibTorch downloads none.
OWN_LIBTORCH = $(if $(findstring DA3_LIBTORCH=,$(CMAKE_ARGS)),1,$(shell grep -qs '^DA3_LIBTORCH:[A-Z]*=.' $(BUILD)/CMakeCache.txt && echo 1))

setup:
	@DA3_SKIP_LIBTORCH=$(or $(DA3_SKIP_LIBTORCH),$(OWN_LIBTORCH),0) bash scripts/setup.sh

# Ninja configures again by itself when a CMake file changes; new options need it here.
configure: setup
	@if [ ! -f $(BUILD)/build.ninja ] || [ -n '$(CMAKE_ARGS)' ]; then cmake --preset $(PRESET) $(CMAKE_ARGS); fi

install: build
	@cmake --install $(BUILD) --prefix "$(PREFIX)"

asan tsan:
	@DA3_SKIP_LIBTORCH=1 bash scripts/setup.sh
	@cmake --preset $@
	@cmake --build build/$@ -j $(JOBS)
	@ctest --preset $@ -j $(JOBS)

# Core, the null plugin and the template: minutes, where tsan takes the tests of everything.
tsan-core:
	@DA3_SKIP_LIBTORCH=1 bash scripts/setup.sh
	@cmake --preset $@
	@cmake --build --preset $@ -j $(JOBS)
	@for test in concurrency engine sdk core_internals worker; do TSAN_OPTIONS=halt_on_error=1 build/$@/tests/$${test}_test --gtest_brief=1 || exit 1; done

SOURCES = $(shell git ls-files '*.c' '*.cpp' '*.h' '*.hpp' '*.mm')

format:
	@clang-format -i $(SOURCES)

format-check:
	@clang-format --dry-run --Werror $(SOURCES)

clean:
	@rm -rf build/release build/dev build/asan build/tsan build/tsan-core

// SPDX-License-Identifier: Apache-2.0
// A library with LibTorch's SONAME that brings its own sgemm_, as LibTorch does, and calls it through its
// GOT.
#define EXPORT extern "C" __attribute__((visibility("default")))
EXPORT int sgemm_() { return FAKE_VERSION; }
EXPORT int fake_libtorch_version() { return sgemm_(); }

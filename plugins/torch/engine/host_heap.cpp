// SPDX-License-Identifier: Apache-2.0
#include "engine/host_heap.hpp"

#include <atomic>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace da3::engine {

namespace {

std::atomic<int> in_use{0};
std::atomic<bool> put_off{false};
std::atomic<void (*)()> also_trim{nullptr};

void trim_now() {
  if (const auto also = also_trim.load()) also();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace

HeapUse::HeapUse() { ++in_use; }

HeapUse::~HeapUse() {
  if (--in_use == 0 && put_off.exchange(false)) trim_now();
}

void trim_with_heap(void (*also)()) { also_trim = also; }

void trim_heap() {
  put_off = true;
  // Whoever takes the wish back does it: this thread, or work that ended in the meantime.
  if (in_use == 0 && put_off.exchange(false)) trim_now();
}

}  // namespace da3::engine

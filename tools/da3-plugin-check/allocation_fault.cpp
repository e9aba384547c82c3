// SPDX-License-Identifier: Apache-2.0
#include "allocation_fault.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace da3::check {
namespace {

struct Fault {
  uint64_t left = 0;  ///< allocations until the one that fails; 0: none fails
  bool on = false, failed = false;
};
thread_local Fault fault;

/// What operator new asks before it allocates.
[[maybe_unused]] bool fails_now() {
  if (fault.left == 0 || --fault.left > 0) return false;
  fault.failed = true;
  if (fault.on) fault.left = 1;
  return true;
}

}  // namespace

AllocationFault::AllocationFault(uint64_t k, bool on) { fault = {k, on, false}; }
AllocationFault::~AllocationFault() { fault.left = 0; }
bool allocation_failed() { return fault.failed; }

#ifdef DA3_SANITIZED
bool allocations_can_fail() { return false; }
#else
bool allocations_can_fail() { return true; }
#endif

}  // namespace da3::check

// The program's operator new is the one of every library that does not bring its own. The standard library's
// other forms call these two, and its operator delete frees what malloc and aligned_alloc gave.
#ifndef DA3_SANITIZED
void* operator new(size_t size) {
  if (da3::check::fails_now()) throw std::bad_alloc();
  void* memory = std::malloc(std::max<size_t>(size, 1));
  if (!memory) throw std::bad_alloc();
  return memory;
}

void* operator new(size_t size, std::align_val_t alignment) {
  if (da3::check::fails_now()) throw std::bad_alloc();
  const size_t align = std::max(static_cast<size_t>(alignment), sizeof(void*));
  void* memory = std::aligned_alloc(align, (std::max<size_t>(size, 1) + align - 1) / align * align);
  if (!memory) throw std::bad_alloc();
  return memory;
}
#endif

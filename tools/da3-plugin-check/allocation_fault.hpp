// SPDX-License-Identifier: Apache-2.0
// Memory that runs out when it is told to, for C++ code that this process has loaded.
#pragma once

#include <cstdint>

namespace da3::check {

/// While it lives, the k-th operator new (1, 2, ...) of this thread throws std::bad_alloc, and with `on` all
/// after it. Libraries that bind to an operator new of their own are not reached.
class AllocationFault {
 public:
  AllocationFault(uint64_t k, bool on);
  ~AllocationFault();
  AllocationFault(const AllocationFault&) = delete;
};

/// Whether the last AllocationFault of this thread threw.
bool allocation_failed();
/// False where operator new is somebody else's, as under sanitizers.
bool allocations_can_fail();

}  // namespace da3::check

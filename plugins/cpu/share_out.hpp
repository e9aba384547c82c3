// SPDX-License-Identifier: Apache-2.0
// Work that threads take piece by piece, and that can be cancelled between pieces.
#pragma once

#include <ATen/Parallel.h>
#include <c10/core/CPUAllocator.h>

#include <atomic>
#include <cstdint>

#include "net/operation_hook.hpp"

namespace da3::cpu {

/// body(i, scratch) for i below `pieces`, in no order; scratch: so many bytes for each thread. Between its
/// own pieces the caller's thread calls the OperationHook: what that throws ends the work, after the pieces
/// that are begun, and goes to the caller.
template <class Body>
void share_out(int64_t pieces, size_t scratch_bytes, const Body& body) {
  std::atomic<int64_t> next{0};
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
    const at::DataPtr scratch = c10::GetCPUAllocator()->allocate(scratch_bytes);
    for (int64_t i = next++; i < pieces; i = next++) {
      body(i, scratch.get());
      try {
        net::OperationHook::call();
      } catch (...) {
        next = pieces;  // for the other threads
        throw;
      }
    }
  });
}

}  // namespace da3::cpu

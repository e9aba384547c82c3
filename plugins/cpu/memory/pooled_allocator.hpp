// SPDX-License-Identifier: Apache-2.0
// LibTorch's allocator for host memory, replaced once per process: what this engine's runs and models take
// comes from arenas, everything else from the allocator that was there. LibTorch may be shared with other
// code, whose tensors stay where they were, and every tensor goes back to where it came from, on whatever
// thread.
#pragma once

#include "cpu/memory/arena.hpp"

namespace da3::cpu {

/// What a thread allocates for.
enum class MemoryUse {
  others,   ///< not ours: as without this allocator
  run,      ///< activations: taken and given in the same order by every run
  weights,  ///< of a model: stay until it goes
};

/// While one lives, what the thread allocates is for that.
class MemoryScope {
 public:
  explicit MemoryScope(MemoryUse use);
  ~MemoryScope();
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;

 private:
  MemoryUse before_;
};

/// Makes LibTorch use the arenas; once per process, then nothing. Not in builds for sanitizers, which look at
/// blocks of the system's heap. [any thread]
void install_pooled_allocator();

/// Runs of the calling thread use arenas of that number from now on: what threads of a NUMA node touched
/// first stays with threads of that node. [any thread]
void use_memory_set(uint32_t number);

/// Of all engines in the process. use: run (of the calling thread's memory set) or weights.
Arena& arena_of(MemoryUse use);
/// Of all memory sets.
ArenaCounts count_arenas(MemoryUse use);
void trim_arenas(MemoryUse use);

}  // namespace da3::cpu

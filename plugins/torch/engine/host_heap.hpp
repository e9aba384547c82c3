// SPDX-License-Identifier: Apache-2.0
// Gives the C library's free memory back to the system, but never beside work that allocates: trimming locks
// the whole heap, so that a caller who trims in a loop would stop the run, and what a run has freed it soon
// takes again.
#pragma once

namespace da3::engine {

/// While one lives, on any thread of the process, the heap is in use.
class HeapUse {
 public:
  HeapUse();
  /// The last one does what trim_heap put off.
  ~HeapUse();
  HeapUse(const HeapUse&) = delete;
  HeapUse& operator=(const HeapUse&) = delete;
};

/// What gives memory back together with the heap, from now on: one function for the process.
void trim_with_heap(void (*also)());

/// At once, or at the end of the work that goes on. [any thread]
void trim_heap();

}  // namespace da3::engine

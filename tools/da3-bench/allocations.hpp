// SPDX-License-Identifier: Apache-2.0
// How often code asks for memory of the heap: the program's slots for malloc and its kin are exchanged in
// every library that is loaded, for as long as body runs. Linux; elsewhere nothing is known.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

namespace da3::bench {

/// Calls of malloc, calloc, realloc, posix_memalign, aligned_alloc and memalign by all threads while body
/// runs; nothing where they cannot be counted. Slows body a little: do not time it.
std::optional<uint64_t> count_allocations(const std::function<void()>& body);

}  // namespace da3::bench

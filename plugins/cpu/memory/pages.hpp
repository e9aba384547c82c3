// SPDX-License-Identifier: Apache-2.0
// Address space and the memory behind it, as the system gives them.
#pragma once

#include <cstddef>

namespace da3::cpu::pages {

/// Address space without memory, aligned to `alignment`, a power of two; NULL when there is none.
std::byte* reserve(size_t bytes, size_t alignment);
void give_up(std::byte* begin, size_t bytes);

/// Makes reserved address space usable, with huge pages where the system has them; false when it has no
/// memory.
bool commit(std::byte* begin, size_t bytes);
void uncommit(std::byte* begin, size_t bytes);

/// Gives back the memory of whole pages between the two; the addresses stay usable, their contents are lost.
void give_back(std::byte* begin, std::byte* end);

/// Whether what is only reserved counts against a limit of the process.
bool address_space_is_limited();

}  // namespace da3::cpu::pages

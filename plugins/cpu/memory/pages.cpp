// SPDX-License-Identifier: Apache-2.0
#include "cpu/memory/pages.hpp"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

namespace da3::cpu::pages {

namespace {

constexpr int kReserved = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

std::byte* map(std::byte* where, size_t bytes, int flags) {
  void* address = ::mmap(where, bytes, PROT_NONE, kReserved | flags, -1, 0);
  return address == MAP_FAILED ? nullptr : static_cast<std::byte*>(address);
}

uintptr_t number(const std::byte* address) { return reinterpret_cast<uintptr_t>(address); }

}  // namespace

std::byte* reserve(size_t bytes, size_t alignment) {
  std::byte* all = map(nullptr, bytes + alignment, 0);
  if (!all) return nullptr;
  const size_t before = (alignment - number(all) % alignment) % alignment;
  if (before > 0) give_up(all, before);
  if (before < alignment) give_up(all + before + bytes, alignment - before);
  return all + before;
}

void give_up(std::byte* begin, size_t bytes) { ::munmap(begin, bytes); }

bool commit(std::byte* begin, size_t bytes) {
  if (::mprotect(begin, bytes, PROT_READ | PROT_WRITE) != 0) return false;
#ifdef MADV_HUGEPAGE
  ::madvise(begin, bytes, MADV_HUGEPAGE);  // a wish: where it is refused, pages are small
#endif
  return true;
}

void uncommit(std::byte* begin, size_t bytes) { map(begin, bytes, MAP_FIXED); }

void give_back(std::byte* begin, std::byte* end) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const uintptr_t first = (number(begin) + page - 1) / page * page, last = number(end) / page * page;
  if (first >= last) return;
#if defined(__linux__)
  ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
#else
  ::madvise(reinterpret_cast<void*>(first), last - first, MADV_FREE);
#endif
}

bool address_space_is_limited() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

}  // namespace da3::cpu::pages

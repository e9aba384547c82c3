// SPDX-License-Identifier: Apache-2.0
#include "cpu/memory/pooled_allocator.hpp"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <array>
#include <utility>

#include "engine/process_shared.hpp"
#include "engine_abi.hpp"

namespace da3::cpu {

namespace {

/// Smaller ones stay with the C library, which has them at hand.
constexpr size_t kLeastBytes = 4096;

thread_local MemoryUse current_use = MemoryUse::others;

constexpr size_t kMemorySets = engine::kMostMemorySets;
thread_local size_t current_set = 0;

struct Arenas {
  std::array<Arena, kMemorySets> run;
  Arena weights;

  template <class Visit>
  void each(MemoryUse use, Visit&& visit) {
    if (use == MemoryUse::weights) return visit(weights);
    for (Arena& arena : run) visit(arena);
  }
};

/// Never destroyed: tensors may be freed while static objects are.
Arenas& arenas() {
  static Arenas& instance = engine::process_shared<Arenas>("arenas of host memory");
  return instance;
}

class PooledAllocator final : public c10::Allocator {
 public:
  explicit PooledAllocator(c10::Allocator& others) : others_(others) { instance = this; }

  c10::DataPtr allocate(size_t bytes) override {
    if (current_use != MemoryUse::others && bytes >= kLeastBytes)
      if (void* block = arena_of(current_use).take(bytes)) return {block, block, &release, c10::kCPU};
    // Also where the system has no memory: the message is LibTorch's own.
    c10::DataPtr data = others_.allocate(bytes);
    // allocate() promises the one deleter that raw_deleter() tells.
    if (others_.raw_deleter()) (void)data.compare_exchange_deleter(others_.raw_deleter(), &release);
    return data;
  }

  c10::DeleterFnPtr raw_deleter() const override { return others_.raw_deleter() ? &release : nullptr; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

 private:
  static void release(void* block) {
    Arenas& all = arenas();
    for (Arena& arena : all.run)
      if (arena.owns(block)) return arena.give(block);
    if (all.weights.owns(block)) return all.weights.give(block);
    instance->others_.raw_deleter()(block);
  }

  static inline PooledAllocator* instance = nullptr;
  c10::Allocator& others_;
};

[[maybe_unused]] void* install() {
  auto* allocator = new PooledAllocator(*c10::GetAllocator(c10::kCPU));
  constexpr uint8_t highest_priority = 255;
  c10::SetCPUAllocator(allocator, highest_priority);
  return allocator;
}

}  // namespace

MemoryScope::MemoryScope(MemoryUse use) : before_(std::exchange(current_use, use)) {}
MemoryScope::~MemoryScope() { current_use = before_; }

void install_pooled_allocator() {
#ifndef DA3_SANITIZED
  (void)engine::process_shared("allocator of host memory", install);
#endif
}

void use_memory_set(uint32_t number) { current_set = number % kMemorySets; }

Arena& arena_of(MemoryUse use) {
  return use == MemoryUse::weights ? arenas().weights : arenas().run[current_set];
}

ArenaCounts count_arenas(MemoryUse use) {
  ArenaCounts sum;
  arenas().each(use, [&](const Arena& arena) {
    const ArenaCounts one = arena.counts();
    sum.used += one.used, sum.idle += one.idle, sum.peak += one.peak;
  });
  return sum;
}

void trim_arenas(MemoryUse use) {
  arenas().each(use, [](Arena& arena) { arena.trim(); });
}

}  // namespace da3::cpu

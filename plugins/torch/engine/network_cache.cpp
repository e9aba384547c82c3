// SPDX-License-Identifier: Apache-2.0
#include "engine/network_cache.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace da3::engine {

namespace {
constexpr std::chrono::milliseconds kPoll{20};
}

NetworkKey network_key(const checkpoint::FileIdentity& weights, const checkpoint::FileIdentity& config,
                       const Policy& policy, const void* owner) {
  // What is not named here counts, so that a new field of the policy keeps networks apart until it is.
  const Policy usual;
  NetworkKey key{weights, config, policy, owner};
  key.policy.interop_threads = usual.interop_threads;
  key.policy.sessions = usual.sessions;
  key.policy.thread_budget = usual.thread_budget;
  key.policy.affinity = usual.affinity;
  key.policy.cpus_each = usual.cpus_each;
  std::copy(std::begin(usual.memory_set), std::end(usual.memory_set), key.policy.memory_set);
  std::copy(std::begin(usual.cpus), std::end(usual.cpus), key.policy.cpus);
  key.policy.head_chunk_views = usual.head_chunk_views;
  key.policy.deterministic = usual.deterministic;
  key.policy.keep_scratch = usual.keep_scratch;
  key.policy.memory_limit = usual.memory_limit;
  key.policy.memory_fraction = usual.memory_fraction;
  return key;
}

NetworkCache::Shared NetworkCache::get(const NetworkKey& key, const std::function<Shared()>& make,
                                       const std::function<void()>& while_waiting) {
  std::unique_lock lock(mutex_);
  const auto find = [&] {
    return std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == key; });
  };
  for (auto entry = find(); entry != entries_.end(); entry = find()) {
    if (entry->network) {
      entries_.splice(entries_.begin(), entries_, entry);
      return entry->network;
    }
    made_.wait_for(lock, kPoll);
    lock.unlock();
    while_waiting();
    lock.lock();
  }
  entries_.push_front({key, nullptr});
  const auto mine = entries_.begin();
  lock.unlock();
  Shared network;
  try {
    network = make();
  } catch (...) {
    lock.lock();
    entries_.erase(mine);
    made_.notify_all();
    throw;
  }
  lock.lock();
  mine->network = network;
  made_.notify_all();
  return network;
}

uint64_t NetworkCache::sum_of_idle() const {
  uint64_t bytes = 0;
  for (const Entry& entry : entries_)
    if (idle(entry)) bytes += entry.network->weight_bytes();
  return bytes;
}

uint64_t NetworkCache::idle_bytes() const {
  const std::lock_guard lock(mutex_);
  return sum_of_idle();
}

uint64_t NetworkCache::shrink(uint64_t idle_bytes) {
  std::list<Entry> dropped;  // freed without the lock
  const std::lock_guard lock(mutex_);
  uint64_t left = sum_of_idle(), gone = 0;
  for (auto it = entries_.end(); it != entries_.begin() && left > idle_bytes;) {
    if (!idle(*--it)) continue;
    const uint64_t bytes = it->network->weight_bytes();
    left -= std::min(left, bytes);
    gone += bytes;
    const auto next = std::next(it);
    dropped.splice(dropped.begin(), entries_, it);
    it = next;
  }
  return gone;
}

NetworkCache& networks() {
  static NetworkCache& instance = *new NetworkCache;  // never destroyed: tensors may not outlive LibTorch
  return instance;
}

}  // namespace da3::engine

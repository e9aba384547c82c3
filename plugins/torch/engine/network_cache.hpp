// SPDX-License-Identifier: Apache-2.0
// Networks that models share: a second load of the same files under a policy that shapes weights alike gets
// the network that is there. One that no model uses stays for the next load until memory is wanted.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include "checkpoint/model_config.hpp"
#include "checkpoint/safetensors.hpp"
#include "engine/device_runtime.hpp"
#include "engine/weight_bytes.hpp"
#include "net/kernels.hpp"
#include "net/network.hpp"

namespace da3::engine {

struct SharedNetwork {
  checkpoint::ModelConfig config;
  WeightBytes bytes;
  // What made it, and makes its parts on demand: it may outlive the optimizer that it was first loaded by.
  std::shared_ptr<DeviceRuntime> runtime;
  std::shared_ptr<const net::Kernels> kernels;
  std::unique_ptr<const net::Network> network;

  uint64_t weight_bytes() const { return bytes.with(network->parts()); }
};

struct NetworkKey {
  checkpoint::FileIdentity weights, config;
  Policy policy;                ///< what does not shape weights is as in a new one
  const void* owner = nullptr;  ///< of devices whose memory belongs to one optimizer
  bool operator==(const NetworkKey&) const = default;
};

/// owner: see NetworkKey.
NetworkKey network_key(const checkpoint::FileIdentity& weights, const checkpoint::FileIdentity& config,
                       const Policy& policy, const void* owner);

/// [any thread]
class NetworkCache {
 public:
  using Shared = std::shared_ptr<const SharedNetwork>;

  /// The network of that key. Where it is not there, make() makes it; who wants it meanwhile waits, and
  /// while_waiting() is called now and then and may throw. Throws what make throws.
  Shared get(const NetworkKey& key, const std::function<Shared()>& make,
             const std::function<void()>& while_waiting);

  /// Drops networks that no model uses, those first that were asked for the longest time ago, until the rest
  /// has no more than that many bytes. The bytes that went.
  uint64_t shrink(uint64_t idle_bytes);
  uint64_t idle_bytes() const;

 private:
  struct Entry {
    NetworkKey key;
    Shared network;  ///< NULL: being made
  };
  static bool idle(const Entry& entry) { return entry.network && entry.network.use_count() == 1; }
  uint64_t sum_of_idle() const;

  mutable std::mutex mutex_;
  std::condition_variable made_;
  std::list<Entry> entries_;  ///< most recent first
};

/// Of all optimizers of this engine.
NetworkCache& networks();

}  // namespace da3::engine

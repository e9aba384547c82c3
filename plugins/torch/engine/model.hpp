// SPDX-License-Identifier: Apache-2.0
// A loaded checkpoint: the networks on the context's device and what they can do.
#pragma once

#include <da3/plugin.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/capabilities.hpp"
#include "checkpoint/model_config.hpp"
#include "engine/context.hpp"
#include "engine/network_cache.hpp"
#include "net/layers.hpp"
#include "net/network.hpp"

namespace da3::engine {

/// Polls a watch; [any thread].
class Watcher {
 public:
  explicit Watcher(const da3_watch* watch) : watch_(watch) {}
  const da3_watch* get() const { return watch_; }
  /// Throws Error(DA3_E_CANCELLED) when the host wants to stop.
  void step(const char* stage, uint64_t done, uint64_t total) const;
  /// The same without progress.
  void poll(const char* stage) const;

 private:
  const da3_watch* watch_;
};

/// The network of a checkpoint of any kind. Throws Error(DA3_E_MODEL).
std::unique_ptr<net::Network> make_network(const net::WeightSource& source,
                                           const checkpoint::ModelConfig& config);

/// What the policy's precisions are to the networks. Throws Error(DA3_E_UNSUPPORTED).
net::Precision precision_of(const Policy& policy);

class Model {
 public:
  /// Reads folder/model.safetensors and config.json. Throws Error: DA3_E_NOT_FOUND, DA3_E_MODEL,
  /// DA3_E_UNSUPPORTED.
  Model(Context& context, const std::filesystem::path& folder, const Watcher& watcher);

  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  Context& context() const { return context_; }
  const checkpoint::ModelConfig& config() const { return shared_->config; }
  const net::Network& network() const { return *shared_->network; }
  const WeightBytes& all_weight_bytes() const { return shared_->bytes; }
  uint64_t weight_bytes() const { return shared_->weight_bytes(); }
  const checkpoint::Capabilities& capabilities() const { return capabilities_; }
  /// model_describe's lines.
  const std::vector<std::pair<std::string, std::string>>& description() const { return description_; }

 private:
  NetworkCache::Shared read(const checkpoint::SafetensorsFile& file, SharedNetwork made,
                            const Watcher& watcher) const;

  Context& context_;
  NetworkCache::Shared shared_;  ///< with other models of the same files
  checkpoint::Capabilities capabilities_;
  std::vector<std::pair<std::string, std::string>> description_;
};

}  // namespace da3::engine

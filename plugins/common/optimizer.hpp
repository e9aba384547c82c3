// SPDX-License-Identifier: Apache-2.0
// An optimizer of a thin plugin: checked options and the policy that follows; the engine's side is made when
// needed.
#pragma once

#include <memory>
#include <mutex>

#include "common/host.hpp"
#include "common/option_set.hpp"

namespace da3::thin {

/// The engine's table, opened beside this plugin once per process; throws Error when it cannot be had.
const engine::Table& open_engine(const Host&);
/// The table if the engine is open, else nullptr.
const engine::Table* opened_engine() noexcept;

/// Options with their origins, then effective.* with the origin "policy".
void tell(const OptionSet&, const std::vector<KeyValue>& effective, da3_kv_sink, void* ctx);

}  // namespace da3::thin

struct da3_optimizer {
  da3_optimizer(std::shared_ptr<const da3::thin::Host>, da3::thin::DeviceId, da3::thin::OptionSet,
                da3::thin::Decision);
  ~da3_optimizer();
  da3_optimizer(const da3_optimizer&) = delete;
  da3_optimizer& operator=(const da3_optimizer&) = delete;

  /// Options, then effective.*: the engine's word replaces the policy's where it has one.
  void describe(da3_kv_sink, void* ctx);
  da3_model* load(const char* path, const da3_watch*);
  void memory(da3_memory* out);
  uint64_t trim(uint32_t level);
  /// Of da3/self_test.h, whatever the canary says.
  void self_test(const char* test, const char* model, const da3_watch*, da3_test_sink, void* ctx);

 private:
  da3::engine::Context* context();  ///< makes it
  da3::engine::Context* trusted();  ///< the same, and the canary lived on it
  void measure(const da3::engine::Table&);
  void try_canary(da3::engine::Context*);
  da3::engine::Context* made();  ///< nullptr before the first model_load

  std::shared_ptr<const da3::thin::Host> host_;
  da3::thin::DeviceId device_;
  da3::thin::OptionSet options_;
  da3::thin::Decision decision_;
  std::mutex mutex_;
  std::string canary_;  ///< what is known of it
  da3::engine::Context* context_ = nullptr;
};

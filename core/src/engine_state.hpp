// SPDX-License-Identifier: Apache-2.0
// What stands behind the handles of da3.hpp: each state owns one object of a plugin and keeps its parent
// alive.
#pragma once

#include <da3/da3.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>

#include "abi_call.hpp"
#include "backend_settings.hpp"

namespace da3::detail {

namespace isolation {
class Worker;
}

struct OptimizerState {
  std::shared_ptr<isolation::Worker> worker;  ///< empty: the plugin is in this process
  const da3_plugin* table = nullptr;
  da3_optimizer* handle = nullptr;
  BackendSettings settings;
  Choice choice;
  Choice::Candidate chosen;
  PluginInfo plugin;
  std::vector<Setting> run_options;  ///< of scope run, as the profile set them

  OptimizerState() = default;
  OptimizerState(const OptimizerState&) = delete;
  ~OptimizerState() {
    if (handle) table->optimizer_destroy(handle);
  }
  /// "backend cpu: model_load"
  std::string call(const char* function) const { return "backend " + chosen.name + ": " + function; }
};

struct ModelState {
  std::shared_ptr<OptimizerState> optimizer;
  da3_model* handle = nullptr;
  std::vector<Setting> description;

  ModelState() = default;
  ModelState(const ModelState&) = delete;
  ~ModelState() {
    if (handle) optimizer->table->model_destroy(handle);
  }
};

struct SessionState {
  std::shared_ptr<ModelState> model;
  da3_session* handle = nullptr;

  SessionState() = default;
  SessionState(const SessionState&) = delete;
  ~SessionState() {
    if (handle) model->optimizer->table->session_destroy(handle);
  }
};

/// A Watch as the ABI takes it. Exceptions of the callbacks cancel the call and are thrown by rethrow().
class WatchBridge {
 public:
  explicit WatchBridge(const Watch& watch);
  const da3_watch* get() const { return &watch_; }
  void rethrow();

  /// The bridge behind a watch that a plugin hands back; NULL when it is not one of ours.
  static WatchBridge* of(const da3_watch* watch);
  uint32_t trace_wanted() const;  ///< DA3_TRACE_* bits
  void trace(const TraceSpan& span) noexcept;

 private:
  static int32_t DA3_CALL should_cancel(void* ctx);
  void keep_exception() noexcept;

  const Watch& callbacks_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_, trace_mutex_;
  std::exception_ptr failure_;
  da3_watch watch_;
};

/// The value of a key in a description, or "".
std::string find_value(const std::vector<Setting>& settings, std::string_view key);

Memory to_memory(const da3_memory& memory);

}  // namespace da3::detail

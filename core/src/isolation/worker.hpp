// SPDX-License-Identifier: Apache-2.0
// A plugin in a process of its own: calls go out as messages, and the table looks like the plugin's.
#pragma once

#include <da3/plugin.h>
#include <da3/plugin_registry.hpp>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "isolation/message.hpp"
#include "isolation/segments.hpp"
#include "isolation/worker_process.hpp"

namespace da3::detail::isolation {

/// What to start.
struct WorkerPlan {
  std::string backend;             ///< name, for messages
  std::filesystem::path library;   ///< the plugin
  std::filesystem::path manifest;  ///< empty: none
  bool any_owner = true;          ///< false: only root and this user can have written it, or it is not loaded
  std::filesystem::path program;  ///< empty: the installed worker
  Limits limits = {};
};

/// What the plugin said about itself in the worker.
struct PluginFacts {
  std::string name, id, version, vendor, license, runtime_id, abi;
};

class Worker {
 public:
  /// Starts a process and loads the plugin in it. Throws what loading throws, without the plugin's name as
  /// load_plugin does; DA3_E_UNAVAILABLE when there is no worker, DA3_E_TIMEOUT when it does not answer.
  static std::shared_ptr<Worker> start(const WorkerPlan& plan);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  const PluginFacts& facts() const { return facts_; }
  /// As load_plugin's: members that the plugin lacks are NULL. probe, options and optimizer_create are NULL,
  /// because they name no object: the first two are da3-scan's, the last is below. Handles are valid as long
  /// as the worker lives.
  const da3_plugin* table() const { return &table_; }
  int32_t optimizer_create(const da3_kv* const* options, uint32_t count, int32_t dl_type, int32_t dl_id,
                           da3_optimizer** out, da3_error* error);

  pid_t pid() const { return process_->pid(); }
  const std::string& backend() const { return plan_.backend; }
  const Limits& limits() const { return plan_.limits; }
  WorkerProcess& process() { return *process_; }
  SegmentPool& pool() { return *pool_; }
  /// The folder that relative paths meant when the worker was started.
  const std::filesystem::path& folder() const { return folder_; }

  /// Sends a message, with the segments that the worker has not seen yet. Throws the worker's death.
  void send(Json body, std::span<const std::shared_ptr<Segment>> segments = {});
  uint64_t next_call() { return ++calls_; }
  /// Error(DA3_E_DEVICE_LOST) with the reason of the worker's end.
  Error death(const std::string& call) const;

 private:
  explicit Worker(const WorkerPlan& plan);
  void load();

  WorkerPlan plan_;
  std::filesystem::path folder_;
  std::shared_ptr<SegmentPool> pool_ = std::make_shared<SegmentPool>();
  std::shared_ptr<WorkerProcess> process_;
  std::atomic<uint64_t> calls_{0};
  PluginFacts facts_;
  da3_plugin table_{};
};

/// A call that is under way. [one thread]
class Call {
 public:
  /// Sends {"op": op, ...body}. The worker must outlive it.
  Call(Worker& worker, const char* op, Json body, std::span<const std::shared_ptr<Segment>> segments = {});
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Waits for the next answer. Throws the Error that the worker reports, or its death. watch: its callbacks
  /// are called from here; cancelling it cancels the call, and ends the worker when that does not work in
  /// time. limit: the worker is ended when it takes longer; zero: none.
  Json wait(const da3_watch* watch = nullptr, std::chrono::milliseconds limit = {});
  uint64_t id() const { return id_; }

 private:
  void poll_cancel(const da3_watch* watch);
  std::string what() const;

  Worker& worker_;
  const std::string op_;
  const uint64_t id_;
  Replies replies_;
  std::optional<Clock::time_point> cancelled_;
};

/// <prefix>/libexec/da3/da3-worker beside libda3_core.
std::filesystem::path worker_program();

}  // namespace da3::detail::isolation

// SPDX-License-Identifier: Apache-2.0
// The worker: does what the host's messages say, on a plugin that it loaded.
#pragma once

#include <da3/plugin.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "isolation/message.hpp"
#include "isolation/remote_watch.hpp"
#include "isolation/segments.hpp"
#include "isolation/worker_threads.hpp"
#include "plugin_loader.hpp"

namespace da3::detail::isolation {

/// A call that is under way in the worker, and the watch that the plugin gets.
class Running {
 public:
  /// wishes: of the host's watch; an empty object for a call without one.
  Running(uint64_t id, const Json& wishes, Channel& channel)
      : id_(id), channel_(channel), watch_(id, wishes, channel) {}
  Running(const Running&) = delete;
  const da3_watch* watch() const { return watch_.get(); }
  uint64_t id() const { return id_; }
  void cancel() { watch_.cancel(); }
  void answer(Json json) { channel_.send({{"id", id_}, {"answer", std::move(json)}}); }

  void give(Json into);
  Json wait_for_memory();  ///< what give() brings

 private:
  const uint64_t id_;
  Channel& channel_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Json> given_;
  RemoteWatch watch_;
};

class Service {
 public:
  explicit Service(Fd socket) : channel_(std::move(socket)) {}
  /// Ends when the host says so or is gone; the process's exit code.
  int serve();

 private:
  using Handler = Json (Service::*)(const Json&, Running&);
  enum class Kind { optimizer, model, session };
  struct Object {
    Kind kind;
    void* pointer;
  };

  bool handle(Message message);  // false: the end
  void take_segments(Message& message);
  void perform(Handler handler, Json body, const std::shared_ptr<Running>& call);
  static Handler handler_of(const std::string& op);

  Json load(const Json& body, Running& call);
  Json optimizer_create(const Json& body, Running& call);
  Json optimizer_describe(const Json& body, Running& call);
  Json optimizer_destroy(const Json& body, Running& call);
  Json model_load(const Json& body, Running& call);
  Json model_describe(const Json& body, Running& call);
  Json model_destroy(const Json& body, Running& call);
  Json session_create(const Json& body, Running& call);
  Json session_destroy(const Json& body, Running& call);
  Json session_run(const Json& body, Running& call);
  Json session_submit(const Json& body, Running& call);
  Json estimate(const Json& body, Running& call);
  Json memory(const Json& body, Running& call);
  Json trim(const Json& body, Running& call);

  const da3_plugin& table() const;
  std::string what(const char* function) const { return "backend " + plugin_->name + ": " + function; }
  Json add(Kind kind, void* pointer, const char* function);
  void* find(const Json& body, Kind kind);
  void* remove(const Json& body, Kind kind);
  std::shared_ptr<Segment> segment(uint64_t id);
  void keep_outputs(class ServedRun& run, Running& call);

  Channel channel_;
  WorkerThreads threads_;
  const LoadedPlugin* plugin_ = nullptr;
  std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<Running>> calls_;
  std::map<uint64_t, Object> objects_;
  std::map<uint64_t, std::shared_ptr<Segment>> segments_;
  uint64_t next_object_ = 1;
};

}  // namespace da3::detail::isolation

// SPDX-License-Identifier: Apache-2.0
// The host's side of one worker process: starts it, reads what it says, knows how it ended.
//
// One thread belongs to it. It starts the process too: Linux ends a child with the thread that started it,
// and the caller's thread may be gone long before the worker.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "isolation/channel.hpp"
#include "isolation/death.hpp"

namespace da3::detail::isolation {

using Clock = std::chrono::steady_clock;

/// How long what may take.
struct Limits {
  std::chrono::milliseconds start{30000};  ///< from the start of the process until its plugin is entered
  std::chrono::milliseconds cancel{
      5000};  ///< from a cancel until the call returns; then the process is ended
  std::chrono::milliseconds destroy{30000};  ///< of an object
  std::chrono::milliseconds end{5000};       ///< from the goodbye until the process has ended
};

/// What came for one call.
struct Replies {
  std::condition_variable ready;
  std::deque<Json> messages;
};

class WorkerProcess : public std::enable_shared_from_this<WorkerProcess> {
 public:
  /// Throws Error(DA3_E_UNAVAILABLE).
  static std::shared_ptr<WorkerProcess> start(const std::filesystem::path& program,
                                              const std::string& backend);
  /// Does not wait: call end() before the last owner goes.
  ~WorkerProcess() = default;

  Channel& channel() { return channel_; }
  pid_t pid() const { return pid_; }

  void add(uint64_t call, Replies* replies);
  void remove(uint64_t call);
  /// The next message of a call, nothing when the time is over or the process has ended without one.
  std::optional<Json> next(Replies& replies, Clock::time_point until);

  bool ended() const;
  /// "its worker process exited with code 3; its last lines: ..." once it has ended.
  std::string death() const;
  /// Ends the process; why goes into death(): "it did not stop within 5 s".
  void kill(const std::string& why) noexcept;
  /// Says goodbye and waits until the process is gone, killing it when it takes longer.
  void end(std::chrono::milliseconds limit) noexcept;

 private:
  struct Ends {
    Fd socket, out, err;  // the worker's
  };
  WorkerProcess(std::string backend, Fd socket) : backend_(std::move(backend)), channel_(std::move(socket)) {}

  void live(const std::filesystem::path& program, Ends ends);
  void read_messages(const Fd& end);
  void handle(Json message);
  bool read_output(Fd& pipe, bool is_stdout);
  void drain();
  std::optional<int> reap();
  void set_ended(const std::string& how);

  const std::string backend_;
  Channel channel_;
  Fd out_, err_;
  LastLines out_lines_, err_lines_;
  std::thread thread_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, Replies*> calls_;
  pid_t pid_ = 0;
  bool started_ = false, ended_ = false, reaped_ = false;
  std::exception_ptr start_failure_;
  std::string killed_because_, death_;
};

}  // namespace da3::detail::isolation

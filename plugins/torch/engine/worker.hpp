// SPDX-License-Identifier: Apache-2.0
// One thread that runs calls one after the other. OpenMP makes a team of threads for each thread that opens a
// parallel region, so each optimizer runs everything on one thread of its own, whatever thread the host calls
// from.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace da3::engine {

class Worker {
 public:
  Worker();
  ~Worker();  ///< finishes what was queued
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Runs body on the thread and returns when it is done; throws what it throws. [any thread but the worker's
  /// own]
  void call(const std::function<void()>& body);

 private:
  struct Job {
    const std::function<void()>* body;
    std::exception_ptr error;
    bool done = false;
  };
  void loop();

  std::mutex mutex_;
  std::condition_variable queued_, finished_;
  std::deque<Job*> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace da3::engine

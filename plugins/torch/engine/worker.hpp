// SPDX-License-Identifier: Apache-2.0
// One thread that runs calls one after the other. OpenMP makes a team of threads for each thread that opens a
// parallel region, so each lane of an optimizer runs everything on one thread of its own, whatever thread the
// host calls from.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace da3::engine {

class Worker {
 public:
  Worker();
  ~Worker();  ///< finishes what was queued
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  enum class State { queued, running, done };
  struct Job {
    std::function<void()> body;
    std::exception_ptr error;
    State state = State::queued;
  };
  using JobPtr = std::shared_ptr<Job>;

  /// Queues body and returns at once. [any thread]
  JobPtr post(std::function<void()> body);

  /// Returns when the job is done or the time is over; the job's state then. [any thread but the worker's
  /// own]
  State wait(const JobPtr& job, std::chrono::milliseconds time);

  /// Takes a job out of the queue. False: it has begun already.
  bool withdraw(const JobPtr& job);

  /// Runs body on the thread and returns when it is done; throws what it throws. while_queued is called now
  /// and then as long as other jobs are in front; what it throws ends the call, and body never runs. [any
  /// thread but the worker's own]
  void call(const std::function<void()>& body, const std::function<void()>& while_queued = {});

  /// Waits for a job until `until`, with while_queued as above. True: done, and what the job threw was
  /// thrown.
  bool finish(const JobPtr& job, const std::function<void()>& while_queued,
              std::chrono::steady_clock::time_point until);

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable queued_, finished_;
  std::deque<JobPtr> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace da3::engine

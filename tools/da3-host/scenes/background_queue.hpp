// SPDX-License-Identifier: Apache-2.0
// Jobs for threads of their own, in order, with a bound on how many wait and on what they hold.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace da3::host {

/// [any thread]
class BackgroundQueue {
 public:
  /// Jobs begin in the order in which they came. Without threads, or where none can be had, push does them.
  /// most: jobs that wait, or are being done; bytes: what all of them may hold.
  BackgroundQueue(size_t threads, size_t most, uint64_t bytes);
  ~BackgroundQueue();
  BackgroundQueue(const BackgroundQueue&) = delete;
  BackgroundQueue& operator=(const BackgroundQueue&) = delete;

  /// Returns when there is room again for what the caller does next. job must not throw.
  void push(uint64_t bytes, std::function<void()> job);

  /// Waits for all jobs; the queue cannot be used any more.
  void finish();

 private:
  struct Job {
    uint64_t bytes;
    std::function<void()> work;
  };
  void run();

  const size_t most_;
  const uint64_t most_bytes_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;  // of everything below
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  size_t count_ = 0;    ///< waiting and at work
  uint64_t bytes_ = 0;  ///< of these
  bool closed_ = false;
};

}  // namespace da3::host

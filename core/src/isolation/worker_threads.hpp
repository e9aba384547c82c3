// SPDX-License-Identifier: Apache-2.0
// Threads of a worker. Calls that come one after the other get the same thread: some libraries keep a team of
// helpers for each thread that calls them.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace da3::detail::isolation {

class WorkerThreads {
 public:
  /// Runs work on the thread that was idle last, or on a new one. They live until the process ends.
  void run(std::function<void()> work) {
    std::unique_lock lock(mutex_);
    if (idle_.empty()) {
      std::thread([this, first = std::move(work)]() mutable { live(std::move(first)); }).detach();
      return;
    }
    Idle* thread = idle_.back();
    idle_.pop_back();
    thread->work = std::move(work);
    thread->ready.notify_one();
  }

 private:
  struct Idle {
    std::condition_variable ready;
    std::function<void()> work;
  };

  void live(std::function<void()> work) {
    Idle me;
    for (;;) {
      work();
      work = nullptr;
      std::unique_lock lock(mutex_);
      idle_.push_back(&me);
      me.ready.wait(lock, [&] { return me.work != nullptr; });
      work = std::exchange(me.work, nullptr);
    }
  }

  std::mutex mutex_;
  std::vector<Idle*> idle_;
};

}  // namespace da3::detail::isolation

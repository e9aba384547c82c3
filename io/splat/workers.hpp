// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace da3::splat {

/// Threads that wait for work in common. One caller at a time.
class Workers {
 public:
  /// The caller is one of them.
  explicit Workers(int threads);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// job(0) .. job(count - 1), each once, in any order; returns when all are done. A job must not throw.
  void run(size_t count, const std::function<void(size_t)>& job);

 private:
  void wait_for_work();

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable begun_, ended_;
  const std::function<void(size_t)>* job_ = nullptr;
  size_t count_ = 0, busy_ = 0;
  uint64_t round_ = 0;
  bool over_ = false;
  std::atomic<size_t> next_{0};
};

}  // namespace da3::splat

// SPDX-License-Identifier: Apache-2.0
#include "workers.hpp"

#include <system_error>

namespace da3::splat {

Workers::Workers(int threads) {
  try {
    for (int i = 1; i < threads; ++i) threads_.emplace_back([this] { wait_for_work(); });
  } catch (const std::system_error&) {  // fewer than asked for do it too
  }
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  begun_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::run(size_t count, const std::function<void(size_t)>& job) {
  if (threads_.empty() || count < 2) {
    for (size_t i = 0; i < count; ++i) job(i);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    job_ = &job, count_ = count, busy_ = threads_.size();
    next_ = 0;
    ++round_;
  }
  begun_.notify_all();
  for (size_t i = next_++; i < count; i = next_++) job(i);
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return busy_ == 0; });
}

void Workers::wait_for_work() {
  uint64_t done = 0;
  std::unique_lock lock(mutex_);
  for (;;) {
    begun_.wait(lock, [&] { return over_ || round_ != done; });
    if (over_) return;
    done = round_;
    const auto& job = *job_;
    const size_t count = count_;
    lock.unlock();
    for (size_t i = next_++; i < count; i = next_++) job(i);
    lock.lock();
    if (--busy_ == 0) ended_.notify_one();
  }
}

}  // namespace da3::splat

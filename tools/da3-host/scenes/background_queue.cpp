// SPDX-License-Identifier: Apache-2.0
#include "scenes/background_queue.hpp"

#include <system_error>

namespace da3::host {

BackgroundQueue::BackgroundQueue(size_t threads, size_t most, uint64_t bytes)
    : most_(most), most_bytes_(bytes) {
  threads_.reserve(threads);
  try {
    for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  } catch (const std::system_error&) {  // no more to be had
  }
}

BackgroundQueue::~BackgroundQueue() { finish(); }

void BackgroundQueue::push(uint64_t bytes, std::function<void()> job) {
  if (threads_.empty()) return job();
  std::unique_lock lock(mutex_);
  jobs_.push_back({bytes, std::move(job)});
  ++count_;
  bytes_ += bytes;
  changed_.notify_all();
  changed_.wait(lock, [this] { return count_ <= most_ && bytes_ <= most_bytes_; });
}

void BackgroundQueue::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job.work();
    job.work = nullptr;  // what it holds is free before anybody is told
    lock.lock();
    --count_;
    bytes_ -= job.bytes;
    changed_.notify_all();
  }
}

void BackgroundQueue::finish() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

}  // namespace da3::host

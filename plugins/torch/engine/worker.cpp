// SPDX-License-Identifier: Apache-2.0
#include "engine/worker.hpp"

#include <algorithm>

namespace da3::engine {

namespace {
using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kPoll{20};
}  // namespace

Worker::Worker() : thread_([this] { loop(); }) {}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  queued_.notify_one();
  thread_.join();
}

Worker::JobPtr Worker::post(std::function<void()> body) {
  const auto job = std::make_shared<Job>();
  job->body = std::move(body);
  const std::lock_guard lock(mutex_);
  jobs_.push_back(job);
  queued_.notify_one();
  return job;
}

Worker::State Worker::wait(const JobPtr& job, std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  finished_.wait_for(lock, time, [&] { return job->state == State::done; });
  return job->state;
}

bool Worker::withdraw(const JobPtr& job) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find(jobs_.begin(), jobs_.end(), job);
  if (found == jobs_.end()) return false;
  jobs_.erase(found);
  return true;
}

bool Worker::finish(const JobPtr& job, const std::function<void()>& while_queued, Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    const State state = wait(job, std::clamp(left, std::chrono::milliseconds(0), kPoll));
    if (state == State::done) break;
    if (state == State::queued && while_queued) {
      try {
        while_queued();
      } catch (...) {
        if (withdraw(job)) throw;
      }
    }
    if (Clock::now() >= until) return false;
  }
  if (job->error) std::rethrow_exception(job->error);
  return true;
}

void Worker::call(const std::function<void()>& body, const std::function<void()>& while_queued) {
  finish(post(body), while_queued, Clock::time_point::max());
}

void Worker::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    queued_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const JobPtr job = jobs_.front();
    jobs_.pop_front();
    job->state = State::running;
    lock.unlock();
    std::exception_ptr error;
    try {
      job->body();
    } catch (...) {
      error = std::current_exception();
    }
    job->body = nullptr;  // what it holds goes before the waiter does
    lock.lock();
    job->error = error;
    job->state = State::done;
    finished_.notify_all();
  }
}

}  // namespace da3::engine

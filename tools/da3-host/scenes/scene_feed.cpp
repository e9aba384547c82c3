// SPDX-License-Identifier: Apache-2.0
#include "scenes/scene_feed.hpp"

#include <algorithm>
#include <system_error>

#include "exit_code.hpp"
#include "signals.hpp"

namespace da3::host {

SceneFeed::SceneFeed(const std::vector<SceneContext>& workers, const std::vector<Scene>& scenes,
                     const PipelineLimits& limits, const DoneBefore& done_before)
    : workers_(workers),
      scenes_(scenes),
      limits_(limits),
      done_before_(done_before),
      free_threads_(std::max<size_t>(limits.readers, 1)) {
  // Who waits reads too. Ahead of the run nobody waits; and a single scene has its threads by itself.
  const size_t own = limits.prefetch > 0 ? limits.readers : limits.readers - 1;
  const size_t wanted = scenes.size() > 1 ? std::min(own, scenes.size()) : 0;
  threads_.reserve(wanted);
  try {
    for (size_t i = 0; i < wanted; ++i) threads_.emplace_back([this] { read_in_background(); });
  } catch (const std::system_error&) {  // no more to be had: who waits reads
  }
}

SceneFeed::~SceneFeed() {
  stop();
  for (std::thread& thread : threads_) thread.join();
}

void SceneFeed::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
}

bool SceneFeed::stopped() const { return stop_ || broken_ || signals::caught() != 0; }

std::optional<FedScenes> SceneFeed::next() {
  Lock lock(mutex_);
  ++waiting_;
  changed_.notify_all();  // there is room for one more
  std::optional<FedScenes> fed;
  while (!stopped()) {
    if (!queue_.empty()) {
      tell(queue_.front());
      if (queue_.front().is_ready()) {
        bytes_ -= queue_.front().bytes;
        batches_ -= queue_.front().is_batch();
        fed = std::move(queue_.front().fed);
        queue_.pop_front();
        break;
      }
    } else if (all_planned()) {
      break;
    }
    if (!do_some(lock, true)) changed_.wait(lock);
  }
  --waiting_;
  changed_.notify_all();
  if (broken_) std::rethrow_exception(broken_);
  return fed;
}

void SceneFeed::read_in_background() {
  Lock lock(mutex_);
  while (!stopped() && !(queue_.empty() && all_planned()))
    if (!do_some(lock, false)) changed_.wait(lock);
}

/// False: there is nothing that this thread could do. Otherwise everything may have changed.
bool SceneFeed::do_some(Lock& lock, bool for_front) {
  if (free_threads_ == 0) return false;
  try {
    if (Entry* entry = to_read(for_front))
      read(lock, *entry);
    else if (may_plan())
      plan(lock);
    else
      return false;
  } catch (...) {
    if (!lock) lock.lock();
    broken_ = std::current_exception();
  }
  changed_.notify_all();
  return true;
}

/// The first batch with a scene that nobody reads, unless there is no room for it: none overtakes another.
SceneFeed::Entry* SceneFeed::to_read(bool only_front) {
  for (Entry& entry : queue_) {
    const bool front = &entry == &queue_.front();
    if (!front && only_front) return nullptr;
    if (entry.begun == entry.fed.scenes.size()) continue;
    const bool needed = front && waiting_ > 0;
    const bool fits = entry.bytes <= limits_.bytes && bytes_ <= limits_.bytes - entry.bytes;
    return entry.begun > 0 || needed || fits ? &entry : nullptr;
  }
  return nullptr;
}

bool SceneFeed::may_plan() const {
  return !planning_ && !all_planned() && batches_ < waiting_ + limits_.prefetch * workers_.size();
}

void SceneFeed::read(Lock& lock, Entry& entry) {
  if (entry.begun == 0) bytes_ += entry.bytes;
  const size_t unread = entry.fed.scenes.size() - entry.begun;
  LoadedScene& scene = entry.fed.scenes[entry.begun++];
  const size_t threads = std::clamp<size_t>(free_threads_ / unread, 1, scene.plan.scene->files.size());
  free_threads_ -= threads;
  lock.unlock();
  load_scene(workers_.front(), scene, static_cast<int>(threads));
  lock.lock();
  free_threads_ += threads;
  ++entry.read;
}

void SceneFeed::plan(Lock& lock) {
  planning_ = true;
  --free_threads_;
  lock.unlock();
  Entry entry = plan_next();
  lock.lock();
  ++free_threads_;
  planning_ = false;
  batches_ += entry.is_batch();
  for (const LoadedScene& scene : entry.fed.scenes) entry.bytes += bytes_to_load(scene.plan);
  queue_.push_back(std::move(entry));
}

/// The next batch, or the next scene that is none. What comes between scenes of a batch ends it, and is
/// looked at once more afterwards.
SceneFeed::Entry SceneFeed::plan_next() {
  Entry entry;
  FedScenes& fed = entry.fed;
  const auto only = [&]() -> FedScenes& {
    fed.item = ++next_;
    return fed;
  };
  for (size_t room = 1; next_ < scenes_.size() && fed.scenes.size() < room; ++next_) {
    const Scene& scene = scenes_[next_];
    if (auto before = held_ ? std::nullopt : done_before_(scene)) {
      if (fed.scenes.empty()) only().done_before = std::move(before);
      break;
    }
    try {
      ScenePlan plan = held_ ? std::move(*held_) : plan_scene(workers_.front(), scene, next_ + 1);
      held_.reset();
      if (fed.scenes.empty()) {
        room = limits_.batch;
        for (const SceneContext& worker : workers_) room = scenes_that_fit(worker, plan, room);
      } else if (!same_size(fed.scenes.front().plan, plan)) {
        held_ = std::move(plan);
        break;
      }
      fed.scenes.push_back({std::move(plan), {}, 0, nullptr});
    } catch (const PhaseError&) {
      if (fed.scenes.empty()) only().failure = std::current_exception();
      break;
    }
  }
  return entry;
}

/// Once, when somebody waits for it or takes it.
void SceneFeed::tell(Entry& entry) const {
  if (entry.told || entry.fed.done_before) return;
  entry.told = true;
  const auto begin = [&](size_t item) {
    workers_.front().progress->begin(item, scenes_.size(), scenes_[item - 1].name, "reading");
  };
  if (entry.fed.failure) begin(entry.fed.item);
  for (const LoadedScene& scene : entry.fed.scenes) begin(scene.plan.item);
}

}  // namespace da3::host

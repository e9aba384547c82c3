// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/video.hpp>

#include "ffmpeg_log.hpp"
#include "live_capture.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace da3::io {
namespace {

using std::chrono::milliseconds;
using Time = std::chrono::steady_clock;

constexpr milliseconds poll{50};
/// Drivers and hosts keep no limits that they do not know; what they are given beyond those of LiveVideo.
constexpr milliseconds grace{2000};
/// How long the end waits for a call that may just be coming back.
constexpr milliseconds farewell{1000};

/// What the thread that captures and the one that takes have in common. It belongs to both: the thread may
/// sit in a call that does not come back, and is then left alone.
struct Shared {
  explicit Shared(LiveVideo of) : video(std::move(of)) {}

  const LiveVideo video;
  std::mutex mutex;  // of everything below
  std::condition_variable changed;
  bool opened = false, stop = false, ended = false;
  std::optional<Frame> waiting;
  std::string shortfall;
  std::exception_ptr failure;
};

void capture(Shared& shared) {
  LiveCapture source(shared.video);
  std::unique_lock lock(shared.mutex);
  shared.opened = true;
  const auto began = Time::now();
  for (Frame frame;;) {
    shared.changed.notify_all();
    shared.changed.wait(lock, [&] { return shared.stop || !shared.waiting; });
    if (shared.stop) return;
    lock.unlock();
    const bool got = source.read(frame);
    frame.seconds = std::chrono::duration<double>(Time::now() - began).count();
    lock.lock();
    if (!got) {
      shared.shortfall = source.shortfall();
      return;
    }
    shared.waiting = std::exchange(frame, {});
  }
}

void run(const std::shared_ptr<Shared>& shared) {
  std::exception_ptr failure;
  try {
    capture(*shared);
  } catch (...) {
    failure = std::current_exception();
  }
  const std::lock_guard lock(shared->mutex);
  shared->failure = failure;
  shared->ended = true;
  shared->changed.notify_all();
}

class LiveSource : public FrameSource {
 public:
  explicit LiveSource(const LiveVideo& video)
      : shared_(std::make_shared<Shared>(video)), thread_([shared = shared_] { run(shared); }) {
    facts_.name = address_without_password(video.address);
    facts_.live = true;
    try {
      std::unique_lock lock(shared_->mutex);
      wait(lock, video.open_ms, [this] { return shared_->opened; });
      if (shared_->failure) std::rethrow_exception(shared_->failure);
    } catch (...) {
      leave();
      throw;
    }
  }
  ~LiveSource() override { leave(); }

  const SourceFacts& facts() const override { return facts_; }

  bool next(Frame& frame) override {
    std::unique_lock lock(shared_->mutex);
    if (!wait(lock, shared_->video.read_ms, [this] { return shared_->waiting.has_value(); })) return false;
    if (shared_->waiting) {
      frame = std::move(*shared_->waiting);
      shared_->waiting.reset();
      shared_->changed.notify_all();
      return true;
    }
    if (shared_->failure) std::rethrow_exception(shared_->failure);
    return false;
  }

  std::string shortfall() const override {
    const std::lock_guard lock(shared_->mutex);
    return shared_->shortfall;
  }

 private:
  /// Until it is there or the thread has ended. False: it should stop.
  template <class There>
  bool wait(std::unique_lock<std::mutex>& lock, int limit_ms, const There& there) {
    const auto until = Time::now() + milliseconds(limit_ms) + grace;
    while (!there() && !shared_->ended) {
      if (shared_->video.should_stop && shared_->video.should_stop()) return false;
      if (Time::now() >= until)
        throw Error(DA3_E_NOT_FOUND, "reading \"" + facts_.name + "\" failed: nothing came for " +
                                         std::to_string((limit_ms + 999) / 1000) +
                                         " s; check that it is there and on");
      shared_->changed.wait_for(lock, poll);
    }
    return true;
  }

  void leave() {
    std::unique_lock lock(shared_->mutex);
    shared_->stop = true;
    shared_->changed.notify_all();
    const bool ended = shared_->changed.wait_for(lock, farewell, [this] { return shared_->ended; });
    lock.unlock();
    if (ended)
      thread_.join();
    else
      thread_.detach();
  }

  std::shared_ptr<Shared> shared_;
  SourceFacts facts_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<FrameSource> open_live(const LiveVideo& video) {
  silence_ffmpeg();
  return std::make_unique<LiveSource>(video);
}

}  // namespace da3::io

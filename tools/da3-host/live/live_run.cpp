// SPDX-License-Identifier: Apache-2.0
#include "live/live_run.hpp"

#include <array>
#include <atomic>
#include <da3/log.hpp>
#include <memory>
#include <optional>
#include <thread>

#include "exit_code.hpp"
#include "live/depth_stream.hpp"
#include "live/latest_queue.hpp"
#include "live/live_frames.hpp"
#include "scenes/result_files.hpp"
#include "scenes/run_batch.hpp"
#include "signals.hpp"

namespace da3::host {
namespace {

constexpr size_t room = 2;  ///< frames that wait: one is read while one waits
constexpr size_t scenes_reported = 100;

/// Reads frames in a thread of its own, so that a source that does not wait is always listened to.
class Reader {
 public:
  /// ended: makes the frames stop.
  Reader(LiveFrames& frames, bool drop, std::atomic<bool>& ended)
      : frames_(frames), ended_(ended), queue_(room, drop), thread_([this] { read(); }) {}
  ~Reader() {
    ended_ = true;
    queue_.close(true);
    thread_.join();
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// Throws what ended the source.
  std::optional<LiveFrame> next() {
    std::optional<LiveFrame> frame = queue_.pop();
    if (!frame && failure_) std::rethrow_exception(failure_);
    return frame;
  }
  uint64_t dropped() const { return queue_.dropped(); }

 private:
  void read() {
    try {
      for (LiveFrame frame; frames_.next(frame);)
        if (!queue_.push(std::move(frame))) break;
    } catch (...) {
      failure_ = std::current_exception();  // read after the queue was closed
    }
    queue_.close();
  }

  LiveFrames& frames_;
  std::atomic<bool>& ended_;
  LatestQueue<LiveFrame> queue_;
  std::exception_ptr failure_;
  std::thread thread_;
};

class Live {
 public:
  Live(const SceneContext& context, const LiveArguments& arguments)
      : context_(context), arguments_(arguments) {
    if (arguments.stream_to) in_phase(Phase::output, [&] { stream_.emplace(*arguments.stream_to); });
    context_.on_prediction = [this](const io::Prediction& prediction) { send(prediction); };
  }

  LiveResult run() {
    std::atomic<bool> ended{false};
    const auto frames = open_live_frames(arguments_, *context_.io, context_.preprocess.exif_rotation,
                                         [&] { return ended || signals::caught() != 0; });
    // A source's frames come whether somebody is ready for them or not; those of a folder wait.
    Reader reader(*frames, arguments_.drop.value_or(arguments_.source.has_value()), ended);
    try {
      while (signals::caught() == 0 && !enough())
        if (auto frame = reader.next())
          take(*frame);
        else
          break;
    } catch (const PhaseError& error) {
      result_.fatal = std::current_exception();
      result_.first_failure = error.exit();
    }
    result_.dropped = reader.dropped();
    if (!result_.fatal) expect_frames();
    return std::move(result_);
  }

 private:
  bool enough() const {
    return arguments_.frames > 0 && result_.done + result_.failed >= static_cast<uint64_t>(arguments_.frames);
  }

  /// A program that was to send frames and failed shows here only.
  void expect_frames() {
    if (!arguments_.source || result_.done + result_.failed > 0 || signals::caught() != 0) return;
    const PhaseError error(Phase::input,
                           Error(DA3_E_INVALID, "--source \"" + *arguments_.source +
                                                    "\" gave no frame: it ended before its first one; look "
                                                    "what the program that sends them says"));
    result_.fatal = std::make_exception_ptr(error);
    result_.first_failure = error.exit();
  }

  void take(LiveFrame& frame) {
    number_ = frame.number, seconds_ = frame.seconds;
    const size_t item = static_cast<size_t>(result_.done + result_.failed) + 1;
    context_.progress->begin(item, 0, frame.name, "running");
    std::exception_ptr failure = frame.failure;
    SceneResult done{item, std::nullopt, failure, frame.read_ms};
    LoadedScene scene;
    if (!failure) try {
        scene = load(frame, item);
        check_file(frame.file, *scene.plan.scene);
      } catch (const PhaseError&) {
        done.failure = std::current_exception();
      }
    if (!done.failure) {
      std::vector<LoadedScene> one;
      one.push_back(std::move(scene));
      done = write_result(context_, run_batch(context_, std::move(one)).front());
    }
    tell(frame, done);
  }

  /// Only now is it known: of a followed folder the results may lie in the same one.
  void check_file(const std::filesystem::path& file, const Scene& scene) const {
    InputFiles inputs = context_.inputs ? *context_.inputs : InputFiles();
    inputs.add(file);
    check_results(inputs, context_, scene);
  }

  LoadedScene load(LiveFrame& frame, size_t item) {
    return in_phase(Phase::input, [&] {
      Scene scene;
      scene.name = frame.name, scene.folder = frame.name;
      if (!frame.file.empty()) scene.files = {frame.file};
      LoadedScene loaded;
      loaded.plan.item = item;
      loaded.plan.cameras = context_.cameras->of(scene, 1, {{frame.image.height, frame.image.width}});
      loaded.plan.scene = std::make_shared<const Scene>(std::move(scene));
      std::vector<io::Image> images;
      images.push_back(std::move(frame.image));
      loaded.views = context_.io->prepare_views(images, context_.preprocess, loaded.plan.cameras.intrinsics);
      const io::Views& views = loaded.views;
      loaded.plan.size = {views.views, views.height, views.width, views.original_sizes};
      loaded.read_ms = frame.read_ms;
      if (fits_ != std::array{views.height, views.width}) scenes_that_fit(context_, loaded.plan, 1);
      fits_ = {views.height, views.width};
      return loaded;
    });
  }

  void send(const io::Prediction& prediction) {
    if (!stream_) return;
    DepthHead head;
    head.width = static_cast<uint32_t>(prediction.width),
    head.height = static_cast<uint32_t>(prediction.height);
    head.metres = prediction.is_metric;
    head.number = static_cast<uint64_t>(number_), head.seconds = seconds_;
    stream_->write(head, prediction.depth);
  }

  /// Throws what ends the run.
  void tell(const LiveFrame& frame, SceneResult& done) {
    if (done.report) {
      ++result_.done;
      context_.progress->end(done.item, frame.name, done.milliseconds, "done", "");
      keep(std::move(*done.report));
      return;
    }
    ++result_.failed;
    try {
      std::rethrow_exception(done.failure);
    } catch (const PhaseError& error) {
      context_.progress->end(done.item, frame.name, done.milliseconds, "", error.message());
      SceneReport failed;
      failed.scene.name = frame.name, failed.scene.folder = frame.name;
      failed.failure = error.message();
      failed.phase = phase_name(error.phase());
      keep(std::move(failed));
      if (result_.first_failure == 0) result_.first_failure = error.exit();
      const bool lost = error.code() == DA3_E_DEVICE_LOST || error.code() == DA3_E_UNAVAILABLE;
      if (error.phase() == Phase::output || error.code() == DA3_E_CANCELLED || lost) throw;
    }
  }

  void keep(SceneReport report) {
    auto& scenes = result_.scenes;
    if (scenes.size() == scenes_reported) scenes.erase(scenes.begin());
    scenes.push_back(std::move(report));
  }

  SceneContext context_;
  const LiveArguments& arguments_;
  std::optional<DepthStream> stream_;
  LiveResult result_;
  int64_t number_ = 0;
  double seconds_ = 0;
  std::array<int64_t, 2> fits_{};  ///< a size that is known to fit into memory
};

}  // namespace

LiveResult run_live(const SceneContext& context, const LiveArguments& arguments) {
  LiveResult result = Live(context, arguments).run();
  log(LogLevel::info, std::to_string(result.done) + (result.done == 1 ? " frame" : " frames") + " done, " +
                          std::to_string(result.failed) + " failed, " + std::to_string(result.dropped) +
                          " dropped");
  return result;
}

}  // namespace da3::host

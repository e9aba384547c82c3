// SPDX-License-Identifier: Apache-2.0
// Reading ahead of the network and writing behind it: what goes on at the same time, and within which bounds.
// Images are a fake's, which can be made to wait; runs are the null plugin's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "abi/null_engine.hpp"
#include "exit_code.hpp"
#include "scenes/background_queue.hpp"
#include "scenes/scene_loop.hpp"

namespace da3::host {
namespace {

using testing::ElementsAre;

/// What happened, in order. Waiting ends in failure after a time that no machine needs.
class Events {
 public:
  void add(const std::string& event) {
    const std::lock_guard lock(mutex_);
    list_.push_back(event);
    changed_.notify_all();
  }
  bool wait_for(const std::string& event) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return has(event); });
  }
  bool happened(const std::string& event) {
    const std::lock_guard lock(mutex_);
    return has(event);
  }
  std::vector<std::string> beginning_with(const std::string& word) {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> some;
    for (const std::string& event : list_)
      if (event.starts_with(word)) some.push_back(event.substr(word.size() + 1));
    return some;
  }

 private:
  bool has(const std::string& event) const {
    return std::find(list_.begin(), list_.end(), event) != list_.end();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> list_;
};

/// The fake's state; the functions of its table cannot carry any.
struct Fake {
  Events events;
  std::map<std::string, std::string> waits;  ///< event to the event that it waits for
  std::set<std::string> fails, shrinks, grows, damaged;
  int32_t failure = DA3_E_INVALID;
  void reach(const std::string& event) {
    if (const auto wait = waits.find(event); wait != waits.end() && !events.wait_for(wait->second))
      events.add("too long: " + event);
    events.add(event);
    if (fails.contains(event)) throw Error(failure, event + " failed: a test asked for it; stop asking");
  }
};
Fake* fake = nullptr;

io::ViewsPlan plan_views(const std::vector<std::filesystem::path>& files, const io::PreprocessOptions&) {
  fake->reach("plan " + files.front().string());
  const auto views = static_cast<int64_t>(files.size());
  return {views, 14, 14, {files.size(), {14, 14}}};
}
io::Views load_views(const std::vector<std::filesystem::path>& files, const io::PreprocessOptions&,
                     const std::vector<io::Intrinsics>&, const std::vector<io::Lens>&) {
  fake->events.add("load " + files.front().string());
  fake->reach("loaded " + files.front().string());
  for (size_t i = 0; i < files.size(); ++i)
    if (fake->damaged.contains(files[i].string()))
      throw Error(DA3_E_INVALID, files[i].string() + " is damaged", 2, static_cast<int64_t>(i));
  io::Views views;
  const bool smaller = fake->shrinks.contains(files.front().string());
  views.views = static_cast<int64_t>(files.size()), views.height = smaller ? 7 : 14, views.width = 14;
  views.pixels.resize(static_cast<size_t>(views.views * views.height * views.width * 3));
  const int64_t original = fake->grows.contains(files.front().string()) ? 28 : 14;
  views.original_sizes = {files.size(), {original, original}};
  return views;
}
std::vector<std::filesystem::path> export_prediction(const std::vector<std::string>&,
                                                     const std::filesystem::path& folder,
                                                     const io::Prediction&, const io::ExportOptions&) {
  fake->events.add("write " + folder.filename().string());
  fake->reach("written " + folder.filename().string());
  return {folder / "depth"};
}

class Pipeline : public testing::Test {
 protected:
  Pipeline() {
    fake = &fake_;
    io_.plan_views = plan_views;
    io_.load_views = load_views;
    io_.export_prediction = export_prediction;
    for (const char name : std::string("abcdefgh"))
      scenes_.push_back({std::string{name}, std::string{name}, {std::string{name}}, scenes_.size()});
    context_.io = &io_;
    context_.model = &model_;
    context_.session = &session_;
    context_.progress = &progress_;
    context_.cameras = &cameras_;
    context_.outputs = {"depth"};
    context_.scenes = scenes_.size();
    limits_.prefetch = 2;
  }
  ~Pipeline() override { fake = nullptr; }

  LoopResult run() {
    const std::vector<SceneContext> workers{context_};
    return run_scenes(
        workers, scenes_, limits_,
        [&](const Scene& scene) -> std::optional<SceneReport> {
          if (!before_.contains(scene.name)) return std::nullopt;
          SceneReport report;
          report.scene = scene, report.recorded = "{}";
          return report;
        },
        [&](const SceneReport& scene) { noted_ += scene.scene.name; });
  }
  static std::string names(const LoopResult& result) {
    std::string all;
    for (const SceneReport& scene : result.scenes)
      all += scene.scene.name + (scene.failure.empty() ? "" : "!");
    return all;
  }

  Fake fake_;
  Events& events_ = fake_.events;
  test::NullEngine null_;
  Model model_ = null_.engine.load_model("any");
  Session session_ = model_.create_session();
  Progress progress_{ProgressMode::none, LogLevel::off, {}};
  io::Api io_{};
  KnownCameras cameras_{io_, {}};
  std::vector<Scene> scenes_;
  SceneContext context_;
  PipelineLimits limits_;
  std::set<std::string> before_;
  std::string noted_;
};

TEST_F(Pipeline, ReadsAheadWhileNobodyAsks) {
  const std::vector<SceneContext> workers{context_};
  const DoneBefore never = [](const Scene&) { return std::nullopt; };
  SceneFeed feed(workers, scenes_, limits_, never);
  for (const char* name : {"loaded a", "loaded b"}) EXPECT_TRUE(events_.wait_for(name)) << name;
  EXPECT_FALSE(events_.happened("plan c")) << "two batches are ahead";
  ASSERT_EQ(feed.next()->scenes.front().plan.item, 1u);
  EXPECT_TRUE(events_.wait_for("loaded c"));
  ASSERT_EQ(feed.next()->scenes.front().plan.item, 2u);
  EXPECT_TRUE(events_.wait_for("loaded d"));
}

TEST_F(Pipeline, ReadsOnlyWhatIsAskedForWithoutPrefetch) {
  limits_.prefetch = 0;
  limits_.readers = 4;
  limits_.batch = 3;
  const std::vector<SceneContext> workers{context_};
  const DoneBefore never = [](const Scene&) { return std::nullopt; };
  // The three of a batch at the same time: each waits for the others.
  fake_.waits = {{"loaded a", "load c"}, {"loaded b", "load a"}, {"loaded c", "load b"}};
  SceneFeed feed(workers, scenes_, limits_, never);
  EXPECT_EQ(feed.next()->scenes.size(), 3u);
  feed.stop();
  EXPECT_FALSE(events_.happened("plan d"));
  EXPECT_TRUE(events_.beginning_with("too long:").empty());
}

TEST_F(Pipeline, WhatIsTooLargeIsReadWhenItIsNeeded) {
  limits_.bytes = 100;  // a scene has 14 * 14 * 3
  const std::vector<SceneContext> workers{context_};
  const DoneBefore never = [](const Scene&) { return std::nullopt; };
  SceneFeed feed(workers, scenes_, limits_, never);
  EXPECT_TRUE(events_.wait_for("plan b"));
  ASSERT_EQ(feed.next()->scenes.size(), 1u);
  EXPECT_TRUE(events_.wait_for("plan c"));
  EXPECT_FALSE(events_.happened("load b"));
  EXPECT_EQ(names(run()), "abcdefgh");
}

TEST_F(Pipeline, WritesWhileTheNextOnesRun) {
  limits_.prefetch = 1;
  // c is planned when b has been taken, which is after a's run: serially a would be written before.
  fake_.waits = {{"written a", "plan c"}};
  EXPECT_EQ(names(run()), "abcdefgh");
  EXPECT_TRUE(events_.beginning_with("too long:").empty());
}

TEST_F(Pipeline, KeepsTheOrderHoweverLongEachReadTakes) {
  limits_.readers = 4, limits_.prefetch = 4;
  fake_.waits = {{"loaded a", "loaded b"}, {"loaded c", "loaded d"}};
  before_ = {"e"};
  fake_.fails = {"plan f", "loaded d"};
  const LoopResult result = run();
  EXPECT_EQ(names(result), "abcd!ef!gh");
  EXPECT_EQ(noted_, "abcgh");
  EXPECT_THAT(events_.beginning_with("write"), ElementsAre("a", "b", "c", "g", "h"));
  EXPECT_EQ(result.first_failure, exit_file);
  EXPECT_FALSE(result.fatal);
  EXPECT_TRUE(events_.beginning_with("too long:").empty());
}

TEST_F(Pipeline, NothingIsWrittenBehindTheSceneThatCannotBe) {
  limits_.prefetch = 4;
  fake_.fails = {"written c"};
  fake_.failure = DA3_E_NOT_FOUND;            // the disk's
  fake_.waits = {{"written c", "loaded e"}};  // the others are on their way
  const LoopResult result = run();
  EXPECT_EQ(names(result), "abc!");
  EXPECT_EQ(noted_, "ab");
  EXPECT_TRUE(result.fatal);
  EXPECT_EQ(result.first_failure, exit_file);
  EXPECT_THAT(events_.beginning_with("write"), ElementsAre("a", "b", "c"));
}

TEST_F(Pipeline, ASceneThatAFormatRefusesFailsAlone) {
  limits_.prefetch = 4;
  fake_.fails = {"written c"};
  for (const int32_t code : {DA3_E_INVALID, DA3_E_UNSUPPORTED, DA3_E_SHAPE, DA3_E_NUMERIC}) {
    fake_.failure = code;
    noted_.clear();
    const LoopResult result = run();
    EXPECT_EQ(names(result), "abc!defgh") << code;
    EXPECT_EQ(noted_, "abdefgh") << code;
    EXPECT_FALSE(result.fatal) << code;
    EXPECT_EQ(result.first_failure, exit_file) << code;
    EXPECT_EQ(result.scenes.at(2).phase, "output") << code;
  }
}

/// Written anew by somebody else: the network must not read behind its pixels, nor have cameras of another
/// size.
TEST_F(Pipeline, AFileOfAnotherSizeThanPlannedIsAFailure) {
  limits_.batch = 2;
  fake_.shrinks = {"b"};
  fake_.grows = {"d"};
  const LoopResult result = run();
  EXPECT_EQ(names(result), "ab!cd!efgh");
  for (const size_t i : {1, 3}) {
    EXPECT_THAT(result.scenes.at(i).failure, testing::HasSubstr("not as large as they were"));
  }
  EXPECT_EQ(result.first_failure, exit_file);
}

/// What only the decoder sees: the scene is smaller than its batch then, and runs by itself.
TEST_F(Pipeline, AnImageThatCannotBeDecodedLeavesItsSceneAndTheSceneItsBatch) {
  for (Scene& scene : scenes_) scene.files.push_back(scene.name + "2");
  limits_.batch = 4;
  fake_.damaged = {"b", "d", "d2"};
  const LoopResult result = run();
  EXPECT_EQ(names(result), "abcd!efgh");
  const auto expect_run = [&](size_t scene, int64_t views, int64_t batch) {
    EXPECT_EQ(result.scenes.at(scene).views, views) << scene;
    EXPECT_EQ(result.scenes.at(scene).batch, batch) << scene;
  };
  expect_run(0, 2, 2);
  expect_run(1, 1, 1);
  expect_run(2, 2, 2);
  expect_run(4, 2, 4);
  ASSERT_EQ(result.scenes.at(1).skipped.size(), 1u);
  EXPECT_EQ(result.scenes.at(1).skipped.front().file, "b");
  EXPECT_THAT(result.scenes.at(1).scene.files, ElementsAre("b2"));
  EXPECT_EQ(result.scenes.at(3).failure, "d2 is damaged") << "nothing of it is left";
}

/// Without the image the next one would get its camera.
TEST_F(Pipeline, AnImageThatCannotBeDecodedIsAFailureWhereCamerasGoByOrder) {
  io_.read_cameras = [](const std::filesystem::path&) {
    io::GivenCameras two;
    two.intrinsics.resize(2);
    return two;
  };
  io_.cameras_for = [](const io::GivenCameras& given, const std::vector<std::filesystem::path>&) {
    return given;
  };
  CameraSettings settings;
  settings.poses = "by-order.npz";
  const KnownCameras by_order(io_, settings);
  context_.cameras = &by_order;
  context_.images = 2;
  scenes_.resize(1);
  scenes_.front().files.push_back("a2");
  fake_.damaged = {"a2"};
  EXPECT_THROW(run(), PhaseError);
  EXPECT_EQ(events_.beginning_with("loaded").size(), 1u);
}

TEST_F(Pipeline, ASceneAloneThrowsItsFailure) {
  scenes_.resize(1);
  for (const char* event : {"plan a", "loaded a", "written a"}) {
    fake_.fails = {event};
    EXPECT_THROW(run(), PhaseError) << event;
  }
}

TEST(BackgroundQueue, PushWaitsForRoomInCountAndBytes) {
  for (const auto& [most, bytes] : {std::pair<size_t, uint64_t>{2, 1000}, {1000, 25}}) {
    Events events;
    BackgroundQueue queue(1, most, bytes);
    std::thread pusher([&] {
      for (int i = 0; i < 4; ++i) {
        queue.push(10, [&events, i] {
          if (i == 0) events.wait_for("go");
          events.add("done " + std::to_string(i));
        });
        events.add("pushed " + std::to_string(i));
      }
    });
    EXPECT_TRUE(events.wait_for("pushed 1"));
    EXPECT_FALSE(events.happened("pushed 2")) << "two are there, and the first cannot end";
    events.add("go");
    pusher.join();
    queue.finish();
    EXPECT_THAT(events.beginning_with("done"), ElementsAre("0", "1", "2", "3"));
  }
}

TEST(BackgroundQueue, WithoutThreadsPushDoesIt) {
  BackgroundQueue queue(0, 1, 1);
  std::thread::id who;
  queue.push(10, [&] { who = std::this_thread::get_id(); });
  EXPECT_EQ(who, std::this_thread::get_id());
}

}  // namespace
}  // namespace da3::host

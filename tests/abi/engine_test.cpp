// SPDX-License-Identifier: Apache-2.0
// Choice, policy, plan and models through the public API, on the null plugin.
#include <dlfcn.h>
#include <gmock/gmock.h>

#include <thread>

#include "null_engine.hpp"
#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using namespace test;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const PlanEntry* find(const std::vector<PlanEntry>& plan, std::string_view key) {
  for (const PlanEntry& entry : plan)
    if (entry.key == key) return &entry;
  return nullptr;
}

TEST(Registry, FindsWithoutLoadingThenProbes) {
  PluginRegistry registry({}, only_null());
  const auto found = registry.plugins();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].name, "null");
  EXPECT_EQ(found[0].id, "org.da3.null");
  EXPECT_TRUE(found[0].installed);
  EXPECT_FALSE(found[0].loaded);
  void* mapped = dlopen(DA3_NULL_PLUGIN, RTLD_NOW | RTLD_NOLOAD);
  EXPECT_EQ(mapped, nullptr) << "looking must not load";
  const auto probed = registry.devices();
  EXPECT_TRUE(probed[0].loaded);
  EXPECT_EQ(probed[0].score, 1);
  ASSERT_EQ(probed[0].devices.size(), 1u);
  EXPECT_EQ(probed[0].devices[0].name, "null device");
  EXPECT_EQ(probed[0].reason, "");
}

TEST(Registry, APluginStaysMappedWhenEverybodyIsGone) {
  if (isolated) GTEST_SKIP() << "the plugin is mapped in its worker only";
  { NullEngine gone; }
  void* mapped = dlopen(DA3_NULL_PLUGIN, RTLD_NOW | RTLD_NOLOAD);
  EXPECT_NE(mapped, nullptr);
  if (mapped) dlclose(mapped);
}

TEST(Engine, DescribesItsPolicy) {
  NullEngine null("backend: \"null\"\nthreads: 3\n");
  EXPECT_EQ(null.engine.backend(), "null");
  EXPECT_EQ(null.engine.describe().front().key, "effective.backend");
  EXPECT_EQ(null.engine.value("effective.backend"), "null");
  EXPECT_EQ(null.engine.value("effective.threads"), "3");
  EXPECT_EQ(null.engine.value("effective.precision"), "float32");
  EXPECT_EQ(null.engine.plugin().version, "0.1.0");
  EXPECT_EQ(null.engine.device().score, 1);
}

TEST(Engine, OverridesReachThePlugin) {
  EXPECT_EQ(NullEngine("threads: 3\nnull.threads: 5\n").engine.value("threads"), "5");
  EXPECT_EQ(NullEngine("threads: 3\n").engine.value("threads"), "3");
  EXPECT_EQ(NullEngine("{}").engine.value("threads"), "auto");
  EXPECT_EQ(NullEngine("\"null\": {depth: 2.5}\n").engine.value("null.depth"), "2.5");
}

TEST(Engine, PlanNamesEveryKeyWithOriginReasonAndOwner) {
  NullEngine null("threads: 3\nprocess_res: 140\nseed: 7\n");
  const auto plan = null.engine.plan();
  EXPECT_EQ(find(plan, "process_res")->value, "140");
  EXPECT_EQ(find(plan, "process_res")->origin, "p.yaml:2:1");
  EXPECT_EQ(find(plan, "format")->origin, "default");
  EXPECT_EQ(find(plan, "backend")->value, "auto");
  EXPECT_EQ(find(plan, "effective.backend")->value, "null");
  EXPECT_EQ(find(plan, "effective.backend")->reason, "highest score 1");
  EXPECT_EQ(find(plan, "threads")->value, "3");
  EXPECT_EQ(find(plan, "threads")->owner, "null");
  EXPECT_EQ(find(plan, "seed")->value, "7");
  EXPECT_EQ(find(plan, "seed")->origin, "p.yaml:3:1");
  EXPECT_EQ(find(plan, "effective.threads.reason"), nullptr) << "reasons are not settings";
  EXPECT_NE(find(NullEngine("{}").engine.plan(), "effective.threads")->reason, "");
}

TEST(Engine, ABadProfileIsReportedBeforeAMissingBackend) {
  const auto make = [](std::string_view yaml) { return message_of([&] { NullEngine null(yaml); }); };
  EXPECT_EQ(make("backend: mps\nthread: 3\n"),
            "p.yaml:2:1: unknown key \"thread\": did you mean \"threads\"?");
  EXPECT_EQ(make("threads: 65\n"),
            "p.yaml:1:1: threads: \"65\" is not auto, or a whole number from 1 to 64; change it");
  EXPECT_EQ(make("backend: mps\n"),
            "backend mps cannot be used: no plugin or manifest of that name was found; use backend: null or "
            "backend: auto");
}

TEST(Engine, AManifestAloneMakesKeysKnownAndTheBackendUnavailable) {
  TemporaryFolder folder;
  folder.write("libda3_metal.plugin.yaml",
               "name: metal\nid: x.y\nversion: 1.0.0\nabi: \"1.0\"\nlibrary: libda3_metal.dylib\ndevice: "
               "metal\nos: windows\n"
               "options: [{key: metal.cap, type: \"float[0,1]\", default: \"0.7\"}]\n");
  SearchOptions options = only_null();
  options.manifest_folders = {folder.path()};
  const auto make = [&](std::string_view yaml) {
    const Profile profile = profile_of(yaml);
    PluginRegistry registry(profile, options);
    Engine engine(registry, profile);
  };
  EXPECT_EQ(message_of([&] { make("metal.cap: 0.5\n"); }), "") << "a known backend that is not chosen";
  EXPECT_THAT(message_of([&] { make("metal.cap: 2\n"); }), HasSubstr("is not a number from 0 to 1"));
  try {
    make("backend: metal\n");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), DA3_E_UNAVAILABLE);
    EXPECT_THAT(error.message(), StartsWith("backend metal cannot be used: no Metal on this machine"));
    EXPECT_THAT(error.message(), HasSubstr("; use backend: null or backend: auto"));
  }
}

TEST(Engine, AListFallsBackWithAWarning) {
  std::vector<std::string> warnings;
  set_log_sink([&](LogLevel level, std::string_view line) {
    if (level == LogLevel::warn) warnings.emplace_back(line);
  });
  NullEngine null("backend: [cuda, \"null\"]\n");
  set_log_sink({});
  EXPECT_EQ(null.engine.backend(), "null");
  EXPECT_EQ(null.engine.value("effective.backend.reason"), "first of the list that works");
  EXPECT_THAT(warnings, ElementsAre(HasSubstr(
                            "backend cuda cannot be used: no plugin or manifest of that name was found; "
                            "falling back to null")));
}

TEST(Engine, LoadReportsProgressAndCanBeCancelled) {
  NullEngine null;
  std::vector<uint64_t> done;
  Watch watch;
  watch.progress = [&](uint64_t at, uint64_t total, std::string_view stage) {
    EXPECT_EQ(total, 2u);
    EXPECT_EQ(stage, "load");
    done.push_back(at);
  };
  null.engine.load_model("any", watch);
  EXPECT_THAT(done, ElementsAre(0, 1, 2));
  watch.should_cancel = [&] { return true; };
  try {
    null.engine.load_model("any", watch);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), DA3_E_CANCELLED);
  }
  EXPECT_THAT(message_of([&] { null.engine.load_model(""); }), HasSubstr("the path is empty"));
}

TEST(Engine, ModelDescribesItself) {
  NullEngine null;
  const Model model = null.engine.load_model("any");
  EXPECT_EQ(model.value("model.name"), "null");
  EXPECT_TRUE(model.has_capability("confidence"));
  EXPECT_FALSE(model.has_capability("pose"));
  EXPECT_FALSE(model.has_capability("nonsense"));
  EXPECT_THAT(model.outputs(), ElementsAre("depth", "confidence"));
}

TEST(Engine, MemoryIsToldOrNot) {
  NullEngine null;
  EXPECT_THAT(message_of([&] { null.engine.memory(); }), HasSubstr("does not tell its memory"));
  EXPECT_EQ(null.engine.trim(), 0u);
  const Memory memory = null.engine.load_model("any").estimate(request({"depth"}));
  EXPECT_EQ(memory.activations, 4u * 2 * 28 * 42);
  EXPECT_EQ(memory.peak, UINT64_MAX);
}

TEST(Engine, ManyThreadsShareOneRegistry) {
  const Profile profile = profile_of("backend: \"null\"\n");
  PluginRegistry registry(profile, only_null());
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 20; ++k) {
        registry.devices();
        Engine engine(registry, profile);
        Session session = engine.load_model("any").create_session();
        if (session.run(request({"depth"})).at("depth").floats()[5] == 1.0f) ++good;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 160);
}

}  // namespace
}  // namespace da3

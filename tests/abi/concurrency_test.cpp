// SPDX-License-Identifier: Apache-2.0
// Many registries, engines, models and sessions at once, on the null plugin (C) and the template's (C++
// helper). What is wrong with a value fails here; what is wrong with the order of memory fails under the
// thread sanitizer (make tsan).
#include <gmock/gmock.h>

#include <atomic>
#include <barrier>
#include <optional>
#include <thread>

#include "null_engine.hpp"

namespace da3 {
namespace {

using namespace test;
using ::testing::Each;

constexpr int kThreads = 6, kRounds = 8;

/// Runs body(thread, round) on all threads, which begin together. An exception fails the test.
template <class Body>
void together(Body&& body, int rounds = kRounds) {
  std::barrier start(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      try {
        for (int round = 0; round < rounds; ++round) body(t, round);
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
  for (std::thread& thread : threads) thread.join();
}

SearchOptions both_plugins() {
  SearchOptions options = only_null();
  options.plugin_files.push_back(DA3_PAINTER_PLUGIN_FOLDER "/libda3_painter" DA3_LIBRARY_SUFFIX);
  return options;
}

std::string profile_for(int number) {
  return number % 2 == 0 ? "backend: \"null\"\nnull.depth: " + std::to_string(number + 1) + "\n"
                         : "backend: painter\npainter: {near: 1, far: " + std::to_string(number + 1) + "}\n";
}

void expect_depth(const Tensor& depth, int number) {
  if (number % 2 == 0)
    EXPECT_THAT(depth.floats(), Each(static_cast<float>(number + 1)));
  else
    EXPECT_GT(depth.floats()[0], 1.0f);
}

TEST(Concurrency, EverythingOfOnesOwn) {
  together([](int t, int) {
    const Profile profile = profile_of(profile_for(t));
    PluginRegistry registry(profile, both_plugins());
    Engine engine(registry, profile);
    Session session = engine.load_model("any").create_session();
    expect_depth(session.run(request({"depth"})).at("depth"), t);
    EXPECT_FALSE(engine.plan().empty());
    EXPECT_EQ(registry.devices().size(), 2u);
  });
}

TEST(Concurrency, OneRegistryForAllEngines) {
  PluginRegistry registry(Profile{}, both_plugins());
  together([&](int t, int) {
    const Profile profile = profile_of(profile_for(t));
    Engine engine(registry, profile);
    expect_depth(engine.load_model("any").create_session().run(request({"depth"})).at("depth"), t);
    EXPECT_FALSE(registry.plugins().empty());
    EXPECT_EQ(registry.choose(profile).candidates.front().name, t % 2 == 0 ? "null" : "painter");
  });
}

TEST(Concurrency, OneRegistryIsFirstAskedByAllAtOnce) {
  for (int round = 0; round < kRounds; ++round) {
    PluginRegistry registry(Profile{}, both_plugins());
    together(
        [&](int t, int) {
          const std::string name = t % 2 == 0 ? "null" : "painter";
          if (t < 2) {
            EXPECT_EQ(registry.devices().size(), 2u);
          }
          if (t > 3) {
            EXPECT_STREQ(registry.table(name)->name, name.c_str());
          }
          EXPECT_EQ(registry.choose(profile_of("backend: \"" + name + "\"")).candidates.front().name, name);
        },
        1);
  }
}

TEST(Concurrency, OneModelForAllSessions) {
  for (int number : {2, 3}) {
    const Profile profile = profile_of(profile_for(number));
    PluginRegistry registry(profile, both_plugins());
    const Engine engine(registry, profile);
    const Model model = engine.load_model("any");
    together([&](int t, int) {
      Session session = model.create_session();
      RunRequest run = request({"depth", "confidence"});
      run.output_memory = t % 2 ? OutputMemory::plugin : OutputMemory::host;
      expect_depth(session.run(run).at("depth"), number);
      EXPECT_GT(model.estimate(run).activations, 0u);
      EXPECT_EQ(engine.trim(), 0u);
      EXPECT_FALSE(model.value("model.name").empty());
    });
  }
}

TEST(Concurrency, OutputsAndHandlesGoOnOtherThreads) {
  const Profile profile = profile_of(profile_for(3));
  together([&](int, int) {
    std::optional<Tensor> depth;
    std::optional<Session> session;
    std::optional<Engine> engine;
    {
      PluginRegistry registry(profile, both_plugins());
      engine.emplace(registry, profile);
      session = engine->load_model("any").create_session();
      RunRequest run = request({"depth"});
      run.output_memory = OutputMemory::plugin;
      depth = session->run(run).at("depth");
    }
    std::thread last([kept = std::move(depth), handle = std::move(session)]() mutable {
      handle.reset();
      expect_depth(*kept, 3);
    });
    engine.reset();
    last.join();
  });
}

TEST(Concurrency, WatchesOfRunsDoNotMixUp) {
  NullEngine null;
  const Model model = null.engine.load_model("any");
  together([&](int t, int) {
    Session session = model.create_session();
    RunRequest run = request({"depth", "confidence"});
    run.id = static_cast<uint64_t>(t) + 1;
    int progress = 0, spans = 0;
    run.watch.progress = [&](uint64_t, uint64_t, std::string_view) { ++progress; };
    run.watch.trace = [&](const TraceSpan& span) {
      ++spans;
      EXPECT_EQ(span.run, run.id);
    };
    session.run(run);
    EXPECT_EQ(progress, 3);
    EXPECT_EQ(spans, 2);
  });
}

TEST(Concurrency, CancelledFromAnotherThread) {
  NullEngine null;
  const Model model = null.engine.load_model("any");
  together([&](int, int) {
    std::atomic<bool> stop{false}, began{false};
    RunRequest run = request({"depth", "confidence"});
    run.watch.progress = [&](uint64_t, uint64_t, std::string_view) {
      began = true;
      while (!stop) std::this_thread::yield();
    };
    run.watch.should_cancel = [&] { return stop.load(); };
    std::thread other([&] {
      while (!began) std::this_thread::yield();
      stop = true;
    });
    Session session = model.create_session();
    int32_t code = DA3_OK;
    try {
      session.run(run);
    } catch (const Error& error) {
      code = error.code();
    }
    other.join();
    EXPECT_EQ(code, DA3_E_CANCELLED);
  });
}

TEST(Concurrency, LinesAreLoggedWhileTheSinkChanges) {
  std::atomic<int> lines{0};
  const LogLevel level = log_level();
  together([&](int t, int round) {
    if (t == 0) set_log_sink([&](LogLevel, std::string_view) { ++lines; });
    if (t == 1) set_log_level(round % 2 ? LogLevel::trace : LogLevel::off);
    const Profile profile = profile_of(profile_for(3));  // the template logs when an optimizer is made
    PluginRegistry registry(profile, both_plugins());
    Engine engine(registry, profile);
    if (t > 1) log(LogLevel::trace, "from a test");
  });
  set_log_sink({});
  set_log_level(level);
}

}  // namespace
}  // namespace da3

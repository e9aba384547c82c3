// SPDX-License-Identifier: Apache-2.0
// What a worker leaves behind (nothing), what it prints, and several of them.
#include <gmock/gmock.h>

#include <sys/wait.h>

#include <mutex>
#include <optional>

#include "abi/null_engine.hpp"
#include "isolation/own_children.hpp"

namespace da3 {
namespace {

using namespace test;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Pair;

/// A process of its own for each case: `--gtest_filter` by ctest.
TEST(Life, ThePluginIsNotLoadedHere) {
  if (!has_proc) GTEST_SKIP();
  NullEngine null;
  null.engine.load_model("any").create_session().run(request({"depth"}));
  EXPECT_FALSE(null.engine.plugin().loaded);
  EXPECT_EQ(null.engine.plugin().version, "0.1.0");
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);)
    EXPECT_EQ(line.find("libda3_null"), std::string::npos) << line;
  EXPECT_EQ(children().size(), 1u);
}

TEST(Life, DescribesItself) {
  NullEngine null;
  EXPECT_EQ(null.engine.value("effective.isolation"), "process");
  EXPECT_THAT(null.engine.value("effective.isolation.reason"), HasSubstr("process "));
  const Profile plain = Profile::from_text("backend: \"null\"\n", "p.yaml");
  PluginRegistry registry(plain, only_null());
  EXPECT_EQ(Engine(registry, plain).value("effective.isolation"), "none");
}

TEST(Life, MemoryAndTrimAreThePlugins) {
  NullEngine null;
  const Memory memory = null.engine.memory();
  EXPECT_EQ(memory.weights, 1u);
  EXPECT_EQ(memory.cache_disk, 6u);
  EXPECT_EQ(memory.limit, UINT64_MAX - 7);
  EXPECT_EQ(null.engine.trim(2), 102u);
  null.engine.load_model("any").create_session().run(request({"depth"}));
  EXPECT_GT(null.engine.trim(0), 100u + 2 * 28 * 42 * 3) << "the shared memory that lay idle counts";
}

TEST(Life, RunsUseTheSameMemoryAgain) {
  if (!has_proc) GTEST_SKIP();
  NullEngine null;
  Session session = null.engine.load_model("any").create_session();
  const auto run = [&](OutputMemory memory) {
    RunRequest asked = request({"depth", "confidence"});
    asked.output_memory = memory;
    return session.run(asked);
  };
  for (const OutputMemory memory : {OutputMemory::host, OutputMemory::plugin}) {
    run(memory);
    run(memory);
    const std::string worker = std::to_string(children().at(0));
    const auto here = shared_mappings(), there = shared_mappings(worker);
    EXPECT_FALSE(here.empty());
    EXPECT_EQ(here, there);
    for (int i = 0; i < 5; ++i) run(memory);
    EXPECT_EQ(shared_mappings(), here);
    EXPECT_EQ(shared_mappings(worker), here);
  }
  // What somebody keeps is not used again.
  const RunResult kept = run(OutputMemory::plugin);
  EXPECT_NE(kept.at("depth").data(), run(OutputMemory::plugin).at("depth").data());
}

TEST(Life, FiftyCyclesLeaveNothing) {
  if (!has_proc) GTEST_SKIP();
  const auto cycle = [] {
    NullEngine null;
    RunRequest run = request({"depth"});
    run.output_memory = OutputMemory::plugin;
    null.engine.load_model("any").create_session().run(run);
  };
  cycle();
  const size_t files = open_files(), names = entries_of("/dev/shm"), before = threads();
  for (int i = 0; i < 50; ++i) cycle();
  EXPECT_TRUE(children().empty()) << "no process, no zombie";
  EXPECT_EQ(open_files(), files);
  EXPECT_LE(entries_of("/dev/shm"), names);
  EXPECT_TRUE(shared_mappings().empty());
  EXPECT_TRUE(soon([&] { return threads() <= before; }));
}

TEST(Life, TheWorkerHasNoDescriptorOfOurs) {
  if (!has_proc) GTEST_SKIP();
  const int mine = ::dup(0);  // inheritable
  NullEngine null;
  null.engine.load_model("any");
  const std::string folder = "/proc/" + std::to_string(children().at(0)) + "/fd";
  EXPECT_EQ(entries_of(folder.c_str()), 5u) << "stdin, stdout, stderr, the socket, the plugin's own file";
  ::close(mine);
}

TEST(Life, TheTerminalsInterruptIsNotTheWorkers) {
  if (!has_proc) GTEST_SKIP();
  NullEngine null;
  const pid_t worker = children().at(0);
  EXPECT_NE(::getpgid(worker), ::getpgrp());
  ::kill(worker, SIGINT);
  EXPECT_EQ(null.engine.memory().weights, 1u);
}

TEST(Life, TwoEnginesHaveAWorkerEach) {
  NullEngine one("null.depth: 1\n"), two("null.depth: 2\n");
  if (has_proc) {
    EXPECT_EQ(children().size(), 2u);
  }
  Session first = one.engine.load_model("any").create_session(),
          second = two.engine.load_model("any").create_session();
  std::thread other([&] {
    for (int i = 0; i < 20; ++i) EXPECT_THAT(second.run(request({"depth"})).at("depth").floats(), Each(2.0f));
  });
  for (int i = 0; i < 20; ++i) EXPECT_THAT(first.run(request({"depth"})).at("depth").floats(), Each(1.0f));
  other.join();
  EXPECT_ANY_THROW(one.engine.load_model("exit-load"));
  EXPECT_THAT(second.run(request({"depth"})).at("depth").floats(), Each(2.0f))
      << "one's end is not the other's";
}

TEST(Life, SessionsOfOneWorkerRunAtTheSameTime) {
  NullEngine null("null.depth: 3\n");
  const Model model = null.engine.load_model("any");
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&, i] {
      Session session = model.create_session();
      RunRequest run = request({"depth", "confidence"});
      run.output_memory = i % 2 ? OutputMemory::plugin : OutputMemory::host;
      for (int k = 0; k < 20; ++k) EXPECT_THAT(session.run(run).at("depth").floats(), Each(3.0f));
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(Life, AnEngineOutlivesTheThreadThatMadeIt) {
  std::optional<NullEngine> null;
  std::thread([&] { null.emplace(); }).join();
  EXPECT_EQ(null->engine.memory().weights, 1u) << "on Linux a child can die with the thread that started it";
}

TEST(Life, WhatAPluginPrintsGoesToTheLog) {
  std::mutex mutex;
  std::vector<std::pair<LogLevel, std::string>> lines;
  set_log_level(LogLevel::info);
  set_log_sink([&](LogLevel level, std::string_view line) {
    const std::lock_guard lock(mutex);
    lines.emplace_back(level, line);
  });
  testing::internal::CaptureStdout();
  {
    NullEngine null;
    null.engine.load_model("print-run").create_session().run(request({"depth"}));
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  set_log_sink({});
  set_log_level(LogLevel::warn);
  EXPECT_THAT(lines, Contains(Pair(LogLevel::info, "null (stdout): on stdout")));
  EXPECT_THAT(lines, Contains(Pair(LogLevel::warn, "null: on stderr")));
  EXPECT_THAT(lines, Contains(Pair(LogLevel::warn, "null: in the log")));
}

/// A host that is killed takes its worker along.
TEST(Life, TheWorkerEndsWithItsHost) {
  if (!has_proc) GTEST_SKIP();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t host = ::fork();
  if (host == 0) {
    NullEngine null;
    Model model = null.engine.load_model("any");
    const pid_t worker = children().at(0);
    if (::write(ends[1], &worker, sizeof worker) < 0) _exit(1);
    ::pause();
    _exit(0);
  }
  pid_t worker = 0;
  ASSERT_EQ(::read(ends[0], &worker, sizeof worker), static_cast<ssize_t>(sizeof worker));
  EXPECT_EQ(::kill(worker, 0), 0);
  ::kill(host, SIGKILL);
  int status = 0;
  ::waitpid(host, &status, 0);
  const std::string file = "/proc/" + std::to_string(worker) + "/stat";
  EXPECT_TRUE(soon([&] {
    std::ifstream stat(file);
    std::string text;
    return !std::getline(stat, text) || text.find(") Z") != std::string::npos;
  }));
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace da3

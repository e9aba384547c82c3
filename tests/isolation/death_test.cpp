// SPDX-License-Identifier: Apache-2.0
// A plugin that ends its process, in every place: an error with the reason, and a host that goes on.
#include <gmock/gmock.h>

#include <optional>

#include "abi/null_engine.hpp"
#include "isolation/own_children.hpp"
#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using namespace test;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;

template <class Body>
Error error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  return Error(DA3_OK, "no error");
}

/// One that was made afterwards works: the host has lived on.
void expect_that_a_new_engine_works() {
  NullEngine null;
  EXPECT_THAT(null.engine.load_model("any").create_session().run(request({"depth"})).at("depth").floats(),
              Each(1.0f));
}

TEST(Death, AbortInLoadIsAnErrorWithTheLastWords) {
  NullEngine null;
  const Error error = error_of([&] { null.engine.load_model("/x/abort-load"); });
  EXPECT_EQ(error.code(), DA3_E_DEVICE_LOST);
  EXPECT_THAT(error.message(),
              AllOf(HasSubstr("backend null: model_load failed: its worker process was ended by SIGABRT"),
                    HasSubstr("first line | assertion failed: the vendor's library"),
                    HasSubstr("; make a new Engine")));
  expect_that_a_new_engine_works();
}

TEST(Death, ExitInLoadTellsTheCode) {
  NullEngine null;
  EXPECT_THAT(error_of([&] { null.engine.load_model("/x/exit-load"); }).message(),
              HasSubstr("exited with code 3"));
}

TEST(Death, OfARun) {
  const std::pair<const char*, const char*> cases[] = {
      {"abort-run", "was ended by SIGABRT"}, {"segv-run", "was ended by SIGSEGV"},
      {"exit-run", "exited with code 4"},    {"fork-run", "exited with code 5"},
      {"close-run", "exited with code 1"},   {"garbage-run", "it sent something that is no message"}};
  for (const auto& [path, words] : cases) {
    SCOPED_TRACE(path);
    NullEngine null;
    Model model = null.engine.load_model(path);
    Session session = model.create_session();
    const Error error = error_of([&] { session.run(request({"depth"})); });
    EXPECT_EQ(error.code(), DA3_E_DEVICE_LOST);
    EXPECT_THAT(error.message(), AllOf(HasSubstr("session_run failed"), HasSubstr(words)));
    // Sticky: every later call says the same, at once.
    EXPECT_THAT(error_of([&] { session.run(request({"depth"})); }).message(), HasSubstr(words));
    EXPECT_EQ(error_of([&] { model.create_session(); }).code(), DA3_E_DEVICE_LOST);
    EXPECT_EQ(error_of([&] { null.engine.load_model("any"); }).code(), DA3_E_DEVICE_LOST);
    EXPECT_EQ(error_of([&] { null.engine.memory(); }).code(), DA3_E_DEVICE_LOST);
    EXPECT_EQ(error_of([&] { null.engine.trim(); }).code(), DA3_E_DEVICE_LOST);
  }
  expect_that_a_new_engine_works();
}

TEST(Death, TakesItsChildrenAlong) {
  if (!has_proc) GTEST_SKIP() << "finds the worker by /proc";
  NullEngine null;
  Session session = null.engine.load_model("fork-run").create_session();
  const pid_t group = children().at(0);
  EXPECT_THAT(error_of([&] { session.run(request({"depth"})); }).message(), HasSubstr("exited with code 5"));
  EXPECT_TRUE(soon([&] { return ::kill(-group, 0) != 0; }));
}

TEST(Death, KilledInTheMiddleOfARun) {
  if (!has_proc) GTEST_SKIP() << "finds the worker by /proc";
  NullEngine null;
  Session session = null.engine.load_model("slow-run").create_session();
  RunRequest run = request({"depth"});
  run.watch.progress = [](uint64_t, uint64_t, std::string_view stage) {
    EXPECT_EQ(stage, "waiting");
    for (const pid_t worker : children()) ::kill(worker, SIGKILL);
  };
  const Error error = error_of([&] { session.run(run); });
  EXPECT_EQ(error.code(), DA3_E_DEVICE_LOST);
  EXPECT_THAT(error.message(), HasSubstr("was ended by SIGKILL"));
  expect_that_a_new_engine_works();
}

TEST(Death, OutputsOfThePluginOutliveTheWorker) {
  NullEngine null("null.depth: 7\n");
  RunRequest run = request({"depth", "confidence"});
  run.output_memory = OutputMemory::plugin;
  std::optional<RunResult> result = null.engine.load_model("any").create_session().run(run);
  EXPECT_EQ(error_of([&] { null.engine.load_model("exit-load"); }).code(), DA3_E_DEVICE_LOST);
  EXPECT_THAT(result->at("depth").floats(), Each(7.0f));
  EXPECT_THAT(result->at("confidence").floats(), Each(1.0f));
}

TEST(Death, InProbeIsAReasonNotToUseTheBackend) {
  ::setenv("FATAL_AT", "probe-abort", 1);
  const Error error = error_of([] { NullEngine null; });
  ::unsetenv("FATAL_AT");
  EXPECT_EQ(error.code(), DA3_E_UNAVAILABLE);
  EXPECT_THAT(error.message(),
              AllOf(HasSubstr("backend null cannot be used: it crashed (SIGABRT) in its probe"),
                    HasSubstr("assertion failed: the vendor's library")));
}

TEST(Cancel, OfARunAndALoadIsQuickAndLeavesEverythingUsable) {
  NullEngine null;
  Watch watch;
  std::atomic<bool> stop{false};
  watch.should_cancel = [&] { return stop.load(); };
  watch.progress = [&](uint64_t, uint64_t, std::string_view stage) { stop = stop || stage == "waiting"; };
  EXPECT_EQ(error_of([&] { null.engine.load_model("slow-load", watch); }).code(), DA3_E_CANCELLED);
  Session session = null.engine.load_model("slow-run").create_session();
  RunRequest run = request({"depth"});
  run.watch = watch;
  for (const OutputMemory memory : {OutputMemory::host, OutputMemory::plugin}) {
    run.output_memory = memory;
    stop = false;
    const Error error = error_of([&] { session.run(run); });
    EXPECT_EQ(error.code(), DA3_E_CANCELLED);
    EXPECT_EQ(error.message(), "it was cancelled") << "the plugin's own words: it was not ended";
  }
  EXPECT_EQ(null.engine.memory().weights, 1u);
}

}  // namespace
}  // namespace da3

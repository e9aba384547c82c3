// SPDX-License-Identifier: Apache-2.0
// A worker by itself: limits, submitted runs, a program that is none, a message that asks for what is not
// there.
#include <gmock/gmock.h>

#include "abi_call.hpp"
#include "isolation/own_children.hpp"
#include "isolation/proxy.hpp"
#include "isolation/worker.hpp"
#include "support/temporary_folder.hpp"

namespace da3::detail::isolation {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;

WorkerPlan plan() { return {"null", DA3_NULL_PLUGIN, {}, {}, {}}; }

template <class Body>
Error error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  return Error(DA3_OK, "no error");
}

/// Objects of a worker's plugin, by its table.
class Objects : public testing::Test {
 protected:
  void load(const char* path, Limits limits = {}) {
    WorkerPlan mine = plan();
    mine.limits = limits;
    worker = Worker::start(mine);
    CallError error;
    ASSERT_EQ(worker->optimizer_create(nullptr, 0, 1, 0, &optimizer, error.get()), DA3_OK);
    ASSERT_EQ(table().model_load(optimizer, path, nullptr, &model, error.get()), DA3_OK);
    ASSERT_EQ(table().session_create(model, &session, error.get()), DA3_OK);
  }
  ~Objects() override {
    if (!worker) return;
    table().session_destroy(session);
    table().model_destroy(model);
    table().optimizer_destroy(optimizer);
  }
  const da3_plugin& table() const { return *worker->table(); }

  std::shared_ptr<Worker> worker;
  da3_optimizer* optimizer = nullptr;
  da3_model* model = nullptr;
  da3_session* session = nullptr;
};

/// One view of 14 x 14; the plugin makes the depth.
struct SmallRun {
  SmallRun() {
    image.name = "image", image.data = pixels.data(), image.dl_type = 1;
    image.ndim = 5, image.shape = shape, image.code = 1, image.bits = 8, image.lanes = 1;
    depth.name = "depth", depth.dl_type = 1;
    run.in = inputs, run.n_in = 1, run.out = outputs, run.n_out = 1;
  }
  SmallRun(const SmallRun&) = delete;
  ~SmallRun() {
    if (depth.release) depth.release(&depth);
  }
  std::vector<uint8_t> pixels = std::vector<uint8_t>(14 * 14 * 3);
  int64_t shape[5] = {1, 1, 14, 14, 3};
  da3_tensor image = zeroed<da3_tensor>(), depth = zeroed<da3_tensor>();
  const da3_tensor* inputs[1] = {&image};
  da3_tensor* outputs[1] = {&depth};
  da3_run run = zeroed<da3_run>();
};

TEST_F(Objects, SubmittedRuns) {
  load("any");
  SmallRun first, second;
  CallError error;
  da3_ticket *one = nullptr, *two = nullptr;
  ASSERT_EQ(table().session_submit(session, &first.run, &one, error.get()), DA3_OK);
  ASSERT_EQ(table().session_submit(session, &second.run, &two, error.get()), DA3_OK);
  EXPECT_EQ(table().ticket_wait(two, UINT64_MAX, error.get()), DA3_OK);
  EXPECT_EQ(table().ticket_wait(one, UINT64_MAX, error.get()), DA3_OK);
  for (const SmallRun* run : {&first, &second}) {
    ASSERT_NE(run->depth.data, nullptr);
    EXPECT_EQ(run->depth.ndim, 4);
    EXPECT_EQ(static_cast<float*>(run->depth.data)[195], 1.0f);
  }
}

TEST_F(Objects, ASubmitIsRefusedAtOnce) {
  load("busy-run");
  SmallRun run;
  CallError error;
  da3_ticket* ticket = nullptr;
  EXPECT_EQ(table().session_submit(session, &run.run, &ticket, error.get()), DA3_E_BUSY);
  EXPECT_EQ(ticket, nullptr);
  EXPECT_THAT(error.message(DA3_E_BUSY, ""), HasSubstr("too many runs are submitted"));
}

TEST_F(Objects, ASubmittedRunTellsItsErrorWhenItIsWaitedFor) {
  load("abort-run");
  SmallRun run;
  CallError error;
  da3_ticket* ticket = nullptr;
  ASSERT_EQ(table().session_submit(session, &run.run, &ticket, error.get()), DA3_OK);
  EXPECT_EQ(table().ticket_wait(ticket, UINT64_MAX, error.get()), DA3_E_DEVICE_LOST);
  EXPECT_THAT(error.message(DA3_E_DEVICE_LOST, ""), HasSubstr("SIGABRT"));
  EXPECT_EQ(run.depth.data, nullptr);
}

TEST_F(Objects, ASubmittedRunIsCancelledByItsWatch) {
  load("slow-run");
  SmallRun run;
  da3_watch watch = zeroed<da3_watch>();
  std::atomic<int> stop{0};
  watch.ctx = &stop;
  watch.should_cancel = [](void* ctx) -> int32_t { return *static_cast<std::atomic<int>*>(ctx); };
  run.run.watch = &watch;
  CallError error;
  da3_ticket* ticket = nullptr;
  ASSERT_EQ(table().session_submit(session, &run.run, &ticket, error.get()), DA3_OK);
  EXPECT_EQ(table().ticket_wait(ticket, 100, error.get()), DA3_E_TIMEOUT) << "and it is still good";
  stop = 1;
  EXPECT_EQ(table().ticket_wait(ticket, UINT64_MAX, error.get()), DA3_E_CANCELLED);
}

TEST_F(Objects, OneThatDoesNotObeyACancelIsEnded) {
  Limits limits;
  limits.cancel = milliseconds(300);
  load("hang-run", limits);
  SmallRun run;
  da3_watch watch = zeroed<da3_watch>();
  std::atomic<int> stop{0};
  watch.ctx = &stop;
  watch.should_cancel = [](void* ctx) -> int32_t { return *static_cast<std::atomic<int>*>(ctx); };
  watch.progress = [](void* ctx, uint64_t, uint64_t, const char*) {
    *static_cast<std::atomic<int>*>(ctx) = 1;
  };
  run.run.watch = &watch;
  CallError error;
  EXPECT_EQ(table().session_run(session, &run.run, error.get()), DA3_E_CANCELLED);
  EXPECT_THAT(error.message(DA3_E_CANCELLED, ""), HasSubstr("did not stop within 0.3 s"));
  EXPECT_TRUE(test::soon([&] { return worker->process().ended(); }));
  CallError later;
  EXPECT_EQ(table().session_run(session, &run.run, later.get()), DA3_E_DEVICE_LOST);
  EXPECT_THAT(later.message(DA3_E_DEVICE_LOST, ""),
              HasSubstr("did not stop within 0.3 s of being cancelled"));
}

TEST_F(Objects, ErrorsComeWithKindAndIndex) {
  load("any");
  SmallRun run;
  run.depth.name = "sky";
  CallError error;
  EXPECT_EQ(table().session_run(session, &run.run, error.get()), DA3_E_INVALID);
  EXPECT_EQ(error.get()->kind, 3);
  EXPECT_EQ(error.get()->index, 0);
  run.depth.name = "depth";
  run.shape[2] = -14;
  EXPECT_EQ(table().session_run(session, &run.run, error.get()), DA3_E_SHAPE);
  EXPECT_EQ(error.get()->kind, 2);
  EXPECT_EQ(table().session_run(nullptr, &run.run, error.get()), DA3_E_INVALID);
}

TEST_F(Objects, TheWorkerChecksWhatItIsAskedFor) {
  load("any");
  const auto ask = [&](const char* op, const Json& body) {
    return error_of([&] { Call(*worker, op, body).wait(); });
  };
  EXPECT_THAT(ask("model_describe", {{"object", 999}}).message(), HasSubstr("no such object"));
  EXPECT_THAT(ask("model_describe", {{"object", reinterpret_cast<Remote*>(session)->id}}).message(),
              HasSubstr("no such object"));
  const Json tensor{{"name", "image"}, {"code", 1}, {"bits", 8}, {"lanes", 1}, {"shape", {1, 1, 14, 14, 3}},
                    {"at", 1 << 30}};
  Json run{{"object", reinterpret_cast<Remote*>(session)->id},
           {"in", Json::array({tensor})},
           {"out", Json::array()},
           {"options", Json::array()},
           {"run", 1}};
  EXPECT_THAT(ask("session_run", run).message(), HasSubstr("without shared memory"));
  run["segment"] = 77;
  EXPECT_THAT(ask("session_run", run).message(), HasSubstr("not known"));
  const std::shared_ptr<Segment> segment = worker->pool().take(100);
  run["segment"] = segment->id();
  EXPECT_THAT(error_of([&] {
                Call(*worker, "session_run", run, {&segment, 1}).wait();
              }).message(),
              HasSubstr("lies outside of its shared memory"));
  run.erase("in");
  EXPECT_EQ(ask("session_run", run).code(), DA3_E_INTERNAL);
}

TEST(Start, APluginThatHangsHasATimeLimit) {
  ::setenv("FATAL_AT", "entry-hang", 1);
  WorkerPlan mine = plan();
  mine.limits.start = milliseconds(400);
  const Error error = error_of([&] { Worker::start(mine); });
  ::unsetenv("FATAL_AT");
  EXPECT_EQ(error.code(), DA3_E_TIMEOUT);
  EXPECT_THAT(error.message(), HasSubstr("its load failed: its worker process did not answer within 1 s"));
  EXPECT_TRUE(!test::has_proc || test::children().empty());
}

TEST(Start, AProgramThatIsMissingOrNotAWorker) {
  WorkerPlan mine = plan();
  mine.program = "/no/such/da3-worker";
  Error error = error_of([&] { Worker::start(mine); });
  EXPECT_EQ(error.code(), DA3_E_UNAVAILABLE);
  EXPECT_THAT(error.message(), AllOf(HasSubstr("/no/such/da3-worker cannot be started: No such file"),
                                     HasSubstr("set isolation: none")));
  mine.program = "/bin/false";
  error = error_of([&] { Worker::start(mine); });
  EXPECT_EQ(error.code(), DA3_E_DEVICE_LOST);
  EXPECT_THAT(error.message(), HasSubstr("exited with code 1"));
}

TEST(Start, ALibraryThatIsNoPluginIsRefusedInItsWords) {
  test::TemporaryFolder folder;
  WorkerPlan mine = plan();
  mine.library = folder.write("libda3_null.so", "no library");
  EXPECT_EQ(error_of([&] { Worker::start(mine); }).code(), DA3_E_UNAVAILABLE);
}

}  // namespace
}  // namespace da3::detail::isolation

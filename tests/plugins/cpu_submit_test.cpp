// SPDX-License-Identifier: Apache-2.0
// Submitted runs of the cpu plugin: order, waiting, cancelling, and what outlives what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "support/abi_client.hpp"
#include "support/golden_case.hpp"

namespace da3 {
namespace {

using testing::HasSubstr;

constexpr uint64_t kForever = UINT64_MAX;

/// A run of two small views whose depth goes into memory of its own.
struct SmallRun {
  explicit SmallRun(uint8_t grey, int64_t side = 28)
      : image_shape{1, 2, side, side, 3},
        depth_shape{1, 2, side, side},
        pixels(static_cast<size_t>(2 * side * side * 3), grey),
        depth(static_cast<size_t>(2 * side * side)) {
    pixels[0] = 255;
    image = test::tensor("image", pixels.data(), 1, 8, image_shape);
    output = test::tensor("depth", depth.data(), 2, 32, depth_shape);
    in[0] = &image;
    out[0] = &output;
    run.in = in;
    run.out = out;
    run.n_in = run.n_out = 1;
    watch.ctx = this;
    watch.should_cancel = [](void* self) -> int32_t { return static_cast<SmallRun*>(self)->cancel; };
    watch.progress = [](void* self, uint64_t, uint64_t, const char*) {
      ++static_cast<SmallRun*>(self)->steps;
    };
    run.watch = &watch;
  }
  SmallRun(const SmallRun&) = delete;

  std::vector<int64_t> image_shape, depth_shape;
  std::vector<uint8_t> pixels;
  std::vector<float> depth;
  da3_tensor image{}, output{};
  const da3_tensor* in[1]{};
  da3_tensor* out[1]{};
  std::atomic<int32_t> cancel{0}, steps{0};
  da3_watch watch = test::made<da3_watch>();
  da3_run run = test::made<da3_run>();
};

class Submit : public testing::Test {
 protected:
  Submit() : plugin(test::open_plugin("cpu")), model(plugin, {}, test::checkpoint_folder("tiny").string()) {}

  da3_ticket* submit(SmallRun& run) {
    da3_ticket* ticket = nullptr;
    const test::Answer answer =
        test::ask([&](da3_error* e) { return plugin.session_submit(model.session(), &run.run, &ticket, e); });
    EXPECT_EQ(answer.code, DA3_OK) << answer.message;
    return ticket;
  }
  test::Answer wait(da3_ticket* ticket, uint64_t milliseconds = kForever) {
    return test::ask([&](da3_error* e) { return plugin.ticket_wait(ticket, milliseconds, e); });
  }
  std::vector<float> run_now(uint8_t grey) {
    SmallRun run(grey);
    EXPECT_EQ(plugin.session_run(model.session(), &run.run, nullptr), DA3_OK);
    return run.depth;
  }

  const da3_plugin& plugin;
  test::AbiModel model;
};

TEST_F(Submit, GivesWhatARunGives) {
  const std::vector<float> a = run_now(10), b = run_now(200);
  ASSERT_NE(a, b);
  SmallRun first(10), second(200);
  da3_ticket* one = submit(first);
  da3_ticket* two = submit(second);
  EXPECT_EQ(wait(one).code, DA3_OK);
  EXPECT_EQ(wait(two).code, DA3_OK);
  EXPECT_EQ(first.depth, a);
  EXPECT_EQ(second.depth, b);
}

TEST_F(Submit, MayBeWaitedForInAnyOrder) {
  SmallRun first(10), second(200);
  da3_ticket* one = submit(first);
  da3_ticket* two = submit(second);
  EXPECT_EQ(wait(two).code, DA3_OK);
  EXPECT_EQ(wait(one).code, DA3_OK);
  EXPECT_EQ(first.depth, run_now(10));
}

TEST_F(Submit, TellsAtTheWaitWhatIsWrong) {
  SmallRun run(10);
  run.output.name = "dept";
  const test::Answer answer = wait(submit(run));
  EXPECT_EQ(answer.code, DA3_E_INVALID);
  EXPECT_EQ(answer.kind, 3);
  EXPECT_EQ(answer.index, 0);
  EXPECT_THAT(answer.message, HasSubstr("did you mean 'depth'"));
}

TEST_F(Submit, TimesOutAndGoesOn) {
  SmallRun run(10, 280);
  da3_ticket* ticket = submit(run);
  const test::Answer answer = wait(ticket, 0);
  EXPECT_EQ(answer.code, DA3_E_TIMEOUT) << answer.message;
  EXPECT_THAT(answer.message, HasSubstr("wait again"));
  EXPECT_EQ(wait(ticket).code, DA3_OK);
  EXPECT_GT(run.depth.front(), 0.0f);
}

TEST_F(Submit, RefusesMoreThanItQueues) {
  std::vector<std::unique_ptr<SmallRun>> runs;
  std::vector<da3_ticket*> tickets;
  test::Answer answer;
  while (runs.size() < 20) {
    runs.push_back(std::make_unique<SmallRun>(10, 140));
    da3_ticket* ticket = nullptr;
    answer = test::ask(
        [&](da3_error* e) { return plugin.session_submit(model.session(), &runs.back()->run, &ticket, e); });
    if (answer.code != DA3_OK) {
      EXPECT_EQ(ticket, nullptr);
      break;
    }
    tickets.push_back(ticket);
  }
  EXPECT_EQ(answer.code, DA3_E_BUSY) << answer.message;
  EXPECT_GE(tickets.size(), 2u);
  for (da3_ticket* ticket : tickets) EXPECT_EQ(wait(ticket).code, DA3_OK);
  EXPECT_EQ(wait(submit(*runs.front())).code, DA3_OK);
}

TEST_F(Submit, CancelsARunThatWaitsForItsTurn) {
  SmallRun first(10, 280), second(200);
  da3_ticket* one = submit(first);
  da3_ticket* two = submit(second);
  second.cancel = 1;
  EXPECT_EQ(wait(two).code, DA3_E_CANCELLED);
  EXPECT_EQ(second.steps, 0) << "it began";
  EXPECT_EQ(wait(one).code, DA3_OK);
}

TEST_F(Submit, CancelsARunThatIsOnItsWay) {
  SmallRun run(10, 280);
  da3_ticket* ticket = submit(run);
  while (run.steps == 0) std::this_thread::yield();
  run.cancel = 1;
  EXPECT_EQ(wait(ticket).code, DA3_E_CANCELLED);
  EXPECT_EQ(run_now(10), run_now(10));
}

TEST_F(Submit, ARunThatWaitsForAnotherSessionsRunCanBeCancelled) {
  da3_session* other = nullptr;
  ASSERT_EQ(plugin.session_create(model.model(), &other, nullptr), DA3_OK);
  SmallRun first(10, 280), second(200);
  da3_ticket* one = submit(first);
  second.cancel = 1;
  EXPECT_EQ(plugin.session_run(other, &second.run, nullptr), DA3_E_CANCELLED);
  EXPECT_EQ(wait(one).code, DA3_OK);
  plugin.session_destroy(other);
}

TEST_F(Submit, NothingIsRefusedWithAReason) {
  da3_ticket* ticket = nullptr;
  SmallRun run(10);
  EXPECT_EQ(plugin.session_submit(nullptr, &run.run, &ticket, nullptr), DA3_E_INVALID);
  EXPECT_EQ(plugin.session_submit(model.session(), nullptr, &ticket, nullptr), DA3_E_INVALID);
  EXPECT_EQ(plugin.session_submit(model.session(), &run.run, nullptr, nullptr), DA3_E_INVALID);
  EXPECT_EQ(plugin.ticket_wait(nullptr, 0, nullptr), DA3_E_INVALID);
}

}  // namespace
}  // namespace da3

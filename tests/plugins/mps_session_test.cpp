// SPDX-License-Identifier: Apache-2.0
// The mps engine's session path on the host: its kernels in each precision against upstream's numbers, memory
// that is short, one run at a time, the cache by policy, what it tells.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "plugins/mps_session.hpp"

namespace da3 {
namespace {

using engine::Precision;
using test::Case;
using test::expect_upstreams;
using test::full;
using test::hooks;
using test::metal_policy;
using test::SubmittedRun;
using testing::HasSubstr;

class Session : public testing::TestWithParam<const char*> {};

TEST_P(Session, IsUpstreams) {
  const Case c(GetParam());
  test::AbiModel model(test::engine_plugin(metal_policy()), {}, c.folder());
  const int before = hooks().synchronized;
  auto got = c.run(model);
  EXPECT_GT(hooks().synchronized, before) << "copies to the host are waited for";
  // Poses from rays are found by a random search: other bits, another draw; see golden_test.
  if (!c.golden.use_ray_pose) expect_upstreams(c, got);
}

TEST_P(Session, StaysWithinThePrecisionsBounds) {
  const Case c(GetParam());
  if (c.golden.use_ray_pose) GTEST_SKIP() << "a random search has no bound of its own";
  // docs/precision.md: depth within 0.6 % and 0.1 % on average.
  for (const auto& [precision, bound] :
       std::map<Precision, double>{{Precision::bfloat16, 6e-3}, {Precision::float16, 1e-3}}) {
    test::AbiModel model(test::engine_plugin(metal_policy(precision)), {}, c.folder());
    auto got = c.run(model);
    ASSERT_TRUE(got.contains("depth"));
    const double mean = test::deviation(got["depth"].values, c.wanted.at("depth")).mean;
    EXPECT_LE(mean, bound) << (precision == Precision::bfloat16 ? "bfloat16" : "float16");
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, Session,
                         testing::Values("tiny-1view", "tiny-2view", "tiny-5view", "tiny-9view",
                                         "tiny-outliers", "tiny-mono", "tiny-nested", "tiny-posed",
                                         "tiny-raypose", "tiny-giant-gs", "tiny-smallest", "small-3view",
                                         "small-outliers"),
                         [](const auto& param) { return test::test_name(param.param); });

test::Answer ask_to_run(const da3_plugin& plugin, test::AbiModel& model, const Case& c) {
  const std::vector<uint8_t> image = c.image();
  SubmittedRun run(c, image);
  return test::ask([&](da3_error* error) { return plugin.session_run(model.session(), &run.run, error); });
}

TEST(Memory, ThatIsShortEmptiesTheCacheThenMakesPiecesSmaller) {
  const Case c("tiny-2view");
  const da3_plugin& plugin = test::engine_plugin(metal_policy(Precision::float32, 64ull << 20));
  test::AbiModel model(plugin, {}, c.folder());
  c.run(model);
  // The usual pieces once more, then those that are a quarter as large, and so on.
  for (int failures = 1; failures <= 4; ++failures) {
    const int emptied = hooks().cache_emptied;
    full = failures;
    expect_upstreams(c, c.run(model));
    EXPECT_EQ(full, 0);
    EXPECT_GE(hooks().cache_emptied - emptied, failures) << "before each new attempt";
  }
}

TEST(Memory, ThatIsNotThereIsAnErrorThatSaysWhatToLower) {
  const Case c("tiny-2view");
  const da3_plugin& plugin = test::engine_plugin(metal_policy());
  test::AbiModel model(plugin, {}, c.folder());
  full = 1 << 20;
  const test::Answer answer = ask_to_run(plugin, model, c);
  const int attempts = (1 << 20) - full;
  full = 0;
  EXPECT_EQ(answer.code, DA3_E_NOMEM_DEVICE);
  EXPECT_THAT(answer.message, HasSubstr("out of memory on Metal: MPS backend out of memory"));
  EXPECT_THAT(answer.message, HasSubstr("use fewer views"));
  EXPECT_THAT(answer.message, HasSubstr("mps.memory_cap"));
  EXPECT_GE(attempts, 3);
  EXPECT_LE(attempts, 12) << "it ends";
  expect_upstreams(c, c.run(model));
}

TEST(Memory, LimitsAreSetHighFirstAndLowBelow) {
  const Case c("tiny-1view");
  hooks().watermarks.clear();
  const da3_plugin& plugin = test::engine_plugin(metal_policy());
  test::AbiModel model(plugin, {}, c.folder());
  EXPECT_EQ(hooks().watermarks, (std::vector<std::string>{"high 0.70", "low 0.63"}));
  da3_memory memory = test::made<da3_memory>();
  ASSERT_EQ(plugin.memory(model.optimizer(), &memory, nullptr), DA3_OK);
  EXPECT_EQ(memory.limit, static_cast<uint64_t>(0.7 * (1ull << 34)));
  EXPECT_GE(memory.peak, hooks().reserved());

  engine::Policy careless = metal_policy();
  careless.memory_low = 1.4;  // LibTorch's own
  hooks().watermarks.clear();
  test::AbiModel other(test::engine_plugin(careless), {}, c.folder());
  EXPECT_EQ(hooks().watermarks, (std::vector<std::string>{"high 0.70", "low 0.63"}));
}

TEST(Cache, IsEmptiedAsThePolicySays) {
  const Case c("tiny-1view");
  struct Wanted {
    uint8_t empty_cache, keep_scratch;
    int after_run, after_model;
  };
  for (const Wanted& wanted :
       {Wanted{0, 1, 0, 0}, Wanted{1, 1, 0, 1}, Wanted{0, 0, 1, 0}, Wanted{1, 0, 1, 1}}) {
    engine::Policy policy = metal_policy();
    policy.empty_cache = wanted.empty_cache;
    policy.keep_scratch = wanted.keep_scratch;
    int before = 0;
    {
      test::AbiModel model(test::engine_plugin(policy), {}, c.folder());
      before = hooks().cache_emptied;
      c.run(model);
      EXPECT_EQ(hooks().cache_emptied - before, wanted.after_run);
      before = hooks().cache_emptied;
    }
    EXPECT_EQ(hooks().cache_emptied - before, wanted.after_model);
  }
}

TEST(Lock, OneRunAtATimeEachInAPool) {
  const Case c("tiny-2view"), other("tiny-mono");
  test::AbiModel first(test::engine_plugin(metal_policy()), {}, c.folder());
  test::AbiModel second(test::engine_plugin(metal_policy(Precision::bfloat16)), {}, other.folder());
  const auto alone = c.run(first), other_alone = other.run(second);
  hooks().threads_at_once = 0;
  const int pools = hooks().pools;
  const auto repeat = [](const Case& what, test::AbiModel& model, const auto& want) {
    for (int i = 0; i < 10; ++i)
      for (const auto& [name, output] : what.run(model))
        EXPECT_EQ(output.values, want.at(name).values) << name;
  };
  std::thread beside([&] { repeat(other, second, other_alone); });
  repeat(c, first, alone);
  beside.join();
  EXPECT_EQ(hooks().threads_at_once, 1);
  EXPECT_GE(hooks().pools - pools, 20);
}

std::map<std::string, std::string> described(const da3_plugin& plugin, test::AbiModel& model) {
  std::map<std::string, std::string> told;
  const auto sink = [](void* map, const da3_kv* kv) {
    (*static_cast<std::map<std::string, std::string>*>(map))[kv->key] = kv->value;
  };
  EXPECT_EQ(plugin.optimizer_describe(model.optimizer(), sink, &told, nullptr), DA3_OK);
  return told;
}

TEST(Describe, TellsPiecesShapesAndTheFallback) {
  const Case c("tiny-2view"), other("tiny-1view");
  const da3_plugin& plugin = test::engine_plugin(metal_policy(Precision::float32, 64 << 10));
  test::AbiModel model(plugin, {}, c.folder());
  c.run(model);
  auto told = described(plugin, model);
  EXPECT_GT(std::stoi(told["effective.attention.pieces"]), 1);
  const int shapes = std::stoi(told["effective.shapes"]);
  EXPECT_GT(shapes, 10);
  EXPECT_FALSE(told.contains("effective.shapes.reason"));
  EXPECT_EQ(told["effective.fallback"], "off");
  c.run(model);
  EXPECT_EQ(std::stoi(described(plugin, model)["effective.shapes"]), shapes) << "the same ones again";
  other.run(model);
  EXPECT_GT(std::stoi(described(plugin, model)["effective.shapes"]), shapes);
  setenv("PYTORCH_ENABLE_MPS_FALLBACK", "1", 1);
  EXPECT_THAT(described(plugin, model)["effective.fallback"], HasSubstr("PYTORCH_ENABLE_MPS_FALLBACK"));
  unsetenv("PYTORCH_ENABLE_MPS_FALLBACK");
}

TEST(Device, IsRefusedWithItsReason) {
  const da3_plugin& plugin = test::engine_plugin(metal_policy());
  const auto refused = [&] {
    da3_optimizer* optimizer = nullptr;
    return test::ask(
        [&](da3_error* error) { return plugin.optimizer_create(nullptr, 0, 8, 0, &optimizer, error); });
  };
  hooks().metal = false;
  test::Answer answer = refused();
  hooks().metal = true;
  EXPECT_EQ(answer.code, DA3_E_UNAVAILABLE);
  EXPECT_THAT(answer.message, HasSubstr("finds no Metal device here; use"));
  hooks().new_macos = false;
  answer = refused();
  hooks().new_macos = true;
  EXPECT_EQ(answer.code, DA3_E_UNAVAILABLE);
  EXPECT_THAT(answer.message, HasSubstr("older than 14.4"));
}

}  // namespace
}  // namespace da3

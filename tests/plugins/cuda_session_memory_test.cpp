// SPDX-License-Identifier: Apache-2.0
// Memory of the cuda engine's session path: what is kept, given back, short; and what it tells.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "plugins/cuda_session.hpp"
#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using test::Case;
using test::expect_upstreams;
using test::full;
using test::gpu;
using test::gpu_policy;
using test::SubmittedRun;

TEST(Memory, TrimDestroysRecordedRunsFirst) {
  const Case c("tiny-1view");
  const da3_plugin& plugin = test::engine_plugin(gpu_policy());
  test::AbiModel model(plugin, {}, c.folder());
  for (int i = 0; i < 3; ++i) c.run(model);
  ASSERT_EQ(gpu->recorded, 1);
  da3_memory memory = test::made<da3_memory>();
  ASSERT_EQ(plugin.memory(model.optimizer(), &memory, nullptr), DA3_OK);
  EXPECT_EQ(memory.activations, 3 * memory.weights) << "the device's own figures";
  EXPECT_GT(memory.host_pinned, 0u);
  EXPECT_EQ(memory.limit, static_cast<uint64_t>(0.8 * (1ull << 33)));
  uint64_t freed = 0;
  ASSERT_EQ(plugin.trim(model.optimizer(), 0, &freed, nullptr), DA3_OK);
  EXPECT_EQ(gpu->destroyed, 0) << "level 0 takes nothing that is wanted again";
  ASSERT_EQ(plugin.trim(model.optimizer(), 1, &freed, nullptr), DA3_OK);
  EXPECT_EQ(gpu->destroyed, 1);
  EXPECT_GE(freed, gpu->graph_bytes);
  expect_upstreams(c, c.run(model));
}

TEST(Memory, ThatIsShortIsTakenFromWhatIsKept) {
  const Case c("tiny-2view"), other("tiny-1view");
  test::AbiModel model(test::engine_plugin(gpu_policy()), {}, c.folder());
  for (int i = 0; i < 2; ++i) c.run(model);
  ASSERT_EQ(gpu->recorded, 1);
  full = 1;
  auto got = model.run(other.pixels, other.shape, other.outputs);
  EXPECT_EQ(full, 0);
  expect_upstreams(other, got);
  EXPECT_EQ(gpu->destroyed, 1) << "the recorded run was given up for this one";
  EXPECT_GE(gpu->trims, 1);
  full = 2;  // not enough: the heads take one view at a time as well
  expect_upstreams(c, c.run(model));
  EXPECT_EQ(full, 0);
}

TEST(Memory, ThatIsNotThereIsAnErrorAndNoMore) {
  const Case c("tiny-2view");
  const da3_plugin& plugin = test::engine_plugin(gpu_policy());
  test::AbiModel model(plugin, {}, c.folder());
  full = 1 << 20;
  const std::vector<uint8_t> image = c.image();
  SubmittedRun run(c, image);
  const test::Answer answer =
      test::ask([&](da3_error* error) { return plugin.session_run(model.session(), &run.run, error); });
  full = 0;
  EXPECT_EQ(answer.code, DA3_E_NOMEM_DEVICE);
  EXPECT_NE(answer.message.find("use fewer views"), std::string::npos) << answer.message;
  expect_upstreams(c, c.run(model));
}

/// Two models in an optimizer, the second of the given folder, with two runs each. -> what the second's end
/// destroyed.
int destroyed_with_a_second_of(const Case& c, const std::string& folder) {
  const da3_plugin& plugin = test::engine_plugin(gpu_policy());
  test::AbiModel first(plugin, {}, c.folder());
  da3_model* second = nullptr;
  da3_session* session = nullptr;
  EXPECT_EQ(plugin.model_load(first.optimizer(), folder.c_str(), nullptr, &second, nullptr), DA3_OK);
  EXPECT_EQ(plugin.session_create(second, &session, nullptr), DA3_OK);
  const std::vector<uint8_t> image = c.image();
  SubmittedRun run(c, image);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(plugin.session_run(session, &run.run, nullptr), DA3_OK);
  for (int i = 0; i < 2; ++i) c.run(first);
  EXPECT_EQ(gpu->recorded, 2);
  plugin.session_destroy(session);
  plugin.model_destroy(second);
  const int destroyed = gpu->destroyed;
  expect_upstreams(c, c.run(first));
  EXPECT_EQ(gpu->recorded, 2) << "the first's was lost";
  return destroyed;
}

TEST(Memory, ADestroyedModelTakesItsRecordedRunsAlong) {
  const Case c("tiny-1view");
  const test::TemporaryFolder folder;
  std::filesystem::copy(c.folder(), folder.path());
  EXPECT_EQ(destroyed_with_a_second_of(c, folder.path().string()), 1);
}

TEST(Memory, RecordedRunsStayAsLongAsAModelSharesTheNetwork) {
  const Case c("tiny-1view");
  EXPECT_EQ(destroyed_with_a_second_of(c, c.folder()), 0);
}

TEST(Describe, TellsWhyRunsAreEager) {
  const Case c("tiny-1view");
  const da3_plugin& plugin = test::engine_plugin(gpu_policy());
  test::AbiModel model(plugin, {}, c.folder());
  gpu->refuse_recording = "this device cannot";
  for (int i = 0; i < 3; ++i) expect_upstreams(c, c.run(model));
  std::map<std::string, std::string> told;
  const auto sink = [](void* map, const da3_kv* kv) {
    (*static_cast<std::map<std::string, std::string>*>(map))[kv->key] = kv->value;
  };
  ASSERT_EQ(plugin.optimizer_describe(model.optimizer(), sink, &told, nullptr), DA3_OK);
  EXPECT_EQ(told["effective.graphs.state"], "0 recorded, 1 eager: this device cannot");
  EXPECT_EQ(told["effective.memory_limit"], std::to_string(static_cast<uint64_t>(0.8 * (1ull << 33))));
}

}  // namespace
}  // namespace da3

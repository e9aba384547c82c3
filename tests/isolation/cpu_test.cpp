// SPDX-License-Identifier: Apache-2.0
// The cpu backend in a worker: the same bits for every output of every tiny golden case, and beside a
// LibTorch of somebody else's.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <da3/da3.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <tuple>

#include "support/golden_case.hpp"

namespace da3 {
namespace {

namespace fs = std::filesystem;

/// The cpu backend as it is in the build tree.
struct CpuEngine {
  Profile profile;
  PluginRegistry registry;
  Engine engine;

  explicit CpuEngine(const char* isolation)
      : profile(Profile::from_text(
            std::string("backend: cpu\ndeterministic: true\nisolation: ") + isolation + "\n", "p.yaml")),
        registry(profile, search()),
        engine(registry, profile) {}

  static SearchOptions search() {
    SearchOptions options;
    options.plugin_files = {DA3_PLUGIN_FOLDER};
    options.use_environment = options.use_installed = false;
    return options;
  }
};

Tensor input(const char* name, DType dtype, const checkpoint::TensorView& view) {
  std::vector<int64_t> shape = view.shape;
  shape.insert(shape.begin(), 1);
  return Tensor::borrow(name, dtype, shape, static_cast<const void*>(view.data));
}

RunRequest request_of(const test::GoldenCase& golden, const Model& model) {
  RunRequest request;
  request.inputs = {input("image", DType::uint8, golden.at("input.image"))};
  if (golden.data.find("net.extrinsics")) {
    request.inputs.push_back(input("extrinsics", DType::float32, golden.at("net.extrinsics")));
    request.inputs.push_back(input("intrinsics", DType::float32, golden.at("input.intrinsics")));
  }
  for (const std::string& output : model.outputs())
    if (output != "feature.<block>") request.outputs.push_back(output);
  for (const int64_t block : golden.feature_blocks)
    if (const std::string name = "feature." + std::to_string(block); model.value("output." + name).empty())
      request.outputs.push_back(name);
  if (!golden.ref_view_strategy.empty())
    request.options.push_back({"ref_view_strategy", golden.ref_view_strategy, ""});
  if (golden.use_ray_pose) request.options.push_back({"use_ray_pose", "true", ""});
  return request;
}

std::vector<std::string> tiny_cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(DA3_TEST_DATA) / "golden"))
    if (entry.path().filename().string().starts_with("tiny")) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

class Isolated : public testing::TestWithParam<std::string> {};

TEST_P(Isolated, GivesTheSameBits) {
  const test::GoldenCase golden(GetParam());
  const fs::path folder = test::checkpoint_folder(golden.checkpoint);
  const CpuEngine here("none"), there("process");
  const Model model = here.engine.load_model(folder), isolated = there.engine.load_model(folder);
  RunRequest request = request_of(golden, model);
  ASSERT_EQ(model.outputs(), isolated.outputs());
  const RunResult want = model.create_session().run(request);
  Session session = isolated.create_session();
  for (const OutputMemory memory : {OutputMemory::host, OutputMemory::plugin}) {
    request.output_memory = memory;
    const RunResult got = session.run(request);
    ASSERT_EQ(got.outputs.size(), want.outputs.size());
    for (size_t i = 0; i < want.outputs.size(); ++i) {
      const Tensor &a = want.outputs[i], &b = got.outputs[i];
      EXPECT_EQ(a.name(), b.name());
      EXPECT_EQ(a.shape(), b.shape()) << a.name();
      ASSERT_EQ(a.bytes(), b.bytes()) << a.name();
      EXPECT_EQ(std::memcmp(a.data(), b.data(), a.bytes()), 0) << a.name();
    }
  }
  const Memory need = model.estimate(request), isolated_need = isolated.estimate(request);
  EXPECT_EQ(need.activations, isolated_need.activations);
}

INSTANTIATE_TEST_SUITE_P(Tiny, Isolated, testing::ValuesIn(tiny_cases()),
                         [](const auto& param) { return test::test_name(param.param); });

/// Spans of a run of two small views, with its begin and end on this process's clock.
struct Traced {
  std::vector<TraceSpan> spans;
  uint64_t begin = 0, end = 0;

  explicit Traced(const char* isolation) {
    Session session =
        CpuEngine(isolation).engine.load_model(test::checkpoint_folder("tiny")).create_session();
    RunRequest request;
    request.inputs = {Tensor::allocate("image", DType::uint8, {1, 2, 28, 28, 3})};
    request.outputs = {"depth", "extrinsics"};
    request.id = 5;
    request.watch.trace_detail = TraceDetail::layers;
    request.watch.trace = [this](const TraceSpan& span) { spans.push_back(span); };
    begin = now();
    session.run(request);
    end = now();
  }
  static uint64_t now() {
    return static_cast<uint64_t>(
        std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
  }
};

TEST(IsolatedTrace, TellsTheSameStagesAndLayersOnTheHostsClock) {
  const Traced here("none"), there("process");
  ASSERT_EQ(there.spans.size(), here.spans.size());
  for (size_t i = 0; i < here.spans.size(); ++i) {
    const TraceSpan &a = here.spans[i], &b = there.spans[i];
    EXPECT_EQ(std::tie(a.name, a.kind, a.category, a.track, a.bytes, a.flops),
              std::tie(b.name, b.kind, b.category, b.track, b.bytes, b.flops))
        << i;
    EXPECT_EQ(b.run, 5u);
    EXPECT_GE(b.begin_ns, there.begin);
    EXPECT_LE(b.begin_ns + b.duration_ns, there.end);
  }
}

#if defined(__linux__)
/// As in a Python that has imported its own torch.
[[noreturn]] void use_beside_a_foreign_libtorch() {
  if (!dlopen(DA3_BINARY_DIR "/tests/fakes/torch_foreign/libtorch_cpu.so", RTLD_NOW)) std::exit(77);
  const fs::path folder = test::checkpoint_folder("tiny");
  try {
    CpuEngine("none").engine.load_model(folder);
    std::exit(2);
  } catch (const Error& error) {
    if (error.code() != DA3_E_UNAVAILABLE) std::exit(3);
  }
  const CpuEngine there("process");
  RunRequest request;
  request.inputs = {Tensor::allocate("image", DType::uint8, {1, 1, 28, 28, 3})};
  request.outputs = {"depth"};
  const RunResult result = there.engine.load_model(folder).create_session().run(request);
  std::fprintf(stderr, "depth of %zu pixels\n", result.at("depth").size());
  std::exit(0);
}

TEST(ForeignLibtorchDeathTest, IsNoHindranceWithIsolation) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(use_beside_a_foreign_libtorch(), testing::ExitedWithCode(0), "depth of 784 pixels");
}
#endif

}  // namespace
}  // namespace da3

// SPDX-License-Identifier: Apache-2.0
// The template's backend under the core, and under calls that the core would not make: who owns outputs,
// cancelling, refusals. What holds for it holds for what is copied from it.
#include <dlfcn.h>
#include <gmock/gmock.h>

#include <da3/da3.hpp>

#include <cstring>
#include <optional>
#include <thread>

#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using ::testing::Each;
using ::testing::ElementsAreArray;
using ::testing::Ge;
using ::testing::HasSubstr;

struct Painter {
  Profile profile;
  PluginRegistry registry;
  Engine engine;

  static SearchOptions only() {
    SearchOptions options;
    options.plugin_files = {DA3_PAINTER_PLUGIN};
    options.use_environment = options.use_installed = false;
    return options;
  }
  explicit Painter(const std::string& yaml = "")
      : profile(Profile::from_text("backend: painter\n" + yaml, "p.yaml")),
        registry(profile, only()),
        engine(registry, profile) {}
  Session session() const { return engine.load_model("/").create_session(); }
};

/// Black above, white below: two scenes of one view of 28 x 42.
Tensor picture() {
  Tensor image = Tensor::allocate("image", DType::uint8, {2, 1, 28, 42, 3});
  auto* bytes = static_cast<uint8_t*>(image.data());
  for (int64_t i = 0; i < 2 * 28 * 42 * 3; ++i) bytes[i] = i / (42 * 3) % 28 < 14 ? 0 : 255;
  return image;
}

RunRequest request(OutputMemory memory = OutputMemory::plugin) {
  RunRequest run;
  run.inputs = {picture()};
  run.outputs = {"depth", "confidence"};
  run.output_memory = memory;
  return run;
}

TEST(SdkTemplate, Depth) {
  const Painter painter("painter: {near: 2, far: 4, cue: brightness}\n");
  const RunResult result = painter.session().run(request());
  const auto depth = result.at("depth").floats();
  EXPECT_EQ(result.at("depth").shape(), (std::vector<int64_t>{2, 1, 28, 42}));
  EXPECT_FLOAT_EQ(depth[0], 2);
  EXPECT_FLOAT_EQ(depth[28 * 42 - 1], 4);
  EXPECT_THAT(result.at("confidence").floats(), Each(Ge(1.0f)));
}

TEST(SdkTemplate, OutputsOutliveEverything) {
  std::optional<Tensor> depth;
  std::vector<float> same;
  {
    const Painter painter;
    depth = painter.session().run(request()).at("depth");
    const RunResult host = painter.session().run(request(OutputMemory::host));
    const auto values = host.at("depth").floats();
    same.assign(values.begin(), values.end());
  }
  EXPECT_THAT(depth->floats(), ElementsAreArray(same));
  std::thread([&] { depth.reset(); }).join();  // released on another thread
}

TEST(SdkTemplate, NothingIsWrittenBesideTheHostsMemory) {
  const Painter painter;
  std::vector<float> memory(2 * 28 * 42 + 2, -1.0f);
  RunRequest run = request();
  run.outputs = {};
  run.into = {Tensor::borrow("depth", DType::float32, {2, 1, 28, 42}, memory.data() + 1)};
  painter.session().run(run);
  EXPECT_EQ(memory.front(), -1);
  EXPECT_EQ(memory.back(), -1);
  EXPECT_GE(memory[1], 1);
}

TEST(SdkTemplate, CancelAndGoOn) {
  const Painter painter;
  Session session = painter.session();
  RunRequest run = request();
  run.watch.should_cancel = [] { return true; };
  try {
    session.run(run);
    ADD_FAILURE() << "not cancelled";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), DA3_E_CANCELLED);
  }
  std::vector<uint64_t> done;
  run.watch = {};
  run.watch.progress = [&](uint64_t now, uint64_t total, std::string_view) {
    done.push_back(now);
    EXPECT_EQ(total, 2u);
  };
  session.run(run);
  EXPECT_THAT(done, ::testing::ElementsAre(0, 1, 2));
}

TEST(SdkTemplate, TellsAHostThatListensItsStages) {
  const Painter painter;
  std::vector<std::string> names;
  RunRequest run = request();
  run.id = 7;
  run.watch.trace = [&](const TraceSpan& span) {
    names.push_back(span.name);
    EXPECT_EQ(span.run, 7u);
  };
  painter.session().run(run);
  EXPECT_THAT(names, ::testing::ElementsAre("head"));
}

TEST(SdkTemplate, EstimateAndMemory) {
  const Painter painter;
  const Model model = painter.engine.load_model("/");
  EXPECT_EQ(model.estimate(request()).peak, 2u * 2 * 28 * 42 * 4);
  RunRequest bad = request();
  bad.outputs = {"sky"};
  EXPECT_THAT(test::message_of([&] { model.estimate(bad); }), HasSubstr("no output \"sky\""));
  EXPECT_EQ(painter.engine.memory().limit, UINT64_MAX);
  EXPECT_EQ(painter.engine.trim(2), 0u);
}

TEST(SdkTemplate, Refusals) {
  const auto says = [](const std::string& yaml) { return test::message_of([&] { Painter painter(yaml); }); };
  EXPECT_THAT(says("painter: {near: 5, far: 4}\n"), HasSubstr("painter.near is not less than painter.far"));
  const Painter painter;
  EXPECT_THAT(test::message_of([&] { painter.engine.load_model(""); }), HasSubstr("path is empty"));
  RunRequest run = request();
  run.inputs.push_back(Tensor::allocate("extrinsics", DType::float32, {2, 1, 4, 4}));
  EXPECT_THAT(test::message_of([&] { painter.session().run(run); }), HasSubstr("no input 'extrinsics'"));
  run = request();
  run.inputs = {Tensor::allocate("image", DType::uint8, {1, 1, 28, 41, 3})};
  EXPECT_THAT(test::message_of([&] { painter.session().run(run); }), HasSubstr("multiples of 14"));
}

/// The table itself, by a host that is not the core.
class SdkTable : public ::testing::Test {
 protected:
  SdkTable() {
    // A copy is another library to the loader: one that no core of this process has entered.
    const std::filesystem::path copy = folder_.path() / "libda3_painter.so";
    std::filesystem::copy_file(DA3_PAINTER_PLUGIN, copy);
    *reinterpret_cast<void**>(&entry_) = dlsym(dlopen(copy.c_str(), RTLD_NOW), "da3_plugin_entry");
    host_.struct_size = sizeof host_;
    error_.struct_size = sizeof error_;
    error_.msg = text_, error_.msg_cap = sizeof text_;
  }
  test::TemporaryFolder folder_;
  da3_plugin_entry_fn entry_ = nullptr;
  da3_host host_{};
  char text_[200] = "";
  da3_error error_{};
};

TEST_F(SdkTable, MajorsAndNulls) {
  const auto* table = reinterpret_cast<const da3_plugin*>(this);
  EXPECT_EQ(entry_(2, 3, &host_, &table, &error_), DA3_E_ABI);
  EXPECT_EQ(table, nullptr);
  EXPECT_THAT(text_, HasSubstr("major 2 to 3, the plugin 1"));
  EXPECT_EQ(entry_(1, 1, &host_, nullptr, &error_), DA3_E_INVALID);
  EXPECT_EQ(entry_(1, 1, nullptr, &table, nullptr), DA3_E_INVALID);
}

/// A failed run leaves nothing of the plugin's in the host's hands.
TEST_F(SdkTable, AFailedRunGivesNothing) {
  const da3_plugin* table = nullptr;
  ASSERT_EQ(entry_(1, 1, &host_, &table, &error_), DA3_OK) << text_;
  da3_optimizer* optimizer = nullptr;
  da3_model* model = nullptr;
  da3_session* session = nullptr;
  ASSERT_EQ(table->optimizer_create(nullptr, 0, 1, 0, &optimizer, &error_), DA3_OK) << text_;
  ASSERT_EQ(table->model_load(optimizer, "/", nullptr, &model, &error_), DA3_OK) << text_;
  ASSERT_EQ(table->session_create(model, &session, &error_), DA3_OK) << text_;
  Tensor pixels = picture();
  int64_t shape[] = {2, 1, 28, 42, 3}, wrong[] = {2, 1, 28, 41};
  float memory[1];
  da3_tensor image{
      sizeof(da3_tensor), 0, "image", pixels.data(), 1, 0, 5, 1, 8, 1, shape, nullptr, 0, nullptr, nullptr};
  da3_tensor depth{
      sizeof(da3_tensor), 0, "depth", nullptr, 1, 0, 0, 0, 0, 0, nullptr, nullptr, 0, nullptr, nullptr};
  da3_tensor confidence{
      sizeof(da3_tensor), 0, "confidence", memory, 1, 0, 4, 2, 32, 1, wrong, nullptr, 0, nullptr, nullptr};
  const da3_tensor* in[] = {&image};
  da3_tensor* out[] = {&depth, &confidence};
  da3_run run{};
  run.struct_size = sizeof run;
  run.in = in, run.n_in = 1, run.out = out, run.n_out = 2;
  EXPECT_EQ(table->session_run(session, &run, &error_), DA3_E_SHAPE);
  EXPECT_EQ(error_.kind, 3);
  EXPECT_EQ(error_.index, 1);
  EXPECT_EQ(depth.data, nullptr);
  EXPECT_EQ(depth.release, nullptr);
  run.n_out = 1;
  ASSERT_EQ(table->session_run(session, &run, &error_), DA3_OK) << text_;
  table->session_destroy(session), table->model_destroy(model), table->optimizer_destroy(optimizer);
  table->shutdown();
  EXPECT_GE(static_cast<float*>(depth.data)[0], 1.0f);
  depth.release(&depth);
}

}  // namespace
}  // namespace da3

// SPDX-License-Identifier: Apache-2.0
// da3-host on the CPU engine: files against upstream's numbers, the same bits each time, damaged checkpoints.
#include "host_fixture.hpp"
#include "image_files.hpp"
#include "npz_reader.hpp"
#include "support/golden_case.hpp"

namespace da3::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

class CpuRun : public HostTest {
 protected:
  ProgramResult cpu(Words words) const {
    words.insert(words.end(), {"--backend", "cpu"});
    return host(words, {.environment = {"DA3_PLUGIN_PATH="}});
  }

  /// The views of a golden case as PNG files; their folder.
  path views_of(const GoldenCase& golden) const {
    const auto& image = golden.at("input.image");
    const int height = static_cast<int>(image.shape[1]), width = static_cast<int>(image.shape[2]);
    fs::create_directories(in("views"));
    const auto* pixels = reinterpret_cast<const uint8_t*>(image.data);
    for (int64_t view = 0; view < image.shape[0]; ++view)
      write_image(in("views") / (std::to_string(view) + ".png"), height, width,
                  pixels + view * height * width * 3);
    return in("views");
  }

  /// depth of the npz that the program writes for a golden case, against the golden one.
  void expect_golden(const std::string& name) const {
    const GoldenCase golden(name);
    const auto& shape = golden.at("input.image").shape;
    const int64_t longer = std::max(shape[1], shape[2]);  // no resizing: multiples of 14 already
    Words words{views_of(golden).string(),
                "--model",
                checkpoint_folder(golden.checkpoint).string(),
                "--process-res",
                std::to_string(longer),
                "--format",
                "npz",
                "-o",
                "out",
                "-q"};
    if (!golden.ref_view_strategy.empty())
      words.insert(words.end(), {"--ref-view-strategy", golden.ref_view_strategy});
    const auto result = cpu(words);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const NpzArray depth = read_npz(in("out/exports/npz/results.npz"), "depth");
    EXPECT_EQ(depth.shape, std::vector<int64_t>(golden.at("output.depth").shape));
    const Deviation off = deviation(depth.values, golden.floats("output.depth"));
    EXPECT_LT(off.largest, 1e-3);
    EXPECT_LT(off.mean, 1e-4);
  }
};

#ifdef DA3_LONG_TESTS

TEST_F(CpuRun, BaseGivesUpstreamsDepth) { expect_golden("base-1view"); }

#else

TEST_F(CpuRun, TinyGivesUpstreamsDepth) { expect_golden("tiny-2view"); }

TEST_F(CpuRun, TheReferenceViewIsPassedOn) { expect_golden("tiny-5view-first"); }

TEST_F(CpuRun, TheDemoRuns) {
  const auto result = cpu({"-o", "out"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("views     3 at 168x126"), HasSubstr("float32")));
  const auto run = json_of("out/run.json");
  EXPECT_EQ(run["process_res"], 168);  // the model's own
  EXPECT_EQ(run["model"]["model.name"], "da3-demo");
  EXPECT_TRUE(there("out/depth_vis/0002.jpg"));
  const auto extrinsics = read_npz(in("out/exports/npz/results.npz"), "extrinsics");
  EXPECT_EQ(extrinsics.shape, (std::vector<int64_t>{3, 3, 4}));
  // Another process, the same bits.
  const auto first = read_npz(in("out/exports/npz/results.npz"), "depth").values;
  ASSERT_EQ(cpu({"-o", "again", "-q"}).exit_code, 0);
  EXPECT_EQ(read_npz(in("again/exports/npz/results.npz"), "depth").values, first);
  // The same input twice in one process.
  fs::create_directories(in("twice"));
  picture("twice/a.png");
  picture("twice/b.png");
  ASSERT_EQ(cpu({"twice", "--mode", "independent", "-o", "both", "-q"}).exit_code, 0);
  EXPECT_EQ(read_npz(in("both/a/exports/npz/results.npz"), "depth").values,
            read_npz(in("both/b/exports/npz/results.npz"), "depth").values);
}

TEST_F(CpuRun, ReferenceProfileIsDeterministicFloat32) {
  const auto result = cpu({"--config", "reference", "-o", "out"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(json_of("out/run.json")["policy"]["effective.deterministic"], "true");
}

/// A checkpoint folder that a test may damage.
class DamagedCheckpoint : public CpuRun {
 protected:
  void SetUp() override {
    const path tiny = checkpoint_folder("tiny");
    folder_.write("model/config.json", read(tiny / "config.json"));
    tensors_ = read(tiny / "model.safetensors");
  }
  static std::string read(const path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void expect_refused(const std::string& what) const {
    const auto result = cpu({"--model", "model", "--progress", "none"});
    EXPECT_ONE_SENTENCE(result, 3) << what;
    EXPECT_THAT(result.err, HasSubstr("model")) << what;
    EXPECT_FALSE(there("da3-out")) << what;
  }
  std::string tensors_;
};

TEST_F(DamagedCheckpoint, CutAnywhere) {
  for (size_t i = 0; i < 20; ++i) {
    const size_t size = i < 4 ? i * 5 : tensors_.size() * (i - 4) / 16 + i;
    folder_.write("model/model.safetensors", tensors_.substr(0, size));
    expect_refused("cut at " + std::to_string(size));
  }
}

TEST_F(DamagedCheckpoint, FlippedHeaderBits) {
  // Bits whose flip no valid file has: the length, JSON's braces, a type.
  for (const size_t at :
       {size_t{1}, size_t{3}, size_t{7}, size_t{8}, tensors_.find("F32"), tensors_.find("data_offsets")}) {
    std::string damaged = tensors_;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    folder_.write("model/model.safetensors", damaged);
    expect_refused("bit at " + std::to_string(at));
  }
}

TEST_F(DamagedCheckpoint, ConfigurationsThatFitNothing) {
  folder_.write("model/model.safetensors", "");
  expect_refused("empty file");
  fs::remove(in("model/model.safetensors"));
  expect_refused("no file");
  folder_.write("model/model.safetensors", tensors_);
  folder_.write("model/config.json", "{\"model_name\": \"da3-large\"}");
  expect_refused("another model");
  folder_.write("model/config.json", "{\"model_name\": ");
  expect_refused("half a configuration");
  folder_.write("model/config.json", "{\"model_name\": \"da9-huge\"}");
  const auto unknown = cpu({"--model", "model", "--progress", "none"});
  // Either the tensors tell what it is, or the name is refused by naming the known ones.
  if (unknown.exit_code != 0) {
    EXPECT_ONE_SENTENCE(unknown, 3);
    EXPECT_THAT(unknown.err, HasSubstr("da9-huge"));
  }
  fs::remove_all(in("model"));
  expect_refused("no folder");
}

TEST_F(CpuRun, Float16IsRefusedWithItsReason) {
  const auto result = cpu({"--set", "mixed_precision=float16", "--progress", "none"});
  EXPECT_ONE_SENTENCE(result, 3);
  EXPECT_THAT(result.err, HasSubstr("float16"));
}

#endif

}  // namespace
}  // namespace da3::test

// SPDX-License-Identifier: Apache-2.0
// "da3-host verify": whole models pass, and each kind of damage is named.
#include <cstring>
#include <functional>
#include <limits>
#include <sstream>

#include "cpu_fixture.hpp"

namespace da3::test {
namespace {

namespace fs = std::filesystem;
using checkpoint::TensorSource;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Verify : public CpuHostTest {
 protected:
  ProgramResult verify(const path& model, const Words& more = {}) const {
    return cpu({"verify", "--model", model.string(), "--process-res", "112"}, more);
  }

  nlohmann::json report_of(const ProgramResult& result) const { return nlohmann::json::parse(result.out); }

  static nlohmann::json check(const nlohmann::json& report, const std::string& name) {
    for (const auto& one : report["checks"])
      if (one["name"] == name) return one;
    return {};
  }

  /// A copy of the tiny checkpoint, of whose tensors `change` may take some away and change others.
  using Change = std::function<bool(const std::string& name, TensorSource& tensor)>;
  path damaged(const Change& change) const {
    const path from = checkpoint_folder("tiny");
    fs::create_directories(in("model"));
    fs::copy_file(from / "config.json", in("model/config.json"));
    const auto file = checkpoint::SafetensorsFile::open(from / "model.safetensors");
    std::vector<TensorSource> tensors;
    for (const auto& [name, view] : file.tensors()) {
      const auto fill = [&file, view = view](std::byte* to, size_t) { file.read(view, to); };
      TensorSource tensor{name, view.dtype, view.shape, fill};
      if (change(name, tensor)) tensors.push_back(std::move(tensor));
    }
    checkpoint::write_safetensors(in("model/model.safetensors"), tensors);
    return in("model");
  }

  void expect_damaged(const path& model, const std::string& check_name, const std::string& words) const {
    const auto result = verify(model, {"--json", "-q"});
    EXPECT_EQ(result.exit_code, 3) << result.err;
    const auto report = report_of(result);
    EXPECT_EQ(report["verdict"], "damaged");
    EXPECT_EQ(report["exit_status"], 3);
    const auto found = check(report, check_name);
    ASSERT_FALSE(found.is_null()) << result.out;
    EXPECT_EQ(found["verdict"], "failed");
    EXPECT_THAT(found["message"].get<std::string>(), HasSubstr(words));
    EXPECT_TRUE(check(report, "float32").is_null()) << "nothing is run on a damaged model";
  }
};

TEST_F(Verify, TheDemoModelPasses) {
  const auto result = cpu({"verify", "-o", "report.json"});
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("da3-demo"), HasSubstr("sha256 "),
                                HasSubstr("verdict  ok: nothing"), Not(HasSubstr("FAILED"))));
  EXPECT_THAT(result.err, HasSubstr("[1/11] float32: ok"));
  const auto report = json_of("report.json");
  EXPECT_EQ(report["schema"], "da3.verify/1");
  EXPECT_EQ(report["verdict"], "ok");
  EXPECT_EQ(report["backend"], "cpu");
  EXPECT_EQ(report["policy"]["effective.precision"], "float32");
  EXPECT_EQ(report["files"].size(), 2u);
  EXPECT_EQ(report["files"][1]["sha256"].get<std::string>().size(), 64u);
  for (const char* name :
       {"layout", "values", "float32", "repeat", "order", "equal-views", "chunks", "compiled"})
    EXPECT_EQ(check(report, name)["verdict"], "ok") << name;
  EXPECT_EQ(check(report, "head.tf32")["verdict"], "skipped");
}

TEST_F(Verify, EveryPrecisionIsTriedWhereTheBackendOffersIt) {
  const auto result = verify(checkpoint_folder("tiny"), {"--json", "-q", "--set", "cpu.emulate=true"});
  ASSERT_EQ(result.exit_code, 0) << result.out << result.err;
  const auto report = report_of(result);
  for (const char* name :
       {"precision.bfloat16", "precision.float16", "precision.int8", "head.tf32", "head.float16"}) {
    const auto one = check(report, name);
    EXPECT_EQ(one["verdict"], "ok") << name;
    ASSERT_FALSE(one["measures"].empty()) << name;
    EXPECT_GT(one["measures"][0]["value"].get<double>(), 1e-6) << name << ": float32 has been computed";
  }
  // Random weights have no opinion on where a picture was taken from.
  EXPECT_EQ(check(report, "equal-views")["verdict"], "warning");
  EXPECT_EQ(report["verdict"], "warnings");
}

TEST_F(Verify, MonoAndNestedModelsPass) {
  for (const char* name : {"tiny-mono", "tiny-nested"}) {
    const auto result = verify(checkpoint_folder(name), {"-q"});
    EXPECT_EQ(result.exit_code, 0) << name << "\n" << result.out << result.err;
  }
}

TEST_F(Verify, ATruncatedFileIsDamaged) {
  const path model = damaged([](const std::string&, TensorSource&) { return true; });
  fs::resize_file(model / "model.safetensors", fs::file_size(model / "model.safetensors") - 1000);
  expect_damaged(model, "layout", "model.safetensors");
}

TEST_F(Verify, AMissingTensorIsNamed) {
  const std::string gone = "model.backbone.pretrained.blocks.1.attn.qkv.weight";
  expect_damaged(damaged([&](const std::string& name, TensorSource&) { return name != gone; }), "layout",
                 gone);
}

TEST_F(Verify, AWrongShapeIsNamed) {
  const std::string wrong = "model.backbone.pretrained.blocks.1.attn.qkv.weight";
  const auto change = [&](const std::string& name, TensorSource& tensor) {
    if (name == wrong) std::swap(tensor.shape[0], tensor.shape[1]);
    return true;
  };
  expect_damaged(damaged(change), "layout", wrong);
}

TEST_F(Verify, AValueThatIsNoNumberIsNamed) {
  const std::string bad = "model.backbone.pretrained.blocks.2.mlp.fc1.bias";
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    fs::remove_all(in("model"));
    const auto change = [&](const std::string& name, TensorSource& tensor) {
      if (name == bad)
        tensor.fill = [fill = tensor.fill, value](std::byte* to, size_t bytes) {
          fill(to, bytes);
          std::memcpy(to + 8, &value, sizeof value);
        };
      return true;
    };
    expect_damaged(damaged(change), "values", bad + " (1 of ");
  }
}

TEST_F(Verify, AMatrixOfZerosIsAWarning) {
  const std::string empty = "model.backbone.pretrained.blocks.2.mlp.fc1.weight";
  const auto change = [&](const std::string& name, TensorSource& tensor) {
    if (name == empty) tensor.fill = [](std::byte* to, size_t bytes) { std::memset(to, 0, bytes); };
    return true;
  };
  const auto result = verify(damaged(change), {"--json", "-q"});
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_EQ(check(report_of(result), "values")["verdict"], "warning");
  EXPECT_THAT(check(report_of(result), "values")["message"].get<std::string>(), HasSubstr(empty));
}

TEST_F(Verify, NoModelNoBackendAndNoPlaceForTheReport) {
  const auto no_model = cpu({"verify", "--model", "nowhere", "-q"});
  EXPECT_ONE_SENTENCE(no_model, 3);
  const auto no_backend =
      host({"verify", "--backend", "nobody", "-q"}, {.environment = {"DA3_PLUGIN_PATH="}});
  EXPECT_ONE_SENTENCE(no_backend, 3);
  const auto no_key = cpu({"verify", "--set", "thread=3"});
  EXPECT_ONE_SENTENCE(no_key, 2);
  fs::create_directories(in("folder"));
  const auto no_report = cpu({"verify", "-q", "-o", "folder"});
  EXPECT_ONE_SENTENCE(no_report, 4);
  EXPECT_EQ(no_report.out, "") << "it is seen before the work";
  const auto no_picture = cpu({"verify", "-q", "nowhere.png"});
  EXPECT_ONE_SENTENCE(no_picture, 4);
}

TEST_F(Verify, ProgressIsJsonLinesWhereAsked) {
  const auto result = verify(checkpoint_folder("tiny-mono"), {"--progress", "json"});
  ASSERT_EQ(result.exit_code, 0);
  std::istringstream lines(result.err);
  size_t ends = 0;
  for (std::string line; std::getline(lines, line);) ends += nlohmann::json::parse(line)["event"] == "end";
  EXPECT_GE(ends, 12u);
}

}  // namespace
}  // namespace da3::test

// SPDX-License-Identifier: Apache-2.0
// The deterministic checkpoints against the reference implementation's values.
#include "weights.hpp"

#include <cmath>

#include "checkpoint/safetensors.hpp"
#include "make_checkpoint.hpp"
#include "tiny_models.hpp"
#include "unit/checkpoint_files.hpp"
#include "unit/weights_expect.hpp"

namespace da3::weights {
namespace {

using test::CheckpointFolder;
using test::error_of;
using testing::HasSubstr;

TEST(Weights, TinyModelsThroughFilesInFull) {
  const nlohmann::json values = test::read_test_json("checkpoint_values.json");
  for (const std::string_view name : tiny_names()) {
    CheckpointFolder folder;
    make_checkpoint(find_recipe(std::string(name)), folder.path / "new" / "folder");
    const auto file = checkpoint::SafetensorsFile::open(folder.path / "new" / "folder" / "model.safetensors");
    const nlohmann::json& expected = values.at(name);
    EXPECT_EQ(file.tensors().size(), expected.size());
    for (const auto& [tensor, value] : expected.items()) {
      const checkpoint::TensorView& view = file.at(tensor);
      EXPECT_EQ(view.dtype, checkpoint::DType::f32);
      std::vector<float> data(view.bytes / 4);
      std::memcpy(data.data(), view.data, view.bytes);
      test::expect_values(tensor, view.shape, data, value);
    }
  }
}

TEST(Weights, ConfigJsonTellsTheModel) {
  const nlohmann::json trees = test::read_test_json("checkpoints.json");
  for (const std::string name : {"tiny", "tiny-mono", "tiny-giant", "tiny-nested", "tiny-outliers"}) {
    CheckpointFolder folder;
    make_checkpoint(find_recipe(name), folder.path);
    const auto document = nlohmann::json::parse(test::read_bytes(folder.path / "config.json"));
    const std::string plain = name == "tiny-outliers" ? "tiny" : name;
    EXPECT_EQ(document.at("model_name"), plain);
    EXPECT_EQ(document.at("config"), trees.at(plain));
    const auto file = checkpoint::SafetensorsFile::open(folder.path / "model.safetensors");
    checkpoint::Shapes shapes;
    for (const auto& [tensor, view] : file.tensors()) shapes[tensor] = view.shape;
    EXPECT_EQ(checkpoint::resolve_config(folder.path, shapes), test::tiny_model(plain));
  }
  EXPECT_EQ(nlohmann::json::parse(find_recipe("da3-base-outliers").config_json),
            (nlohmann::json{{"model_name", "da3-base"}}));
}

TEST(Weights, FirstValuesOfDa3Small) {
  const nlohmann::json values = test::read_test_json("checkpoint_values.json").at("da3-small");
  for (const auto& [tensor, value] : values.items()) test::expect_first_values(tensor, value, false);
}

TEST(Weights, FirstValuesOfLargeAndOutlierModels) {
  const nlohmann::json values = test::read_test_json("weights_values.json");
  for (const auto& [model, tensors] : values.items())
    for (const auto& [tensor, value] : tensors.items())
      test::expect_first_values(tensor, value, model.ends_with("-outliers"));
}

TEST(Weights, OutlierTensorsInFull) {
  const nlohmann::json values = test::read_test_json("weights_values.json");
  for (const auto& [model, tensors] : values.items()) {
    if (!model.ends_with("-outliers")) continue;
    for (const auto& [tensor, value] : tensors.items()) test::expect_all_values(tensor, value, true);
  }
}

TEST(Weights, TensorsOfOtherModelsExistInThem) {
  const nlohmann::json values = test::read_test_json("weights_values.json");
  for (const auto& [model, tensors] : values.items()) {
    const checkpoint::Shapes shapes = test::shapes_of(find_recipe(model).config);
    for (const auto& [tensor, shape] : test::shapes_in(tensors))
      EXPECT_EQ(shapes.at(tensor), shape) << model << " " << tensor;
  }
}

TEST(Weights, PartsEqualTheWhole) {
  const std::vector<int64_t> shape{64, 64};
  const std::string name = "model.backbone.pretrained.blocks.3.mlp.fc2.weight";
  std::vector<float> whole(4096), parts(4096);
  fill(name, shape, true, 0, 4096, whole.data());
  for (int64_t begin = 0; begin < 4096; begin += 1000)
    fill(name, shape, true, begin, std::min<int64_t>(begin + 1000, 4096), parts.data() + begin);
  EXPECT_EQ(whole, parts);
}

TEST(Recipe, OfAFileKeepsItsText) {
  CheckpointFolder folder;
  const std::string text =
      test::read_bytes(std::filesystem::path(DA3_SOURCE_DIR) / "models/demo/config.json");
  Recipe recipe = find_recipe(folder.write("demo-outliers", text).string());
  EXPECT_EQ(recipe.config_json, text);
  EXPECT_FALSE(recipe.outliers) << "a file's name says nothing about its weights";
  recipe.outliers = true;
  make_checkpoint(recipe, folder.path / "out");
  EXPECT_EQ(test::read_bytes(folder.path / "out" / "config.json"), text);
}

TEST(Recipe, RefusesWhatItDoesNotKnow) {
  CheckpointFolder folder;
  const std::string unknown = error_of([] { find_recipe("da3-huge"); });
  EXPECT_THAT(unknown, HasSubstr("neither a known model nor a file"));
  EXPECT_THAT(unknown, HasSubstr("tiny-nested"));
  EXPECT_THAT(error_of([] { find_recipe(""); }), HasSubstr("neither a known model nor a file"));
  EXPECT_THAT(error_of([] { find_recipe("-outliers"); }), HasSubstr("neither a known model nor a file"));
  EXPECT_THAT(error_of([&] { find_recipe(folder.path.string()); }), HasSubstr("no file of at most 1 MiB"));
  EXPECT_THAT(error_of([&] { find_recipe(folder.write("c", "{}").string()); }),
              HasSubstr("neither model_name"));
}

TEST(MakeCheckpoint, StoppedLeavesNoFile) {
  CheckpointFolder folder;
  EXPECT_THROW(make_checkpoint(find_recipe("tiny"), folder.path, [](uint64_t, uint64_t) { throw 1; }), int);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path));
}

TEST(MakeCheckpoint, TellsWhyItCannotWrite) {
  CheckpointFolder folder;
  folder.write("file", "");
  const std::string message = error_of([&] { make_checkpoint(find_recipe("tiny"), folder.path / "file"); });
  EXPECT_THAT(message, HasSubstr("cannot make the folder"));
  test::expect_sentence(message);
}

// A real checkpoint cut at twenty places, and with its header's bits flipped: refused or still the same
// network.
TEST(MakeCheckpoint, DamagedFilesAreRefused) {
  CheckpointFolder folder;
  make_checkpoint(find_recipe("tiny-mono"), folder.path);
  const std::string bytes = test::read_bytes(folder.path / "model.safetensors");
  const auto load = [&](std::string_view damaged) {
    return error_of([&] {
      const auto file = checkpoint::SafetensorsFile::open(folder.write("model.safetensors", damaged));
      checkpoint::Shapes shapes;
      for (const auto& [tensor, view] : file.tensors()) shapes[tensor] = view.shape;
      checkpoint::resolve_config(folder.path, shapes);
    });
  };
  EXPECT_EQ(load(bytes), "");
  for (size_t i = 0; i < 20; ++i) {
    const std::string message = load(std::string_view(bytes).substr(0, bytes.size() * i / 20));
    EXPECT_THAT(message, HasSubstr("DA3_E_MODEL")) << i;
    test::expect_sentence(message);
  }
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  for (size_t bit = 0; bit < 8 * (8 + header); bit += bit < 64 ? 1 : 997) {
    std::string damaged = bytes;
    damaged[bit / 8] = char(damaged[bit / 8] ^ (1 << (bit % 8)));
    const std::string message = load(damaged);
    EXPECT_THAT(message, testing::AnyOf("", HasSubstr("DA3_E_MODEL"))) << bit;
  }
}

}  // namespace
}  // namespace da3::weights

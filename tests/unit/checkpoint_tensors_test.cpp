// SPDX-License-Identifier: Apache-2.0
// stored_tensors against what upstream's modules register, and back: infer_config, resolve_config.
#include "checkpoint/safetensors.hpp"
#include "unit/checkpoint_files.hpp"

namespace da3::checkpoint {
namespace {

using test::CheckpointFolder;
using test::error_of;
using test::shapes_of;
using testing::HasSubstr;
using testing::StartsWith;

TEST(CheckpointTensors, NamesAndShapesAreUpstreams) {
  const nlohmann::json values = test::read_test_json("checkpoint_values.json");
  for (const auto& [model, tensors] : values.items()) {
    const auto published = published_model(model);
    EXPECT_EQ(shapes_of(published ? *published : test::tiny_model(model)), test::shapes_in(tensors)) << model;
  }
}

TEST(CheckpointTensors, AreSortedByName) {
  const auto tensors = stored_tensors(*published_model("da3nested-giant-large"));
  EXPECT_TRUE(std::is_sorted(tensors.begin(), tensors.end(),
                             [](const auto& a, const auto& b) { return a.name < b.name; }));
}

TEST(CheckpointTensors, PublishedModelsHaveTheirParameters) {
  const std::pair<const char*, int64_t> parameters[] = {{"da3-small", 34299463},
                                                        {"da3-base", 135366599},
                                                        {"da3-large", 410941767},
                                                        {"da3-giant", 1355674125},
                                                        {"da3mono-large", 334171394},
                                                        {"da3metric-large", 334171394},
                                                        {"da3nested-giant-large", 1689845519}};
  for (const auto& [name, expected] : parameters) {
    int64_t sum = 0;
    for (const TensorSpec& spec : stored_tensors(*published_model(name))) sum += spec.elements();
    EXPECT_EQ(sum, expected) << name;
  }
}

TEST(CheckpointTensors, TheDemosFileFits) {
  const std::filesystem::path folder = std::filesystem::path(DA3_SOURCE_DIR) / "models/demo";
  const auto file = SafetensorsFile::open(folder / "model.safetensors");
  Shapes shapes;
  for (const auto& [name, view] : file.tensors()) shapes[name] = view.shape;
  EXPECT_EQ(shapes_of(resolve_config(folder, shapes)), shapes);
}

TEST(CheckpointTensors, BadConfigurationIsRefused) {
  ModelConfig config = *published_model("da3-small");
  config.net.head.out_channels[2] = int64_t(1) << 40;
  EXPECT_THAT(error_of([&] { stored_tensors(config); }), StartsWith("DA3_E_MODEL"));
}

TEST(InferConfig, GivesBackEveryPublishedModel) {
  for (const std::string& name : published_names()) {
    const ModelConfig expected = *published_model(name == "da3metric-large" ? "da3mono-large" : name);
    EXPECT_EQ(infer_config(shapes_of(*published_model(name))), expected) << name;
  }
}

TEST(InferConfig, AnUnpublishedHeadOnAPublishedBackboneIsUnderstood) {
  ModelConfig config = *published_model("da3-base");
  config.net.head.features = 96;
  config.net.gaussian = published_model("da3-giant")->net.gaussian;
  config.net.gaussian->head.dim_in = 1536;
  config.net.gaussian->sh_degree = 3;
  config.net.gaussian->head.output_dim = 59;
  const ModelConfig inferred = infer_config(shapes_of(config));
  EXPECT_EQ(inferred.name, "unknown");
  EXPECT_EQ(inferred.net, config.net);
}

TEST(InferConfig, UnpublishedBackbonesNeedAConfig) {
  for (const char* name : {"tiny", "tiny-mono", "tiny-giant", "tiny-nested"}) {
    const std::string message = error_of([&] { infer_config(shapes_of(test::tiny_model(name))); });
    EXPECT_THAT(message, HasSubstr("width 64")) << name;
    EXPECT_THAT(message, HasSubstr("put a config.json with explicit dimensions beside it"));
    test::expect_sentence(message);
  }
}

TEST(InferConfig, NamesTheTensorThatIsMissingOrMisshapen) {
  const Shapes good = shapes_of(*published_model("da3-giant"));
  EXPECT_THAT(error_of([] { infer_config({}); }),
              HasSubstr("there is no 'model.backbone.pretrained.cls_token'"));
  for (const char* name :
       {"backbone.pretrained.cls_token", "backbone.pretrained.pos_embed", "head.projects.3.weight",
        "head.scratch.output_conv2.2.weight", "cam_enc.token_norm.weight", "gs_head.projects.2.weight"}) {
    const std::string full = std::string("model.") + name;
    Shapes missing = good;
    missing.erase(full);
    EXPECT_THAT(error_of([&] { infer_config(missing); }), HasSubstr("'" + full + "'"));
    for (const std::vector<int64_t>& shape :
         {std::vector<int64_t>{}, {3}, {0, 0, 0}, {1, 0, 0}, {0, 0, 0, 0}, {1, 2, 3, 4, 5}}) {
      Shapes bad = good;
      bad[full] = shape;
      EXPECT_THAT(error_of([&] { infer_config(bad); }), StartsWith("DA3_E_MODEL")) << full;
    }
  }
}

TEST(InferConfig, HostileSizesAreRefused) {
  constexpr int64_t huge = std::numeric_limits<int64_t>::max();
  Shapes shapes = shapes_of(*published_model("da3-giant"));
  for (auto& [name, shape] : shapes) {
    for (int64_t& size : shape) {
      const int64_t good = std::exchange(size, huge);
      const std::string message = error_of([&] { infer_config(shapes); });
      EXPECT_THAT(message, testing::AnyOf("", StartsWith("DA3_E_MODEL"))) << name;
      size = good;
    }
  }
}

TEST(ResolveConfig, TakesTheFileThenTheTensors) {
  CheckpointFolder folder;
  const ModelConfig base = *published_model("da3-base"), metric = *published_model("da3metric-large");
  EXPECT_EQ(resolve_config(folder.path, shapes_of(base)), base);
  folder.write("config.json", R"({"model_name": "depth-anything/DA3METRIC-LARGE"})");
  EXPECT_EQ(resolve_config(folder.path, shapes_of(metric)), metric);
  folder.write("config.json", R"({"model_name": "my-model", "license": "MIT"})");
  ModelConfig mine = base;
  mine.license = "MIT";
  EXPECT_EQ(resolve_config(folder.path, shapes_of(base)), mine);
}

TEST(ResolveConfig, AnUnknownNameIsAnErrorWhenTheTensorsDoNotTell) {
  CheckpointFolder folder;
  folder.write("config.json", R"({"model_name": "my-model"})");
  const std::string message =
      error_of([&] { resolve_config(folder.path, shapes_of(test::tiny_model("tiny"))); });
  EXPECT_THAT(message, HasSubstr("unknown model 'my-model'"));
  EXPECT_THAT(message, HasSubstr("da3-small, da3-base"));
}

TEST(ResolveConfig, NamesTheTensorThatDoesNotFit) {
  CheckpointFolder folder;
  folder.write("config.json", R"({"model_name": "da3-small"})");
  Shapes shapes = shapes_of(*published_model("da3-small"));
  shapes["model.some.more"] = {1};
  EXPECT_NO_THROW(resolve_config(folder.path, shapes));
  shapes["model.head.norm.weight"] = {769};
  std::string message = error_of([&] { resolve_config(folder.path, shapes); });
  EXPECT_THAT(message,
              HasSubstr("tensor 'model.head.norm.weight' has shape [769], but da3-small needs [768]"));
  test::expect_sentence(message);
  shapes.erase("model.head.norm.weight");
  message = error_of([&] { resolve_config(folder.path, shapes); });
  EXPECT_THAT(message, HasSubstr("tensor 'model.head.norm.weight' of da3-small is missing"));
}

TEST(ResolveConfig, ABadFileIsAnErrorEvenWhenTheTensorsTell) {
  CheckpointFolder folder;
  const Shapes shapes = shapes_of(*published_model("da3-small"));
  const auto resolve = [&] { return error_of([&] { resolve_config(folder.path, shapes); }); };
  folder.write("config.json", "{");
  EXPECT_THAT(resolve(), HasSubstr("not JSON"));
  folder.write("config.json", "");
  EXPECT_THAT(resolve(), HasSubstr("not JSON"));
  folder.write("config.json", std::string(2 << 20, ' '));
  EXPECT_THAT(resolve(), HasSubstr("larger than 1 MiB"));
  std::filesystem::remove(folder.path / "config.json");
  std::filesystem::create_directory(folder.path / "config.json");
  EXPECT_THAT(resolve(), HasSubstr("no regular file"));
}

}  // namespace
}  // namespace da3::checkpoint

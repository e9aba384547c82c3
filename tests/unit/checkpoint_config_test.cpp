// SPDX-License-Identifier: Apache-2.0
#include "support/temporary_folder.hpp"
#include "unit/checkpoint_files.hpp"

namespace da3::checkpoint {
namespace {

using nlohmann::json;
using test::error_of;
using testing::HasSubstr;
using testing::StartsWith;

std::string parse_error(const std::string& text) {
  return error_of([&] { parse_config(text, "config.json"); });
}

json tiny_document() {
  return {{"model_name", "x"}, {"config", test::read_test_json("checkpoints.json").at("tiny-giant")}};
}

/// Upstream's own tree of a model: networks by name ("vitb"), __object__ nodes, no explicit dimensions.
json upstream_tree(const std::string& model) {
  return test::read_test_json("published_configs.json").at(model);
}

TEST(CheckpointConfig, PublishedNamesOfEveryForm) {
  for (const std::string& name : published_names()) EXPECT_EQ(published_model(name)->name, name);
  EXPECT_EQ(published_model("depth-anything/DA3-BASE")->name, "da3-base");
  EXPECT_EQ(published_model("DA3NESTED-GIANT-LARGE-1.1")->name, "da3nested-giant-large");
  EXPECT_EQ(published_model("DA3-LARGE-1.1")->name, "da3-large");
  EXPECT_EQ(published_model("depth-anything/DA3Mono-Large")->family, "mono");
  for (const char* name : {"", "da3", "da3-huge", "da3-large-2", "da3-large-1.x", "/", "da3-large/"})
    EXPECT_FALSE(published_model(name)) << name;
}

TEST(CheckpointConfig, ANameIsEnough) {
  for (const std::string& name : published_names())
    EXPECT_EQ(parse_config(json{{"model_name", name}, {"extra", {1, 2}}}.dump(), "c"),
              *published_model(name));
}

TEST(CheckpointConfig, UpstreamsTreeIsThePublishedModel) {
  for (const std::string& name : published_names()) {
    const json document{{"model_name", name},
                        {"config", upstream_tree(name)},
                        {"architectures", {"DepthAnything3"}},
                        {"torch_dtype", "float32"}};
    EXPECT_EQ(parse_config(document.dump(), "c"), *published_model(name)) << name;
  }
}

TEST(CheckpointConfig, UpstreamsTreeNeedsNoName) {
  for (const std::string& name : published_names()) {
    const ModelConfig config = parse_config(json{{"config", upstream_tree(name)}}.dump(), "c");
    const ModelConfig published = *published_model(name);
    EXPECT_EQ(config.net, published.net) << name;
    EXPECT_EQ(config.metric, published.metric) << name;
    // The trees of the mono and the metric model are equal: without a name no scale is claimed.
    EXPECT_EQ(config.family, name == "da3metric-large" ? "mono" : published.family) << name;
  }
}

TEST(CheckpointConfig, AFoldersConfigOfEveryFormFitsItsTensors) {
  for (const std::string& name : published_names()) {
    Shapes shapes;
    for (const TensorSpec& tensor : stored_tensors(*published_model(name)))
      shapes.emplace(tensor.name, tensor.shape);
    const json forms[] = {{{"model_name", name}},
                          {{"model_name", name}, {"config", upstream_tree(name)}},
                          {{"config", upstream_tree(name)}}};
    for (const json& form : forms) {
      const test::TemporaryFolder folder;
      folder.write("config.json", form.dump());
      const ModelConfig config = resolve_config(folder.path(), shapes);
      EXPECT_EQ(config.net, published_model(name)->net) << form;
      EXPECT_EQ(config.metric, published_model(name)->metric) << form;
    }
  }
}

TEST(CheckpointConfig, ExplicitDimensionsOfTheTinyModels) {
  const ModelConfig tiny = test::tiny_model("tiny-giant");
  EXPECT_EQ(tiny.family, "any-view");
  EXPECT_EQ(tiny.net.prefix, "model.");
  EXPECT_EQ(tiny.net.backbone,
            (BackboneConfig{64, 8, 4, {3, 5, 6, 7}, 3, 3, 3, true, FeedForward::swiglu, 37}));
  EXPECT_EQ(tiny.net.head, (HeadConfig{HeadKind::dual_dpt, 128, 32, 2, {16, 32, 64, 64}}));
  EXPECT_EQ(tiny.net.camera, (CameraConfig{64, 128}));
  ASSERT_TRUE(tiny.net.gaussian);
  EXPECT_EQ(tiny.net.gaussian->head, (HeadConfig{HeadKind::dpt, 128, 32, 38, {16, 32, 64, 64}}));
  EXPECT_EQ(tiny.net.gaussian->sh_degree, 2);
  EXPECT_EQ(tiny.net.gaussian->scale_max, 30.0);
  EXPECT_EQ(test::tiny_model("tiny-mono").family, "mono");
  const ModelConfig nested = test::tiny_model("tiny-nested");
  EXPECT_EQ(nested.family, "nested");
  EXPECT_EQ(nested.net.prefix, "model.da3.");
  EXPECT_EQ(nested.metric->prefix, "model.da3_metric.");
  EXPECT_EQ(nested.metric->head.kind, HeadKind::dpt);
}

TEST(CheckpointConfig, UpstreamsDefaults) {
  const ModelConfig config = parse_config(R"({"config": {
    "net": {"name": "vitl", "out_layers": [4, 11, 17, 23], "cat_token": false}, "head": {"name": "DPT", "dim_in": 1024}}})",
                                          "c");
  EXPECT_EQ(config.name, "unknown");
  EXPECT_EQ(config.net, published_model("da3mono-large")->net);
}

TEST(CheckpointConfig, CarriesLicenseAndProcessRes) {
  const ModelConfig demo = parse_config(
      test::read_bytes(std::filesystem::path(DA3_SOURCE_DIR) / "models/demo/config.json"), "demo");
  EXPECT_EQ(demo.name, "da3-demo");
  EXPECT_EQ(demo.license, "Apache-2.0");
  EXPECT_EQ(demo.process_res, 168);
  EXPECT_EQ(published_model("da3-base")->process_res, 0);
}

TEST(CheckpointConfig, RefusesAnUnknownModelNamingTheKnownOnes) {
  const std::string message = parse_error(R"({"model_name": "da4-base"})");
  EXPECT_THAT(message, StartsWith("DA3_E_MODEL"));
  EXPECT_THAT(message, HasSubstr("unknown model 'da4-base'"));
  for (const std::string& name : published_names()) EXPECT_THAT(message, HasSubstr(name));
  EXPECT_THAT(parse_error("{}"), HasSubstr("neither model_name nor a config tree"));
}

TEST(CheckpointConfig, RefusesBadDocuments) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "not JSON"},
      {"{", "not JSON"},
      {"{} x", "not JSON"},
      {"[]", "it is no object"},
      {"null", "it is no object"},
      {std::string(100000, '['), "deeper than 16"},
      {R"({"model_name":"da3-base","model_name":"da3-small"})", "the key 'model_name' occurs twice"},
      {R"({"model_name":"da3-base","config":{"net":{"depth":1,"depth":2}}})", "the key 'depth' occurs twice"},
      {R"({"model_name":7})", "model_name is no text"},
      {R"({"model_name":"da3-base","config":7})", "config is no object"},
      {R"({"model_name":"da3-base","process_res":0})", "process_res is 0"},
      {R"({"model_name":"da3-base","process_res":"504"})", "process_res is \"504\" and no whole number"},
      {R"({"model_name":"da3-base","license":[]})", "license is no text"},
      {"{\"model_name\":\"a\xff\"}", "not JSON"},
      {R"({"model_name":"a\u001b[31m\nb"})", "unknown model 'a?[31m?b'"},
  };
  for (const auto& [text, sentence] : cases) {
    const std::string message = parse_error(text);
    EXPECT_THAT(message, HasSubstr(sentence));
    test::expect_sentence(message);
  }
}

struct BadTree {
  const char* pointer;
  const char* value;
  const char* sentence;
};

// Values as JSON text: initializer lists of json take the compiler a minute.
constexpr BadTree bad_trees[] = {
    {"/net/embed_dim", "0", "net.embed_dim is 0"},
    {"/net/embed_dim", "-64", "net.embed_dim is -64"},
    {"/net/embed_dim", "64.0", "net.embed_dim is 64.0 and no whole number"},
    {"/net/embed_dim", R"("64")", "net.embed_dim is \"64\" and no whole number"},
    {"/net/embed_dim", "9223372036854775807", "net.embed_dim is 9223372036854775807"},
    {"/net/embed_dim", "18446744073709551615", "no whole number"},
    {"/net/embed_dim", "null", "net.embed_dim is missing"},
    {"/net/embed_dim", "66", "no multiple of net.num_heads"},
    {"/net/num_heads", "0", "net.num_heads is 0"},
    {"/net/num_heads", "5", "no multiple of net.num_heads 5"},
    {"/net/num_heads", "32", "net.embed_dim / net.num_heads is 2"},
    {"/net/depth", "0", "net.depth is 0"},
    {"/net/depth", "1000000", "net.depth is 1000000"},
    {"/net/depth", "7", "net.out_layers must ascend"},
    {"/net/out_layers", "[3, 5, 6]", "no list of four"},
    {"/net/out_layers", "[3, 5, 5, 7]", "net.out_layers must ascend"},
    {"/net/out_layers", "[-1, 5, 6, 7]", "net.out_layers must ascend"},
    {"/net/out_layers", R"("3567")", "no list of four"},
    {"/net/out_layers", "[3, 5, 6, 7.5]", "no whole number"},
    {"/net/alt_start", "0", "net.alt_start is 0"},
    {"/net/alt_start", "8", "net.alt_start is 8"},
    {"/net/qknorm_start", "-2", "net.qknorm_start is -2"},
    {"/net/rope_start", "99", "net.rope_start is 99"},
    {"/net/cat_token", "1", "neither true nor false"},
    {"/net/cat_token", "false", "head.dim_in is 128, but the backbone's outputs are 64 wide"},
    {"/net/ffn_layer", R"("identity")", "'identity', none of mlp"},
    {"/net/name", R"("vith")", "'vith', none of vits"},
    {"/net/patch_size", "16", "net.patch_size is 16, but only 14 is implemented"},
    {"/net/num_register_tokens", "4", "only 0 is implemented"},
    {"/net/img_size", "500", "no positive multiple of 14"},
    {"/net/img_size", "14000000", "the side of the positional embedding"},
    {"/head/name", R"("Linear")", "'Linear', neither DualDPT nor DPT"},
    {"/head/name", "null", "neither DualDPT nor DPT"},
    {"/head/dim_in", "64", "head.dim_in is 64"},
    {"/head/features", "0", "head.features is 0"},
    {"/head/features", "36", "head.features is 36, no multiple of 8"},
    {"/head/out_channels", "[16, 32, 64, 1073741824]", "head.out_channels is 1073741824"},
    {"/head/out_channels", "[16, 30, 64, 64]", "no multiple of 4"},
    {"/head/output_dim", "3", "head.output_dim is 3"},
    {"/head/activation", R"("relu")", "only \"exp\" is implemented"},
    {"/head/pos_embed", "false", "only true is implemented"},
    {"/cam_enc/dim_out", "32", "cam_enc.dim_out is 32, not net.embed_dim"},
    {"/cam_enc/trunk_depth", "6", "only 4 is implemented"},
    {"/cam_dec", "null", "config.cam_dec is missing"},
    {"/cam_dec/dim_in", "64", "cam_dec.dim_in is 64, not head.dim_in"},
    {"/gs_head/output_dim", "37", "gs_adapter.sh_degree 2 needs 38"},
    {"/gs_adapter/sh_degree", "1000000000", "gs_adapter.sh_degree is 1000000000"},
    {"/gs_adapter/pred_color", "true", "only false is implemented"},
    {"/gs_adapter/pred_offset_depth", "null", "only true is implemented"},
    {"/gs_adapter/gaussian_scale_min", "31", "must ascend"},
    {"/gs_adapter/gaussian_scale_max", R"("x")", "is no number"},
    {"/gs_adapter", "null", "config.gs_adapter is missing"},
    {"/head", "null", "config.head is missing"},
    {"/net", "[]", "config.net is no object"},
};

TEST(CheckpointConfig, RefusesBadDimensionsEachWithItsSentence) {
  for (const BadTree& bad : bad_trees) {
    SCOPED_TRACE(bad.pointer);
    json document = tiny_document();
    document["config"][json::json_pointer(bad.pointer)] = json::parse(bad.value);
    const std::string message = parse_error(document.dump());
    EXPECT_THAT(message, StartsWith("DA3_E_MODEL"));
    EXPECT_THAT(message, HasSubstr(bad.sentence));
    test::expect_sentence(message);
  }
}

TEST(CheckpointConfig, NestedNeedsBothKinds) {
  const json tiny = test::read_test_json("checkpoints.json");
  const json swapped{{"config", {{"anyview", tiny.at("tiny-mono")}, {"metric", tiny.at("tiny")}}}};
  EXPECT_THAT(parse_error(swapped.dump()), HasSubstr("DualDPT (anyview) and DPT (metric)"));
  const json half{{"config", {{"anyview", tiny.at("tiny")}}}};
  EXPECT_THAT(parse_error(half.dump()), HasSubstr("config.metric is missing"));
}

}  // namespace
}  // namespace da3::checkpoint

// SPDX-License-Identifier: Apache-2.0
// What each model can do, told by its folder or by a plugin, and what is said when it cannot.
#include "models/model_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "exit_code.hpp"
#include "model_folders.hpp"
#include "support/temporary_folder.hpp"

namespace da3::host {
namespace {

using testing::HasSubstr;
using Names = std::set<std::string>;

/// By the table of models in upstream's README, and its networks.
const std::map<std::string, Names>& expected() {
  static const Names any_view{"depth", "features", "confidence", "pose", "pose_input", "ray"};
  static const auto& table = *new std::map<std::string, Names>{
      {"da3-small", any_view},
      {"da3-base", any_view},
      {"da3-large", any_view},
      {"da3-giant", {"depth", "features", "confidence", "pose", "pose_input", "ray", "gaussians"}},
      {"da3mono-large", {"depth", "features", "sky"}},
      {"da3metric-large", {"depth", "features", "sky", "metric_by_focal"}},
      {"da3nested-giant-large",
       {"depth", "features", "confidence", "pose", "pose_input", "ray", "gaussians", "metric", "sky"}}};
  return table;
}

const Names all_capabilities{"depth", "features",  "confidence", "pose", "pose_input",
                             "ray",   "gaussians", "metric",     "sky",  "metric_by_focal"};

Names capabilities_of(const ModelFacts& facts) {
  Names names;
  for (const std::string_view name : capability_names())
    if (can_do(facts.can, name)) names.emplace(name);
  return names;
}

/// "" when the model can do it.
std::string refusal(const ModelFacts& facts, const Wanted& wanted) {
  try {
    in_phase(Phase::model, [&] { check_model(facts, {wanted}); });
    return "";
  } catch (const PhaseError& error) {
    EXPECT_EQ(error.code(), DA3_E_UNSUPPORTED);
    EXPECT_EQ(error.exit(), 3);
    return error.message();
  }
}

TEST(ModelFacts, OfEveryPublishedModelByItsFolder) {
  const test::TemporaryFolder folder;
  for (const auto& [name, capabilities] : expected()) {
    test::write_model(folder.path() / name, name);
    const auto facts = model_facts(folder.path() / name);
    ASSERT_TRUE(facts) << name;
    EXPECT_EQ(facts->name, name);
    EXPECT_EQ(capabilities_of(*facts), capabilities) << name;
    EXPECT_EQ(facts->parameters, published_facts(name).parameters);
  }
  EXPECT_EQ(expected().size(), checkpoint::published_family().size());
  EXPECT_EQ(Names(capability_names().begin(), capability_names().end()), all_capabilities);
}

TEST(ModelFacts, OfAFolderThatIsNoneOfOurs) {
  const test::TemporaryFolder folder;
  EXPECT_FALSE(model_facts(folder.path() / "nothing"));
  EXPECT_FALSE(model_facts(folder.path()));
  folder.write("cut/model.safetensors", "1234567");
  folder.write("other/model.onnx", "x");
  EXPECT_FALSE(model_facts(folder.path() / "cut"));
  EXPECT_FALSE(model_facts(folder.path() / "other"));
  EXPECT_THROW(read_model(folder.path() / "cut"), Error);
}

TEST(ModelFacts, OfADescriptionAreThoseOfTheFolder) {
  for (const auto& [name, capabilities] : expected()) {
    std::vector<Setting> described;
    for (const auto& [key, value] : checkpoint::describe(*checkpoint::published_model(name)))
      described.push_back({key, value, "plugin"});
    const ModelFacts told = model_facts(described), known = published_facts(name);
    EXPECT_EQ(capabilities_of(told), capabilities) << name;
    EXPECT_EQ(told.name, name);
    EXPECT_EQ(told.parameters, known.parameters);
    EXPECT_EQ(told.can.feature_blocks, known.can.feature_blocks);
    EXPECT_EQ(told.can.scale_factor, known.can.scale_factor);
  }
  EXPECT_EQ(capabilities_of(model_facts(std::vector<Setting>{})), Names{"depth"});
}

TEST(ModelCheck, EveryCapabilityOfEveryModel) {
  for (const auto& [name, capabilities] : expected())
    for (const std::string& capability : all_capabilities) {
      const std::string message = refusal(published_facts(name), {"--option", capability, "things"});
      if (capabilities.contains(capability)) {
        EXPECT_EQ(message, "") << name << ", " << capability;
        continue;
      }
      EXPECT_THAT(message, testing::StartsWith("--option: model '" + name + "' ")) << capability;
      EXPECT_THAT(message, HasSubstr(" no things; use one that does: da3"));
      for (const auto& [other, can] : expected()) {
        const std::string list = message.substr(message.rfind(": ")) + ",";
        EXPECT_EQ(list.find(" " + other + ",") != list.npos, can.contains(capability))
            << other << ", " << message;
      }
    }
}

TEST(ModelCheck, Sentences) {
  const ModelFacts mono = published_facts("da3mono-large");
  EXPECT_EQ(
      refusal(mono, {"--poses", "pose_input", "poses"}),
      "--poses: model 'da3mono-large' takes no poses; use one that does: da3-small, da3-base, da3-large, "
      "da3-giant, da3nested-giant-large");
  EXPECT_EQ(refusal(mono, {"--format", "gaussians", "gaussians"}),
            "--format: model 'da3mono-large' gives no gaussians; use one that does: da3-giant, "
            "da3nested-giant-large");
  EXPECT_EQ(refusal(mono, {"--focal", "metric_by_focal", "focal length"}),
            "--focal: model 'da3mono-large' takes no focal length; use one that does: da3metric-large");
  ModelFacts nameless;
  EXPECT_THAT(refusal(nameless, {"--poses", "pose", "poses"}),
              HasSubstr("--poses: this model gives no poses"));
}

TEST(ModelCheck, TheFirstThatIsMissingIsNamed) {
  const ModelFacts base = published_facts("da3-base");
  EXPECT_NO_THROW(check_model(base, {}));
  EXPECT_THAT(test::message_of([&] {
                check_model(base, {{"--poses", "pose_input", "poses"},
                                   {"--gaussians", "gaussians", "gaussians"},
                                   {"--sky", "sky", "sky"}});
              }),
              HasSubstr("--gaussians: model 'da3-base'"));
  EXPECT_THROW(check_model(base, {{"--x", "telepathy", "x"}}), Error);
}

TEST(ModelCheck, BlocksOfFeatures) {
  const ModelFacts base = published_facts("da3-base");
  EXPECT_NO_THROW(check_features(base, {0, 5, 11}, "--features"));
  EXPECT_NO_THROW(check_features(ModelFacts{}, {}, "--features"));
  for (const int64_t block : {int64_t{-1}, int64_t{12}, INT64_MAX, INT64_MIN}) {
    try {
      in_phase(Phase::model, [&] { check_features(base, {0, block}, "--features"); });
      ADD_FAILURE() << block;
    } catch (const PhaseError& error) {
      EXPECT_EQ(error.exit(), 3);
      EXPECT_EQ(error.message(), "--features: model 'da3-base' has no block " + std::to_string(block) +
                                     "; choose among 0 to 11");
    }
  }
  EXPECT_THAT(test::message_of([] { check_features(ModelFacts{}, {0}, "--features"); }),
              HasSubstr("this model gives no features; use one that does: da3-small"));
}

}  // namespace
}  // namespace da3::host

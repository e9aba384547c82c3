// SPDX-License-Identifier: Apache-2.0
// da3-host models: the family, what is on this machine, and where it was looked for.
#include "checkpoint/model_config.hpp"
#include "host_fixture.hpp"
#include "model_folders.hpp"

namespace da3::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

class Models : public HostTest {
 protected:
  Models() : hub_(in("hub")) {}

  ProgramOptions environment(const std::string& model_path = "") const {
    ProgramOptions options{.environment = {"HF_HUB_CACHE=" + hub_.folder().string()}};
    if (!model_path.empty()) options.environment.push_back("DA3_MODEL_PATH=" + model_path);
    return options;
  }
  std::string text(const ProgramOptions& options) const {
    const auto result = host({"models"}, options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.err, "");
    return result.out;
  }
  json document(const ProgramOptions& options) const {
    const auto result = host({"models", "--json"}, options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out);
  }
  static json named(const json& list, const std::string& name) {
    for (const json& one : list)
      if (one.at("name") == name) return one;
    ADD_FAILURE() << name << " is not in " << list;
    return {};
  }
  static std::vector<std::string> names(const json& list) {
    std::vector<std::string> all;
    for (const json& one : list) all.push_back(one.at("name"));
    return all;
  }
  /// The first line that begins with this word.
  static std::string line_of(const std::string& text, const std::string& word) {
    const size_t at = ("\n" + text).find("\n" + word + " ");
    return at == text.npos ? "" : text.substr(at, text.find('\n', at) - at);
  }

  HubCache hub_;
};

TEST_F(Models, NothingIsHere) {
  const std::string out = text(environment());
  EXPECT_THAT(out,
              AllOf(HasSubstr("(not set)"), HasSubstr(hub_.folder().string() + ": there is no such folder"),
                    HasSubstr("No published model is here"), HasSubstr("config.json"),
                    HasSubstr("github.com/ByteDance-Seed/Depth-Anything-3")));
  const json all = document(environment());
  EXPECT_EQ(all["schema"], "da3.models/1");
  EXPECT_EQ(names(all["family"]), checkpoint::published_names());
  for (const json& one : all["family"]) EXPECT_TRUE(one["local"].is_null());
  EXPECT_EQ(names(all["others"]), std::vector<std::string>{"demo"});
  EXPECT_EQ(all["looked_in"][0]["place"], "huggingface");
  EXPECT_EQ(all["looked_in"][0]["reason"], "there is no such folder");
  EXPECT_EQ(all["looked_in"][1]["place"], "installed");
}

TEST_F(Models, WhatTheFamilyCanDoAndUnderWhichLicence) {
  const std::string out = text(environment());
  const json family = document(environment())["family"];
  for (const auto& published : checkpoint::published_family()) {
    const std::string name(published.name);
    int64_t parameters = 0;
    for (const auto& spec : checkpoint::stored_tensors(*checkpoint::published_model(name)))
      parameters += spec.elements();
    const json one = named(family, name);
    EXPECT_EQ(one["parameters"], parameters);
    EXPECT_EQ(one["published_as"], published.repository);
    EXPECT_EQ(one["license"], published.license);
    EXPECT_EQ(one["license_source"], "as upstream's README says (model table)");
    const bool free = name.find("giant") == name.npos && name != "da3-large";
    EXPECT_EQ(one["commercial_use"], free) << name;
    EXPECT_EQ(line_of(out, name).find("non-commercial") == std::string::npos, free) << name;
    EXPECT_THAT(out, HasSubstr(std::string(published.repository)));
    EXPECT_THAT(out, HasSubstr(std::string(published.deprecated)));
  }
  EXPECT_EQ(line_of(out, "da3-small"),
            "da3-small              34.3 M  yes   yes  out+in yes  -     -      -   Apache-2.0");
  EXPECT_EQ(line_of(out, "da3metric-large"),
            "da3metric-large        334 M   yes   -    -      -    -     focal  yes Apache-2.0");
  const json can = named(family, "da3nested-giant-large")["capabilities"];
  for (const char* all : {"depth", "confidence", "pose", "pose_input", "ray", "gaussians", "metric", "sky"})
    EXPECT_TRUE(can[all]) << all;
  EXPECT_FALSE(can["metric_by_focal"]);
}

TEST_F(Models, FitATerminalAsFarAsPathsAllow) {
  std::istringstream out(text(environment()) + host({"models", "--help"}).out);
  for (std::string line; std::getline(out, line);) {
    EXPECT_FALSE(line.ends_with(' ')) << line;
    if (line.find(" /") != line.npos) continue;
    EXPECT_LE(line.size(), 100u) << line;
  }
}

TEST_F(Models, InModelPath) {
  write_model(in("models/DA3-SMALL"), "da3-small");
  write_model(in("models/somebody/finetune"), "tiny-mono");
  write_model(in("models/DA3-BASE"), "tiny");
  folder_.write("models/notes/readme.txt", "no model");
  const auto here = environment(in("models").string() + "::relative:" + in("none").string());
  const json all = document(here);
  const json small = named(all["family"], "da3-small")["local"];
  EXPECT_EQ(small["path"], in("models/DA3-SMALL").string());
  EXPECT_EQ(small["place"], "DA3_MODEL_PATH");
  EXPECT_EQ(small["usable"], true);
  EXPECT_EQ(small["model"]["name"], "da3-small");
  EXPECT_THAT(std::string(named(all["family"], "da3-base")["local"]["note"]), HasSubstr("it holds tiny"));
  EXPECT_EQ(names(all["others"]), (std::vector<std::string>{"somebody/finetune", "demo"}));
  const json other = all["others"][0];
  EXPECT_EQ(other["model"]["name"], "tiny-mono");
  EXPECT_EQ(other["model"]["capabilities"]["sky"], true);
  EXPECT_EQ(other["model"]["capabilities"]["pose"], false);
  EXPECT_TRUE(other["model"]["process_res"].is_null());
  const json demo = all["others"][1]["model"];
  EXPECT_EQ(demo["license"], "Apache-2.0");
  EXPECT_EQ(demo["process_res"], 168);
  EXPECT_EQ(all["looked_in"].size(), 5u);
  EXPECT_THAT(std::string(all["looked_in"][1]["reason"]), HasSubstr("not absolute"));
  EXPECT_EQ(all["looked_in"][2]["reason"], "there is no such folder");
  const std::string out = text(here);
  EXPECT_THAT(out, AllOf(HasSubstr(in("models/DA3-SMALL").string()), HasSubstr("made for 168 pixels"),
                         HasSubstr("licence not said"), Not(HasSubstr("No published model is here"))));
}

TEST_F(Models, InTheHubCache) {
  hub_.add("depth-anything/DA3-LARGE", "aaa", "da3-large");
  hub_.add("depth-anything/DA3-LARGE-1.1", "bbb", "da3-large");
  hub_.set_main("depth-anything/DA3-LARGE-1.1", "bbb");
  hub_.add("depth-anything/DA3METRIC-LARGE", "ccc", "da3metric-large");
  hub_.add("depth-anything/DA3METRIC-LARGE", "ddd", "da3metric-large");
  hub_.add("somebody/da3-tuned", "eee", "tiny");
  hub_.lose_blob("somebody/da3-tuned", "eee", "model.safetensors");
  hub_.add("somebody/ours", "fff", "tiny");
  folder_.write("hub/models--google--bert/snapshots/0/config.json", "{}");
  folder_.write("hub/models--google--bert/snapshots/0/model.safetensors", "what others store");
  folder_.write("hub/datasets--x--y/snapshots/0/config.json", "{}");
  const json all = document(environment());
  const json large = named(all["family"], "da3-large")["local"];
  EXPECT_EQ(large["name"], "depth-anything/DA3-LARGE-1.1");
  EXPECT_EQ(large["path"], hub_.snapshot("depth-anything/DA3-LARGE-1.1", "bbb").string());
  EXPECT_EQ(large["place"], "huggingface");
  EXPECT_TRUE(large["usable"]);
  const json metric = named(all["family"], "da3metric-large")["local"];
  EXPECT_THAT(std::string(metric["note"]), HasSubstr("the newest whole one of 2 snapshots"));
  EXPECT_EQ(names(all["others"]), (std::vector<std::string>{"depth-anything/DA3-LARGE", "somebody/da3-tuned",
                                                            "somebody/ours", "demo"}));
  EXPECT_THAT(std::string(all["others"][0]["note"]),
              HasSubstr("replaced it by depth-anything/DA3-LARGE-1.1"));
  EXPECT_EQ(all["others"][1]["reason"], "its model.safetensors is a link to nothing");
  EXPECT_THAT(text(environment()),
              AllOf(HasSubstr("cannot be used: its model.safetensors is a link to nothing"),
                    HasSubstr("licence not said (da3-large is CC-BY-NC-4.0, non-commercial)"),
                    Not(HasSubstr("bert"))));
}

TEST_F(Models, BrokenFoldersAreNamedAndHarmless) {
  folder_.write("models/DA3-GIANT-1.1/config.json", R"({"model_name": "da3-giant"})");
  folder_.write("models/da3-small/model.safetensors", "too short for a header that says much");
  write_model(in("models/json"), "tiny");
  folder_.write("models/json/config.json", "{");
  write_model(in("models/mixed"), "tiny");
  folder_.write("models/mixed/config.json", R"({"model_name": "da3-base"})");
  fs::create_directories(in("models/dangling"));
  fs::create_symlink("nowhere", in("models/dangling/model.safetensors"));
  fs::create_directories(in("models/folder/model.safetensors"));
  const auto here = environment(in("models").string());
  const json all = document(here);
  const auto reason = [&](const char* name) { return std::string(named(all["others"], name)["reason"]); };
  const json giant = named(all["family"], "da3-giant")["local"];
  EXPECT_EQ(giant["usable"], false);
  EXPECT_TRUE(giant["model"].is_null());
  EXPECT_EQ(giant["reason"], "it has no model.safetensors");
  EXPECT_THAT(std::string(named(all["family"], "da3-small")["local"]["reason"]),
              HasSubstr("no safetensors file"));
  EXPECT_THAT(reason("json"), HasSubstr("not JSON"));
  EXPECT_THAT(reason("mixed"), HasSubstr("da3-base"));
  EXPECT_EQ(reason("dangling"), "its model.safetensors is a link to nothing");
  EXPECT_THAT(reason("folder"), HasSubstr("it is a folder"));
  EXPECT_THAT(text(here), AllOf(HasSubstr("cannot be used: it has no model.safetensors"),
                                HasSubstr("No published model is here")));
}

TEST_F(Models, AsksNeitherProfilesNorPlugins) {
  auto options = environment();
  options.environment.push_back("DA3_SET_thread=1");  // fails every other command
  options.environment.push_back("DA3_PLUGIN_PATH=nowhere");
  EXPECT_EQ(host({"devices"}, options).exit_code, 2);
  EXPECT_THAT(text(options), HasSubstr("da3-small"));
}

TEST_F(Models, TakesNoOtherWords) {
  for (const Words& words :
       {Words{"models", "photos"}, Words{"models", "--config=x"}, Words{"models", "--plugin", "x"}}) {
    const auto result = host(words);
    EXPECT_ONE_SENTENCE(result, 2);
    EXPECT_THAT(result.err, HasSubstr("da3-host models --help"));
  }
  EXPECT_THAT(host({"models", "--help"}).out, HasSubstr("da3-host models [OPTIONS]"));
  picture("models/0.png");
  EXPECT_EQ(null({"run", "models", "-q", "-o", "out"}).exit_code, 0);  // a folder of that name
}

TEST_F(Models, ARunTakesTheSameFolder) {
  write_model(in("models/DA3-SMALL"), "da3-small");
  hub_.add("depth-anything/DA3-BASE", "aaa", "tiny");
  hub_.add("depth-anything/DA3-BASE", "bbb", "tiny");
  const auto here = environment(in("models").string());
  const json family = document(here)["family"];
  for (const char* name : {"da3-small", "da3-base"}) {
    const auto result = null({"--model", name, "-o", "out", "-q"}, here);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(json_of("out/run.json")["model"]["path"], named(family, name)["local"]["path"]);
  }
  EXPECT_THAT(json_of("out/run.json")["warnings"].dump(), HasSubstr("the newest whole one of 2 snapshots"));
  const auto missing = null({"--model", "da3-smal"}, here);
  EXPECT_ONE_SENTENCE(missing, 3);
  EXPECT_THAT(missing.err, HasSubstr("did you mean \"DA3-SMALL\"?"));
}

}  // namespace
}  // namespace da3::test

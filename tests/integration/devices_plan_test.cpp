// SPDX-License-Identifier: Apache-2.0
// devices and plan: what could run, and how.
#include "host_fixture.hpp"

namespace da3::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

nlohmann::json named(const nlohmann::json& list, const char* field, const std::string& name) {
  for (const auto& one : list)
    if (one[field] == name) return one;
  return {};
}

class Devices : public HostTest {
 protected:
  nlohmann::json everything(const ProgramOptions& options = {}) const {
    const auto result = host({"devices", "--json"}, options);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return nlohmann::json::parse(result.out);
  }
  nlohmann::json devices(const ProgramOptions& options = {}) const { return everything(options)["plugins"]; }
};

TEST_F(Devices, ListsDevicesAndReasons) {
  const auto null = named(devices(), "name", "null");
  EXPECT_TRUE(null["usable"]);
  EXPECT_EQ(null["found_by"], "DA3_PLUGIN_PATH");
  EXPECT_EQ(null["devices"][0]["name"], "null device");
  EXPECT_EQ(null["devices"][0]["score"], 1);
  const auto cuda = named(devices(), "name", "cuda");
  EXPECT_FALSE(cuda["usable"]);
  EXPECT_NE(cuda["reason"], "");
  const auto text = host({"devices"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, AllOf(HasSubstr("null device"), HasSubstr("score 1"), HasSubstr("cannot be used: ")));
}

TEST_F(Devices, ATextFileNamedLikeAPluginIsNamedAndHarmless) {
  folder_.write("plugins/libda3_cpu.so", "this is no library\n");
  folder_.write("plugins/libda3_cpu.plugin.yaml", text_of(DA3_CPU_MANIFEST));
  const ProgramOptions options{.environment = {"DA3_PLUGIN_PATH=" + in("plugins").string()}};
  const auto cpu = named(devices(options), "name", "cpu");
  EXPECT_FALSE(cpu["usable"]);
  EXPECT_EQ(cpu["path"], in("plugins/libda3_cpu.so").string());
  EXPECT_NE(cpu["reason"], "");
  const auto run = host({"--backend", "cpu"}, options);
  EXPECT_ONE_SENTENCE(run, 3);
  EXPECT_THAT(run.err, HasSubstr("libda3_cpu.so"));
}

TEST_F(Devices, BrokenPluginsDoNotHideGoodOnes) {
  folder_.write("bad/libda3_bad.so", "");
  folder_.write("bad/libda3_worse.so", std::string(4096, 'x'));
  const auto list =
      devices({.environment = {"DA3_PLUGIN_PATH=" + in("bad").string() + ":" DA3_FAULTY_PLUGIN_FOLDER}});
  EXPECT_NE(named(list, "name", "bad")["reason"], "");
  EXPECT_NE(named(list, "name", "worse")["reason"], "");
  EXPECT_TRUE(named(list, "name", "null")["usable"]);
}

TEST_F(Devices, APluginByItsFile) {
  const auto result = host({"devices", "--plugin", DA3_FAULTY_PLUGIN}, {.environment = {"DA3_PLUGIN_PATH="}});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("found by --plugin"));
  const auto missing = host({"devices", "--plugin", "libda3_none.so"});
  EXPECT_EQ(missing.exit_code, 0);
  EXPECT_THAT(missing.out, HasSubstr("libda3_none.so"));
}

TEST_F(Devices, TellsTheHardware) {
  const auto all = everything();
  EXPECT_EQ(all["format"], "da3.devices/1");
  const auto& hardware = all["hardware"];
  const auto keys = [](const nlohmann::json& object) {
    std::vector<std::string> names;
    for (const auto& item : object.items()) names.push_back(item.key());
    return names;
  };
  using testing::UnorderedElementsAre;
  EXPECT_THAT(keys(hardware), UnorderedElementsAre("cpu", "memory", "nvidia", "metal"));
  EXPECT_THAT(keys(hardware["cpu"]),
              UnorderedElementsAre("name", "architecture", "instruction_sets", "cpus", "affinity", "quota",
                                   "threads", "threads_reason", "numa_node"));
  EXPECT_THAT(keys(hardware["memory"]), UnorderedElementsAre("total", "limit", "available"));
  EXPECT_THAT(keys(hardware["nvidia"]), UnorderedElementsAre("platform", "driver", "cuda", "asked",
                                                             "remembered", "reason", "devices", "pci"));
  EXPECT_THAT(keys(hardware["metal"]), UnorderedElementsAre("macos", "reason", "devices"));
  EXPECT_NE(hardware["cpu"]["name"], "");
  EXPECT_GE(hardware["cpu"]["threads"], 1);
  EXPECT_GT(hardware["memory"]["total"], 1 << 20);
  EXPECT_TRUE(!hardware["nvidia"]["devices"].empty() || hardware["nvidia"]["reason"] != "");
  EXPECT_TRUE(!hardware["metal"]["devices"].empty() || hardware["metal"]["reason"] != "");
  const auto text = host({"devices"}).out;
  for (const char* row : {"cpu     ", "memory  ", "nvidia  ", "metal   "}) EXPECT_THAT(text, HasSubstr(row));
}

TEST_F(Devices, APluginThatEndsItsProcessDoesNotEndThisOne) {
  const std::string deadly = DA3_DEADLY_PLUGIN;
  for (const auto& [order, words] : {std::pair{"entry:exit", "ended the process while it was loaded"},
                                     {"load:abort", "crashed (SIGABRT) while it was loaded"},
                                     {"probe:crash", "crashed (SIG"},
                                     {"probe:hang", "did not answer within 2 s in its probe"}}) {
    const auto result = host({"devices", "--json", "--plugin", deadly, "--set", "plugins.scan_seconds=2"},
                             {.environment = {std::string("DEADLY=") + order}});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const auto list = nlohmann::json::parse(result.out)["plugins"];
    EXPECT_THAT(std::string(named(list, "name", "deadly")["reason"]), HasSubstr(words)) << order;
    EXPECT_EQ(result.out.find("my last words\n"), std::string::npos) << "its prints are not ours";
  }
}

TEST_F(Devices, APluginThatTheProfileDoesNotTrust) {
  folder_.write("p.yaml", "plugins:\n  sha256:\n    \"null\": " + std::string(64, 'a') + "\n");
  const auto result = host({"devices", "--config", "p.yaml", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto null = named(nlohmann::json::parse(result.out)["plugins"], "name", "null");
  EXPECT_THAT(std::string(null["reason"]), HasSubstr("plugins.sha256.null"));
  EXPECT_EQ(host({"plan", "--config", "p.yaml", "--backend", "null"}).exit_code, 3);
}

#ifdef __GLIBC__
/// What the dynamic linker says of this program and of the children in which plugins are asked.
TEST_F(Devices, OpensNoLibTorch) {
  const auto result = host(
      {"devices", "--json"},
      {.environment = {"DA3_PLUGIN_PATH=", "LD_DEBUG=files", "LD_DEBUG_OUTPUT=" + in("linker").string()}});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  std::string said;
  for (const auto& file : std::filesystem::directory_iterator(folder_.path()))
    if (file.path().filename().string().starts_with("linker.")) said += text_of(file.path().filename());
  EXPECT_THAT(said, HasSubstr("libda3_cpu.so"));
  EXPECT_EQ(said.find("libtorch"), std::string::npos);
  EXPECT_EQ(said.find("libopencv"), std::string::npos);
  EXPECT_EQ(said.find("libda3_cpu_engine"), std::string::npos);
}
#endif

class Plan : public HostTest {};

TEST_F(Plan, TellsEveryValueAndWhoSaidIt) {
  folder_.write("p.yaml", "backend: \"null\"\nprocess_res: 280\nnull.depth: 2\nthreads: 3\n");
  const auto result =
      host({"plan", "--json", "--config", "p.yaml", "--set", "null.depth=5", "--mode", "independent"},
           {.environment = {"DA3_SET_threads=1", "DA3_PLUGIN_PATH=" DA3_FAULTY_PLUGIN_FOLDER}});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto plan = nlohmann::json::parse(result.out);
  const auto setting = [&](const char* key) { return named(plan["settings"], "key", key); };
  EXPECT_EQ(plan["backend"], "null");
  EXPECT_EQ(setting("process_res")["value"], "280");
  EXPECT_EQ(setting("process_res")["origin"], "p.yaml:2:1");
  EXPECT_EQ(setting("null.depth")["value"], "5");
  EXPECT_EQ(setting("null.depth")["origin"], "cli");
  EXPECT_EQ(setting("threads")["value"], "1");
  EXPECT_EQ(setting("threads")["origin"], "environment");
  EXPECT_EQ(setting("mode")["value"], "independent");
  EXPECT_EQ(setting("mode")["origin"], "--mode");
  EXPECT_EQ(setting("output")["value"], "da3-out");
  EXPECT_EQ(setting("output")["origin"], "default");
  EXPECT_EQ(setting("format")["value"], "npz-depth_vis");
  EXPECT_EQ(setting("effective.threads")["value"], "1");
  EXPECT_THAT(std::string(setting("model")["value"]), testing::EndsWith("models/demo"));
  EXPECT_THAT(std::string(setting("input")["value"]), testing::EndsWith("models/demo/scene"));
}

TEST_F(Plan, LoadsNoModelAndReadsNoInput) {
  const auto result =
      null({"plan", "--model", "nowhere", "none.png"},
           {.environment = {"FAULTY_LOAD_ERROR=-7", "DA3_PLUGIN_PATH=" DA3_FAULTY_PLUGIN_FOLDER}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("KEY"), HasSubstr("nowhere"), HasSubstr("none.png")));
  EXPECT_FALSE(there("da3-out"));
}

TEST_F(Plan, FailsLikeARun) {
  EXPECT_EQ(host({"plan", "--set", "thread=1"}).exit_code, 2);
  EXPECT_EQ(host({"plan", "--format", "gif"}).exit_code, 2);
  EXPECT_EQ(host({"plan", "--backend", "nobody"}).exit_code, 3);
}

}  // namespace
}  // namespace da3::test

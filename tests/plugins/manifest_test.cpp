// SPDX-License-Identifier: Apache-2.0
// The manifests written at build: the cpu's says what the loaded plugin says, the others are whole.
#include <yaml-cpp/yaml.h>

#include <array>
#include <fstream>
#include <map>
#include <regex>

#include "da3/option_type.hpp"
#include "plugins/plugin_fixture.hpp"

namespace {

using namespace da3::test;
using Row = std::array<std::string, 6>;  // key, type, default, help, scope, deprecated

std::vector<Row> rows(const YAML::Node& manifest) {
  std::vector<Row> all;
  for (const YAML::Node& o : manifest["options"])
    all.push_back({o["key"].as<std::string>(), o["type"].as<std::string>(), o["default"].as<std::string>(),
                   o["help"].as<std::string>(), o["scope"].as<std::string>(),
                   o["deprecated"].as<std::string>()});
  return all;
}

TEST_F(CpuPlugin, ManifestEqualsTheLoadedPlugin) {
  const YAML::Node m = YAML::LoadFile(DA3_PLUGIN_FOLDER "/libda3_cpu.plugin.yaml");
  EXPECT_EQ(m["name"].as<std::string>(), plugin->name);
  EXPECT_EQ(m["id"].as<std::string>(), plugin->id);
  EXPECT_EQ(m["version"].as<std::string>(), plugin->version);
  EXPECT_EQ(m["vendor"].as<std::string>(), plugin->vendor);
  EXPECT_EQ(m["license"].as<std::string>(), plugin->license);
  EXPECT_EQ(m["runtime_id"].as<std::string>(), plugin->runtime_id);
  EXPECT_EQ(m["abi"].as<std::string>(),
            std::to_string(plugin->abi_major) + "." + std::to_string(plugin->abi_minor));
  EXPECT_EQ("/" + m["library"].as<std::string>(), cpu_plugin.substr(cpu_plugin.find_last_of('/')));
  std::vector<Row> published;
  const auto sink = [](void* ctx, const da3_option* o) {
    static_cast<std::vector<Row>*>(ctx)->push_back({o->key, o->type, o->def, o->help,
                                                    o->scope == DA3_SCOPE_RUN ? "run" : "optimizer",
                                                    o->deprecated ? "true" : "false"});
  };
  ASSERT_EQ(plugin->options(sink, &published, nullptr), DA3_OK);
  EXPECT_EQ(rows(m), published);
}

TEST(Manifests, AreWhole) {
  for (const std::string name : {"cpu", "mps", "cuda"}) {
    const std::string folder = name == "cpu" ? DA3_PLUGIN_FOLDER : DA3_BINARY_DIR "/share/da3/manifests";
    const YAML::Node m = YAML::LoadFile(folder + "/libda3_" + name + ".plugin.yaml");
    EXPECT_EQ(m["name"].as<std::string>(), name);
    EXPECT_EQ(m["id"].as<std::string>(), "org.da3." + name);
    EXPECT_TRUE(std::regex_match(m["version"].as<std::string>(), std::regex(R"(\d+\.\d+\.\d+)")));
    EXPECT_EQ(m["library"].as<std::string>().rfind("libda3_" + name + ".", 0), 0u);
    EXPECT_TRUE(m["needs"].IsSequence());
    EXPECT_EQ(m["needs"].size() > 0, name != "cpu");
    for (const Row& row : rows(m)) {
      EXPECT_TRUE(da3::option_type::valid_type(row[1])) << row[0];
      EXPECT_TRUE(da3::option_type::accepts(row[1], row[2])) << row[0];
      const size_t dot = row[0].find('.');
      EXPECT_TRUE(dot == std::string::npos || row[0].substr(0, dot) == name) << row[0];
    }
    // Common keys are the same everywhere, so that one profile can serve a chain of backends.
    EXPECT_EQ(m["options"][0]["key"].as<std::string>(), "performance_mode");
  }
  const YAML::Node mps = YAML::LoadFile(DA3_BINARY_DIR "/share/da3/manifests/libda3_mps.plugin.yaml");
  EXPECT_EQ(mps["os"].as<std::string>(), "macos");
  EXPECT_EQ(mps["device"].as<std::string>(), "metal");
}

/// docs/options.md names every option with its default.
TEST(Manifests, OptionsAreDocumented) {
  std::ifstream file(DA3_SOURCE_DIR "/docs/options.md");
  std::map<std::string, std::string> documented;  // key -> default
  const std::regex row(R"(\| `([a-z_.]+)` \| .* \| `([^`]+)` \| .* \|)");
  std::smatch match;
  for (std::string line; std::getline(file, line);)
    if (std::regex_match(line, match, row)) documented[match[1]] = match[2];
  std::map<std::string, std::string> published;
  for (const char* manifest : {DA3_PLUGIN_FOLDER "/libda3_cpu.plugin.yaml",
                               DA3_BINARY_DIR "/share/da3/manifests/libda3_mps.plugin.yaml",
                               DA3_BINARY_DIR "/share/da3/manifests/libda3_cuda.plugin.yaml"})
    for (const Row& o : rows(YAML::LoadFile(manifest))) published[o[0]] = o[2];
  EXPECT_EQ(documented, published);
}

}  // namespace

// SPDX-License-Identifier: Apache-2.0
// Build tool: writes the manifest of the backend that it is linked with. Usage: da3_manifest_<name> FILE
#include <yaml-cpp/yaml.h>

#include <cstdio>
#include <fstream>

#include "common/backend_info.hpp"

namespace {

void field(YAML::Emitter& out, const char* key, const std::string& value) {
  out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << value;
}

void write_options(YAML::Emitter& out, const std::vector<da3::thin::OptionSpec>& options) {
  out << YAML::Key << "options" << YAML::Value << YAML::BeginSeq;
  for (const auto& option : options) {
    out << YAML::BeginMap;
    field(out, "key", option.key);
    field(out, "type", option.type);
    field(out, "default", option.def);
    field(out, "help", option.help);
    field(out, "scope", option.scope == DA3_SCOPE_RUN ? "run" : "optimizer");
    out << YAML::Key << "deprecated" << YAML::Value << false << YAML::EndMap;
  }
  out << YAML::EndSeq;
}

std::string manifest(const da3::thin::BackendInfo& info) {
  YAML::Emitter out;
  out << YAML::Comment(
      "Written at build from the plugin's own tables; the core reads it instead of loading the plugin.");
  out << YAML::BeginMap;
  field(out, "name", info.name);
  field(out, "id", info.id);
  field(out, "version", info.version);
  field(out, "abi", std::to_string(DA3_ABI_MAJOR) + "." + std::to_string(DA3_ABI_MINOR));
  field(out, "vendor", info.vendor);
  field(out, "license", info.license);
  field(out, "runtime_id", info.runtime_id);
  field(out, "library", info.library);
  field(out, "device", info.device);
  field(out, "arch", info.arch);
  field(out, "os", info.os);
  out << YAML::Key << "needs" << YAML::Value << YAML::BeginSeq;
  for (const char* need : info.needs) out << YAML::DoubleQuoted << need;
  out << YAML::EndSeq;
  if (!info.requirements.empty()) {
    out << YAML::Key << "requires" << YAML::Value << YAML::BeginMap;
    for (const auto& [name, value] : info.requirements) field(out, name, value);
    out << YAML::EndMap;
  }
  write_options(out, info.options);
  out << YAML::EndMap;
  return out.c_str();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FILE\n", argv[0]);
    return 2;
  }
  std::ofstream file(argv[1]);
  file << manifest(da3::thin::backend_info()) << '\n';
  file.close();
  if (!file) {
    std::fprintf(stderr, "manifest not written: %s cannot be written; check the folder\n", argv[1]);
    return 4;
  }
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Build tool: writes the manifests of the backend that it is linked with: the one beside its library and the
// one for where it is not installed. Usage: da3_manifest_<name> INSTALLED KNOWN
#include <yaml-cpp/yaml.h>

#include <cstdio>
#include <fstream>

#include "common/backend_info.hpp"
#include "common/common_options.hpp"

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

/// arch, os: of the library, or of the machines that the backend is for.
std::string manifest(const da3::thin::BackendInfo& info, const char* arch, const char* os) {
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
  field(out, "arch", arch);
  field(out, "os", os);
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

bool write(const char* path, const std::string& text) {
  std::ofstream file(path);
  file << text << '\n';
  file.close();
  if (!file) std::fprintf(stderr, "manifest not written: %s cannot be written; check the folder\n", path);
  return static_cast<bool>(file);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s INSTALLED KNOWN\n", argv[0]);
    return 2;
  }
  const da3::thin::BackendInfo& info = da3::thin::backend_info();
  return write(argv[1], manifest(info, da3::thin::build_arch(), da3::thin::build_os())) &&
                 write(argv[2], manifest(info, info.arch, info.os))
             ? 0
             : 4;
}

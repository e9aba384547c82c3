// SPDX-License-Identifier: Apache-2.0
// The table's members and texts, and the manifest beside the library.
#include <algorithm>
#include <da3/error.hpp>
#include <da3/manifest.hpp>
#include <regex>

#include "checks/checks.hpp"
#include "client.hpp"

namespace da3::check {
namespace {

std::string whole(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);  // throws SetupFailure 58
  const da3_plugin& t = plugin.table();
  if (!t.session_submit != !t.ticket_wait)
    fail("session_submit and ticket_wait belong together; give both or neither");
  std::string missing;
  const std::pair<const char*, bool> optional[] = {{"session_submit", t.session_submit},
                                                   {"estimate", t.estimate},
                                                   {"memory", t.memory},
                                                   {"trim", t.trim},
                                                   {"extension", t.extension}};
  for (const auto& [name, there] : optional)
    if (!there) missing += (missing.empty() ? "" : ", ") + std::string(name);
  return "ABI " + std::to_string(t.abi_major) + "." + std::to_string(t.abi_minor) +
         (missing.empty() ? "" : "; not supported: " + missing);
}

std::string texts(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  const da3_plugin& t = plugin.table();
  const std::tuple<const char*, const char*, const char*, const char*> rules[] = {
      {"name", t.name, "[a-z][a-z0-9_-]{0,63}", "small letters, digits, - and _, a letter first"},
      {"id", t.id, "[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)+", "a reversed domain like org.example.da3-cuda"},
      {"version", t.version, "\\d+\\.\\d+\\.\\d+([-+][0-9A-Za-z.+-]+)?", "three numbers like 1.4.0"},
      {"license", t.license, "[A-Za-z0-9.+() -]+", "an SPDX expression like Apache-2.0"}};
  for (const auto& [name, value, pattern, words] : rules)
    if (!std::regex_match(value, std::regex(pattern)))
      fail(std::string(name) + " is \"" + shortened(value, 60) + "\", not " + words);
  for (const char* value : {t.vendor, t.runtime_id})
    if (!valid_utf8(value)) fail("vendor or runtime_id is not UTF-8");
  const std::string file = context.plugin.filename().string(), name = t.name;
  if (!file.starts_with("libda3_" + name + "."))
    fail("name is \"" + name + "\", the file is " + file + "; they must agree");
  return std::string(t.id) + " " + t.version;
}

void same(const char* field, const std::string& manifest, const char* table) {
  if (manifest != table)
    fail(std::string(field) + ": the manifest says \"" + manifest + "\", the table \"" + table + "\"");
}

std::string manifest(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  const da3_plugin& t = plugin.table();
  const auto file = context.plugin.parent_path() / (context.plugin.stem().string() + ".plugin.yaml");
  if (!std::filesystem::exists(file)) skip("there is no " + file.filename().string() + " beside the library");
  Manifest manifest;
  try {
    manifest = Manifest::from_file(file);
  } catch (const Error& error) {
    fail(error.message());
  }
  same("name", manifest.name, t.name);
  same("id", manifest.id, t.id);
  same("version", manifest.version, t.version);
  same("vendor", manifest.vendor, t.vendor);
  same("license", manifest.license, t.license);
  same("runtime_id", manifest.runtime_id, t.runtime_id);
  same("abi", manifest.abi, (std::to_string(t.abi_major) + "." + std::to_string(t.abi_minor)).c_str());
  same("library", manifest.library, context.plugin.filename().c_str());
  const std::vector<OptionRow> live = options(t);
  for (const OptionRow& row : live) {
    const auto found = std::find_if(manifest.options.begin(), manifest.options.end(),
                                    [&](const OptionSpec& spec) { return spec.key == row.key; });
    if (found == manifest.options.end()) fail("the option " + row.key + " is not in the manifest");
    const OptionRow said{found->key,
                         found->type,
                         found->default_value,
                         found->help,
                         found->deprecated ? 1u : 0u,
                         static_cast<uint32_t>(found->scope)};
    if (!(said == row))
      fail("the option " + row.key + " differs in type, default, help, scope or deprecated");
  }
  if (manifest.options.size() != live.size()) fail("the manifest has options that the plugin has not");
  return std::to_string(live.size()) + " options agree";
}

}  // namespace

std::vector<Check> table_checks() {
  return {
      {58, "a whole table",
       "struct_size is version 1.0's or more, the major is ours, no required member is NULL",
       "plugin.h, LAYOUT and da3_plugin", Needs::entry, true, whole},
      {10, "names and versions",
       "name, id (reversed domain), version (three numbers), license (SPDX) are well formed, all text is "
       "UTF-8",
       "plugin.h, da3_plugin; docs/plugin-check.md", Needs::entry, true, texts},
      {9, "the manifest tells the truth", "the manifest beside the library says the same as table and schema",
       "core/include/da3/manifest.hpp", Needs::entry, true, manifest},
  };
}

}  // namespace da3::check

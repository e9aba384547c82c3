// SPDX-License-Identifier: Apache-2.0
#include "plugin_loader.hpp"

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cstring>
#include <map>
#include <mutex>

#include "abi_call.hpp"
#include "library_file.hpp"
#include "plugin_host.hpp"
#include "sha256.hpp"
#include "text_file.hpp"

namespace da3::detail {
namespace {

namespace fs = std::filesystem;

struct Process {
  std::mutex mutex;
  std::vector<boost::dll::shared_library> libraries;  // never destroyed, so never unloaded
  // One for each file, kept when an entry fails: a plugin knows its host again by its address.
  std::map<fs::path, std::unique_ptr<PluginHost>> hosts;
  std::map<fs::path, std::unique_ptr<LoadedPlugin>> plugins;
};

Process& process() {
  static Process& leaked = *new Process;
  return leaked;
}

[[noreturn]] void refuse(int32_t code, const std::string& why) { throw Error(code, why); }

/// The dynamic linker's own words out of Boost.DLL's.
std::string linker_text(const std::string& what) {
  constexpr std::string_view before = "dlerror system message: ";
  const size_t start = what.find(before);
  if (start == std::string::npos) return what;
  const size_t end = what.rfind("): ");
  return what.substr(start + before.size(), end == std::string::npos ? end : end - start - before.size());
}

boost::dll::shared_library open_library(const fs::path& path) {
  try {
    boost::dll::shared_library library;
    library.load(path, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
    return library;
  } catch (const std::exception& error) {
    refuse(DA3_E_UNAVAILABLE, "the dynamic linker refused it: " + linker_text(error.what()));
  }
}

void check_runtime(const Process& all, const std::string& runtime_id) {
  if (runtime_id.empty()) return;
  for (const auto& [path, other] : all.plugins)
    if (!other->runtime_id.empty() && other->runtime_id != runtime_id)
      refuse(DA3_E_UNAVAILABLE,
             "it runs on " + runtime_id + ", but backend " + other->name + " of this process runs on " +
                 other->runtime_id +
                 ", and two runtimes cannot share a process; use one backend in a process");
}

void check_before_load(const Process& all, const fs::path& library, const Manifest* manifest) {
  if (const std::string problem = library_file_problem(library); !problem.empty())
    refuse(DA3_E_UNAVAILABLE, library.string() + " " + problem + "; install the plugin again");
  if (!manifest) return;
  if (const std::string reason = manifest->platform_reason(); !reason.empty())
    refuse(DA3_E_UNAVAILABLE, reason);
  if (!manifest->sha256.empty() && sha256_file(library) != manifest->sha256)
    refuse(DA3_E_UNAVAILABLE,
           library.string() +
               " is not the file that its manifest names (sha256 differs); install the plugin again");
  check_runtime(all, manifest->runtime_id);
}

/// Copies a table of any size into one of ours. Throws when it is smaller than version 1.0 or is no table.
da3_plugin copy_table(const da3_plugin* theirs) {
  if (!theirs) refuse(DA3_E_ABI, "its da3_plugin_entry returned no table; report it to its author");
  constexpr uint32_t nonsense = 1u << 20;
  if (theirs->struct_size < sizeof(da3_plugin) || theirs->struct_size > nonsense)
    refuse(DA3_E_ABI, "its table has " + std::to_string(theirs->struct_size) + " bytes, ABI 1.0 has " +
                          std::to_string(sizeof(da3_plugin)) +
                          "; build it again with this version's plugin.h");
  da3_plugin mine;
  std::memcpy(&mine, theirs, sizeof mine);
  mine.struct_size = sizeof mine;
  return mine;
}

void check_members(const da3_plugin& table) {
  if (table.abi_major != DA3_ABI_MAJOR)
    refuse(DA3_E_ABI, "it speaks plugin ABI " + std::to_string(table.abi_major) + "." +
                          std::to_string(table.abi_minor) + ", this program speaks " +
                          std::to_string(DA3_ABI_MAJOR) + "." + std::to_string(DA3_ABI_MINOR) +
                          "; install a matching version");
  const std::pair<const char*, bool> required[] = {{"name", table.name},
                                                   {"id", table.id},
                                                   {"version", table.version},
                                                   {"probe", table.probe},
                                                   {"options", table.options},
                                                   {"optimizer_create", table.optimizer_create},
                                                   {"optimizer_describe", table.optimizer_describe},
                                                   {"optimizer_destroy", table.optimizer_destroy},
                                                   {"model_load", table.model_load},
                                                   {"model_describe", table.model_describe},
                                                   {"model_destroy", table.model_destroy},
                                                   {"session_create", table.session_create},
                                                   {"session_run", table.session_run},
                                                   {"session_destroy", table.session_destroy}};
  for (const auto& [member, present] : required)
    if (!present)
      refuse(DA3_E_ABI,
             std::string("its table has no ") + member + ", which ABI 1.0 requires; report it to its author");
}

void check_agreement(const da3_plugin& table, const std::string& file_name, const Manifest* manifest) {
  if (table.name != file_name)
    refuse(DA3_E_ABI, "its table says it is " + quote(table.name) + ", its file says " + quote(file_name) +
                          "; install the plugin again");
  if (!manifest) return;
  const std::pair<std::string, std::string> pairs[] = {
      {text_or_empty(table.id), manifest->id}, {text_or_empty(table.runtime_id), manifest->runtime_id}};
  for (const auto& [table_says, manifest_says] : pairs)
    if (table_says != manifest_says)
      refuse(DA3_E_ABI, "its table says " + quote(table_says) + ", its manifest says " +
                            quote(manifest_says) + "; install the plugin again");
}

/// "cpu" of "/x/libda3_cpu.so"
std::string name_of_file(const fs::path& library) {
  const std::string stem = library.stem().string();
  constexpr std::string_view prefix = "libda3_";
  return stem.starts_with(prefix) ? stem.substr(prefix.size()) : stem;
}

std::unique_ptr<LoadedPlugin> enter(Process& all, const boost::dll::shared_library& library,
                                    const fs::path& path, const std::string& name, const Manifest* manifest) {
  if (!library.has("da3_plugin_entry"))
    refuse(DA3_E_ABI, "it has no function da3_plugin_entry; it is not a da3 plugin");
  const auto entry = reinterpret_cast<da3_plugin_entry_fn>(
      &library.get<int32_t DA3_CALL(uint32_t, uint32_t, const da3_host*, const da3_plugin**, da3_error*)>(
          "da3_plugin_entry"));
  auto plugin = std::make_unique<LoadedPlugin>();
  plugin->library = path;
  std::unique_ptr<PluginHost>& host = all.hosts[path];
  if (!host) host = std::make_unique<PluginHost>(name, path.string());
  const da3_plugin* table = nullptr;
  CallError error;
  const int32_t status = entry(DA3_ABI_MAJOR, DA3_ABI_MAJOR, host->get(), &table, error.get());
  error.check(status, "its da3_plugin_entry");
  try {
    plugin->table = copy_table(table);
    check_members(plugin->table);
    check_agreement(plugin->table, name, manifest);
    plugin->name = plugin->table.name;
    plugin->runtime_id = text_or_empty(plugin->table.runtime_id);
    check_runtime(all, plugin->runtime_id);
  } catch (...) {
    // Each entry is matched by one shutdown, also the one of a plugin that is then refused.
    if (plugin->table.shutdown) plugin->table.shutdown();
    throw;
  }
  return plugin;
}

}  // namespace

const LoadedPlugin& load_plugin(const fs::path& library, const Manifest* manifest, const TrustRules& rules) {
  std::error_code ignored;
  fs::path path = fs::canonical(library, ignored);
  if (path.empty()) path = fs::absolute(library);
  Process& all = process();
  const std::lock_guard lock(all.mutex);
  if (const auto known = all.plugins.find(path); known != all.plugins.end()) return *known->second;
  check_before_load(all, path, manifest);
  if (const std::string problem = trust_problem(rules, name_of_file(library), path); !problem.empty())
    refuse(DA3_E_UNAVAILABLE, problem);
  const PinnedFile file(path);
  all.libraries.push_back(open_library(path));
  auto plugin = enter(all, all.libraries.back(), path, name_of_file(library), manifest);
  if (file.is_at(path)) plugin->file = file;
  return *(all.plugins[path] = std::move(plugin));
}

bool is_loaded(const fs::path& library) {
  std::error_code ignored;
  const fs::path path = fs::canonical(library, ignored);
  Process& all = process();
  const std::lock_guard lock(all.mutex);
  return all.plugins.contains(path);
}

}  // namespace da3::detail

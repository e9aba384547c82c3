// SPDX-License-Identifier: Apache-2.0
#include "plugin_search.hpp"

#include <algorithm>
#include <da3/log.hpp>
#include <da3/option_type.hpp>
#include <da3/paths.hpp>
#include <map>

#include "library_file.hpp"
#include "secure_environment.hpp"

namespace da3::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view library_prefix = "libda3_", manifest_suffix = ".plugin.yaml";

/// "cpu" of libda3_cpu.so or libda3_cpu.plugin.yaml; empty for every other file, engines and our own
/// libraries included.
std::string backend_name(const fs::path& file) {
  std::string name = file.filename().string();
  if (!name.starts_with(library_prefix)) return {};
  name.erase(0, library_prefix.size());
  for (std::string_view suffix : {manifest_suffix, std::string_view(".so"), std::string_view(".dylib")})
    if (name.ends_with(suffix)) {
      name.resize(name.size() - suffix.size());
      return name == "core" || name == "io" || name.ends_with("_engine") ? std::string() : name;
    }
  return {};
}

bool is_manifest(const fs::path& file) { return file.filename().string().ends_with(manifest_suffix); }

class Search {
 public:
  explicit Search(const TrustRules& rules) : rules_(rules) {}

  std::vector<FoundPlugin> found;

  /// A file that somebody named: any problem is its own entry.
  void add_file(const fs::path& library, const std::string& found_by, bool needs_manifest) {
    FoundPlugin plugin;
    plugin.info.name = backend_name(library);
    plugin.info.library = library;
    plugin.info.installed = true;
    plugin.info.found_by = found_by;
    const std::string name = plugin.info.name;
    if (name.empty()) {
      plugin.info.name = library.filename().string();
      std::error_code unknown;
      plugin.info.reason = library.string() + (fs::exists(fs::symlink_status(library, unknown))
                                                   ? " is not named libda3_<name>.so; rename it"
                                                   : " cannot be used: no such file; check the path");
      return add(std::move(plugin));
    }
    const fs::path manifest =
        library.parent_path() / (std::string(library_prefix) + name + std::string(manifest_suffix));
    std::error_code ignored;
    const bool has_manifest = fs::exists(fs::symlink_status(manifest, ignored));
    if (has_manifest) read_manifest(plugin, manifest);
    // What is wrong with the library itself says more than what is wrong beside it.
    if (const std::string problem = library_file_problem(library); !problem.empty())
      plugin.info.reason = library.string() + " " + problem + "; install the plugin again";
    else if (!has_manifest && needs_manifest)
      plugin.info.reason = library.string() + " has no manifest " + manifest.filename().string() +
                           " beside it; install the plugin again, or name the file with --plugin";
    else if (plugin.manifest && plugin.manifest->library != library.filename())
      plugin.info.reason = manifest.string() + " is for " + plugin.manifest->library + ", not for " +
                           library.filename().string() + "; install the plugin again";
    if (plugin.info.reason.empty())
      plugin.info.reason = ownership(library, has_manifest ? manifest : library);
    add(std::move(plugin));
  }

  void add_folder(const fs::path& folder, const std::string& found_by) {
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
      if (!backend_name(entry->path()).empty()) files.push_back(entry->path());
    if (error) {
      log(found_by == "installed" ? LogLevel::debug : LogLevel::warn,
          found_by + ": the folder " + folder.string() + " cannot be read: " + error.message());
      return;
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files)
      if (!is_manifest(file)) add_file(file, found_by, true);
    for (const fs::path& file : files)
      if (is_manifest(file) && !has_library_beside(files, file)) add_manifest(file, found_by);
  }

  void add_path(const fs::path& path, const std::string& found_by, bool needs_manifest) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) return add_folder(path, found_by);
    if (needs_manifest && backend_name(path).empty())
      return log(LogLevel::warn,
                 found_by + ": " + path.string() + " is neither a folder nor a libda3_<name>.so");
    add_file(path, found_by, needs_manifest);
  }

  /// A backend that is known, but whose library is not there.
  void add_manifest(const fs::path& file, const std::string& found_by) {
    FoundPlugin plugin;
    plugin.info.name = backend_name(file);
    plugin.info.found_by = found_by;
    read_manifest(plugin, file);
    if (!plugin.manifest) log(LogLevel::warn, plugin.info.reason);
    if (plugin.info.reason.empty())
      plugin.info.reason = "its plugin " + plugin.manifest->library + " is not installed";
    add(std::move(plugin));
  }

  void add_manifest_folder(const fs::path& folder) {
    std::error_code error;
    std::vector<fs::path> files;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
      if (is_manifest(entry->path()) && !backend_name(entry->path()).empty()) files.push_back(entry->path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      const auto known = first_.find(backend_name(file));
      if (known == first_.end() || !found[known->second].manifest) add_manifest(file, "manifest");
    }
  }

 private:
  /// Pins are checked when the library is loaded: hashing takes time.
  std::string ownership(const fs::path& library, const fs::path& manifest) const {
    TrustRules rules;
    if (rules_.trust != Trust::any) rules.trust = Trust::system;
    const std::string problem = trust_problem(rules, "", library);
    return problem.empty() && manifest != library ? trust_problem(rules, "", manifest) : problem;
  }

  static bool has_library_beside(const std::vector<fs::path>& files, const fs::path& manifest) {
    return std::any_of(files.begin(), files.end(), [&](const fs::path& file) {
      return !is_manifest(file) && backend_name(file) == backend_name(manifest);
    });
  }

  static void read_manifest(FoundPlugin& plugin, const fs::path& file) {
    plugin.info.manifest = file;
    try {
      plugin.manifest = Manifest::from_file(file);
      const Manifest& manifest = *plugin.manifest;
      plugin.info.id = manifest.id;
      plugin.info.version = manifest.version;
      plugin.info.abi = manifest.abi;
      plugin.info.vendor = manifest.vendor;
      plugin.info.license = manifest.license;
      plugin.info.runtime_id = manifest.runtime_id;
      plugin.info.device_class = manifest.device;
      plugin.info.needs = manifest.needs;
      plugin.info.reason = manifest.platform_reason();
      if (manifest.name != plugin.info.name)
        plugin.info.reason = file.string() + " is for the backend \"" + manifest.name + "\"; rename it";
    } catch (const Error& error) {
      plugin.info.reason = error.message();
    }
  }

  void add(FoundPlugin plugin) {
    const auto [known, fresh] = first_.emplace(plugin.info.name, found.size());
    if (!fresh) {
      const PluginInfo& first = found[known->second].info;
      plugin.shadowed = true;
      plugin.info.reason = "the backend " + plugin.info.name + " of " +
                           (first.library.empty() ? first.manifest : first.library).string() +
                           " was found before";
    }
    found.push_back(std::move(plugin));
  }

  const TrustRules& rules_;
  std::map<std::string, size_t> first_;  // name -> index in found
};

void add_environment(Search& search) {
  const char* value = secure_environment("DA3_PLUGIN_PATH");
  if (!value) return;
  for (std::string_view item : option_type::split(value, ':')) {
    if (item.empty()) continue;
    const fs::path path{std::string(item)};
    if (path.is_absolute())
      search.add_path(path, "DA3_PLUGIN_PATH", true);
    else
      log(LogLevel::warn,
          "DA3_PLUGIN_PATH: " + path.string() + " is not absolute and is ignored; give the whole path");
  }
}

}  // namespace

std::vector<FoundPlugin> find_plugins(const Profile& profile, const SearchOptions& options,
                                      const TrustRules& rules) {
  Search search(rules);
  for (const fs::path& file : options.plugin_files) {
    if (!file.is_absolute())
      throw Error(DA3_E_INVALID, "--plugin " + file.string() + " is not absolute; give the whole path");
    search.add_path(file, "--plugin", false);
  }
  for (const fs::path& path : profile.get_paths("plugins.path")) {
    std::error_code ignored;
    search.add_path(fs::absolute(path, ignored), "plugins.path", true);
  }
  if (options.use_environment) add_environment(search);
  if (options.use_installed) search.add_folder(plugin_folder(), "installed");
  if (options.use_installed) search.add_manifest_folder(share_folder() / "manifests");
  for (const fs::path& folder : options.manifest_folders) search.add_manifest_folder(folder);
  return std::move(search.found);
}

}  // namespace da3::detail

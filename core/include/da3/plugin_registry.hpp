// SPDX-License-Identifier: Apache-2.0
// PluginRegistry: which backends there are, why the others are not, and which one a profile gets.
//
// Searched, in this order, not recursively, for libda3_<name>.so|.dylib with its manifest beside it: single
// files (--plugin), the profile's plugins.path, $DA3_PLUGIN_PATH (ignored in setuid programs),
// plugin_folder(). Never the current folder. The first plugin of a name wins. share_folder()/manifests adds
// backends that are known but not installed. Looking for plugins loads nothing; a library is loaded when its
// devices are asked for, and stays until the process ends.
#pragma once

#include <da3/plugin.h>
#include <da3/core_export.hpp>
#include <da3/file_hash.hpp>
#include <da3/manifest.hpp>
#include <da3/profile.hpp>
#include <da3/schema.hpp>

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace da3 {

namespace hardware {
struct NvidiaFacts;  // hardware/nvidia.hpp of this project's sources
}

namespace detail {
struct RegistryState;
struct LoadedPlugin;
}  // namespace detail

/// One device of a plugin, see da3_device in plugin.h.
struct Device {
  int32_t dl_type = 0, dl_id = 0;  ///< DLPack: 1 cpu, 2 cuda, 8 metal
  int32_t score = 0;        ///< 0: unusable, reason says why; else clamped to the band of the device's class
  uint32_t precisions = 0;  ///< bits: 1 float32, 2 tf32, 4 float16, 8 bfloat16, 16 int8
  uint64_t mem_total = UINT64_MAX, mem_free = UINT64_MAX;  ///< bytes; UINT64_MAX: not known
  std::array<uint8_t, 16> uuid{};
  int32_t numa_node = -1;
  uint32_t flags = 0;  ///< bits: 1 unified memory, 2 integrated, 4 MIG slice, 8 virtual
  std::string name, driver, arch, bus, reason;
};

/// One plugin, usable or not.
struct PluginInfo {
  std::string name;  ///< "cpu"; from the file name when nothing else is known
  std::string id, version, abi, vendor, license, runtime_id;
  std::string device_class;        ///< the manifest's device
  std::vector<std::string> needs;  ///< the manifest's sentences
  std::filesystem::path library;   ///< empty: known by its manifest only
  std::filesystem::path manifest;  ///< empty: none
  std::string found_by;            ///< "--plugin", "plugins.path", "DA3_PLUGIN_PATH", "installed", "manifest"
  bool installed = false;          ///< there is a library
  bool loaded = false;             ///< in this process
  PinnedFile file;                 ///< the library that was loaded, for its hash
  std::vector<Device> devices;     ///< after devices()
  std::string reason;  ///< why it cannot be used, one sentence; empty when it can (or was not asked yet)
  int32_t score = 0;   ///< best device's
};

/// The order in which backends are tried for a profile.
struct Choice {
  struct Candidate {
    std::string name, id;
    Device device;
    std::string reason;  ///< why it is at its place: "highest score (140)", "first in the list that works"
  };
  struct Loser {
    std::string name, reason;
  };
  std::vector<Candidate> candidates;  ///< best first, never empty
  std::vector<Loser> losers;          ///< everybody else, each with a sentence
  bool may_fall_back = false;         ///< auto or a list: the next one is tried when the first cannot be made
};

/// Where to look. The defaults are what programs want; tests change them.
struct SearchOptions {
  std::vector<std::filesystem::path>
      plugin_files;             ///< --plugin PATH: absolute; a missing manifest is allowed here only
  bool use_environment = true;  ///< DA3_PLUGIN_PATH
  bool use_installed = true;    ///< plugin_folder() and share_folder()/manifests
  std::vector<std::filesystem::path> manifest_folders;  ///< more folders of manifests without libraries
  /// Plugins are asked in a child each (da3-scan), so that one that hangs, crashes, exits or prints harms
  /// nobody; for programs that list plugins. False: they are loaded into this process, as an Engine does.
  bool scan_in_child = false;
};

/// [any] all members may be called from several threads at once. Copies share their state.
class DA3_CORE_API PluginRegistry {
 public:
  /// Searches. Uses the profile's plugins.path; never throws for a bad plugin (it is listed with its reason),
  /// but throws Error(DA3_E_INVALID) for a relative plugin file.
  explicit PluginRegistry(const Profile& profile = {}, const SearchOptions& options = {});

  /// Core's, hosts' and every known backend's keys. A tool adds its own: registry.schema().add("da3-host",
  /// options), then registry.schema().check(profile), before anything is loaded. Add keys before other
  /// threads use the registry.
  Schema& schema();
  const Schema& schema() const;

  /// What was found, in search order, without loading anything.
  std::vector<PluginInfo> plugins() const;

  /// Loads and probes every plugin that may run here (SearchOptions::scan_in_child: in children, at the same
  /// time); each usable one has devices, each other one a reason. What a manifest requires of the machine is
  /// checked first. By order of the search.
  std::vector<PluginInfo> devices();

  /// What is known of NVIDIA's GPUs, the driver asked in a child. Asked once; lives as long as the registry.
  const hardware::NvidiaFacts& nvidia_facts();

  /// Who runs this profile. `backend: auto`: highest score, ties by id; a name: that one; a list: in its
  /// order. Throws Error(DA3_E_UNAVAILABLE) when none can: a sentence with the reason and what to use
  /// instead. Never a silent fallback.
  Choice choose(const Profile& profile);

  /// The ABI table of a plugin, loaded into this process if it was not, also where the profile says
  /// isolation: process: an Engine does not need it then. Throws Error(DA3_E_UNAVAILABLE, DA3_E_ABI). The
  /// table lives for ever.
  const da3_plugin* table(const std::string& name);

 private:
  std::shared_ptr<detail::RegistryState> state_;
};

/// CPU threads this process may use: its affinity mask and its cgroup's quota (v1 and v2), whichever is less,
/// rounded up.
struct CpuBudget {
  uint32_t threads = 1;
  std::string cpus;    ///< "0-7,16" when the mask is known, else ""
  std::string reason;  ///< "8 by affinity", "2 by the cgroup's quota of 1.50 CPUs"
};
/// root: where /proc and /sys are looked for; another folder in tests.
DA3_CORE_API CpuBudget cpu_budget(const std::filesystem::path& root = "/");

}  // namespace da3

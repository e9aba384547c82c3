// SPDX-License-Identifier: Apache-2.0
// Manifest: what a plugin says about itself without being loaded, libda3_<name>.plugin.yaml beside
// libda3_<name>.so. A manifest without a library (in share/da3/manifests) makes a backend's keys known on
// machines that cannot run it.
#pragma once

#include <da3/core_export.hpp>
#include <da3/schema.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace da3 {

/// Fields as in the file. Required: name, id, version, abi, library, options. Unknown fields are refused.
struct Manifest {
  std::filesystem::path file;  ///< where it was read
  std::string name;            ///< [a-z][a-z0-9_-]*, "cpu": what `backend:` says
  std::string id;              ///< "org.da3.cpu"
  std::string version;         ///< "0.1.0"
  std::string abi;             ///< "1.0"
  uint32_t abi_major = 0, abi_minor = 0;
  std::string vendor, license;
  std::string runtime_id;  ///< "libtorch/2.11.0+cu130"; plugins with different ones may not share a process
  std::string library;     ///< file name, no folder: "libda3_cpu.so"
  std::string device = "any";      ///< cpu, cuda, metal, ...
  std::string arch = "any";        ///< x86_64, aarch64, any
  std::string os = "any";          ///< linux, macos, windows, any
  std::vector<std::string> needs;  ///< sentences for people
  /// What the core checks before it loads the library: nvidia_driver ("580"), cuda ("13.0", what the driver
  /// must speak), compute_capability ("7.5,8.0,8.6": one of them must fit), cpu_features ("avx2,fma": all),
  /// macos
  /// ("14.4"), metal ("any"). Fields of a later minor version of the ABI are not known and not checked.
  std::map<std::string, std::string> requirements;
  std::string sha256;  ///< 64 hex digits of the library, checked before it is loaded; may be empty
  std::vector<OptionSpec> options;

  /// Throws Error (DA3_E_NOT_FOUND, DA3_E_BAD_VALUE) with file:line:column, as careful as Profile::from_file.
  DA3_CORE_API static Manifest from_file(const std::filesystem::path& path);
  DA3_CORE_API static Manifest from_text(std::string_view yaml, const std::filesystem::path& name);

  /// Why this plugin cannot run here (operating system, processor, ABI major), or "" when nothing speaks
  /// against it.
  DA3_CORE_API std::string platform_reason() const;
};

}  // namespace da3

// SPDX-License-Identifier: Apache-2.0
// Where this installation is, found relative to libda3_core itself: the build tree looks like the install
// tree.
#pragma once

#include <da3/core_export.hpp>

#include <filesystem>
#include <string>

namespace da3 {

/// Folder of libda3_core, canonical: <prefix>/lib or <build>/lib.
DA3_CORE_API std::filesystem::path library_folder();

/// The private plugin folder: library_folder()/da3/plugins-1. It need not exist.
DA3_CORE_API std::filesystem::path plugin_folder();

/// <prefix>/share/da3, which holds profiles/, manifests/ and models/. It need not exist.
DA3_CORE_API std::filesystem::path share_folder();

/// <prefix>/libexec/da3/da3-scan, the child in which drivers and plugins are asked; empty when it is not
/// there.
DA3_CORE_API std::filesystem::path scan_helper();

/// What da3_host.cache_dir hands to the plugin of this name: $DA3_CACHE_DIR/<name>, else
/// $XDG_CACHE_HOME/da3/<name>, else
/// ~/.cache/da3/<name>; created when missing. Empty when it cannot be created or is not writable: then
/// nothing is cached.
DA3_CORE_API std::filesystem::path plugin_cache_folder(const std::string& plugin_name);

}  // namespace da3

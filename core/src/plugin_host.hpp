// SPDX-License-Identifier: Apache-2.0
// What the core lends to one plugin: da3_host and what stands behind it.
#pragma once

#include <da3/plugin.h>

#include <mutex>
#include <optional>
#include <string>

namespace da3::detail {

/// Lives as long as the process once a plugin was entered with it. Its address is the plugin's host for ever.
class PluginHost {
 public:
  PluginHost(std::string plugin_name, std::string library_path);
  PluginHost(const PluginHost&) = delete;
  const da3_host* get() const { return &host_; }

 private:
  static void DA3_CALL log_line(void* ctx, int32_t level, const char* utf8);
  static void* DA3_CALL allocate(void* ctx, uint64_t size, uint64_t align);
  static void DA3_CALL deallocate(void* ctx, void* memory);
  static uint32_t DA3_CALL threads(void* ctx, const char** cpus);
  static const char* DA3_CALL cache_folder(void* ctx);
  static const void* DA3_CALL extension(void* ctx, const char* id);

  std::string name_, library_path_;
  std::mutex mutex_;
  std::optional<std::string>
      cache_folder_;  ///< asked for at the first call: nothing is created for who never asks
  da3_host host_;
};

}  // namespace da3::detail

// SPDX-License-Identifier: Apache-2.0
// The host that entered the plugin: a copy of its table that lives as long as anything uses it.
#pragma once

#include <da3/plugin.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

namespace da3::thin {

class Host {
 public:
  /// Throws Error DA3_E_INVALID or DA3_E_ABI (smaller than version 1.0's).
  explicit Host(const da3_host*);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  const da3_host* table() const { return &table_; }
  /// Whether other stands for the same services, so that it may enter again.
  bool same(const da3_host* other) const;
  void log(int32_t level, const std::string& text) const;  ///< 0 trace .. 5 fatal
  uint32_t cpu_budget() const;                             ///< 0: no suggestion
  /// Of this very library: what the host said, else what the dynamic linker knows. Empty: nobody knows.
  std::filesystem::path library_folder() const;
  std::filesystem::path cache_folder() const;  ///< the plugin's own; empty: nothing may be written

 private:
  const da3_host* original_;
  da3_host table_{};
  std::string name_, version_, library_path_;
};

constexpr int32_t log_debug = 1, log_info = 2, log_warn = 3;

/// Entries are counted; the host is the one that entered first. Never destroyed: calls may come during exit.
class HostSlot {
 public:
  static HostSlot& instance();
  void enter(const da3_host*);  ///< throws DA3_E_UNAVAILABLE when another host is live
  void leave();
  std::shared_ptr<const Host> host();  ///< throws DA3_E_INVALID when nobody has entered

 private:
  std::mutex mutex_;
  std::shared_ptr<const Host> host_;
  uint64_t entries_ = 0;
};

}  // namespace da3::thin

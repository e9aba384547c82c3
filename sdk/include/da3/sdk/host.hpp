// SPDX-License-Identifier: Apache-2.0
// The checked host: da3_host with every optional service tested before use, and the count of entries. C++17.
#pragma once

#include <da3/plugin.h>
#include <da3/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <string>

namespace da3::sdk {

enum class LogLevel : int32_t { trace = 0, debug = 1, info = 2, warn = 3, error = 4, fatal = 5 };

/// What the host lends, from entry until the last shutdown. Every service may be missing. [any]
class Host {
 public:
  /// Throws Error: DA3_E_INVALID for NULL, DA3_E_ABI for a table smaller than version 1.0's.
  explicit Host(const da3_host* host) : original_(host) {
    require(host);
    if (!DA3_HAS(host, da3_host, extension))
      throw Error(DA3_E_ABI, "da3_plugin_entry: the host table has " + std::to_string(host->struct_size) +
                                 " bytes, which is less than version 1.0's; use a newer host");
    // A newer host's table is larger: what this header does not know is left alone.
    std::memcpy(&table_, host, std::min<size_t>(host->struct_size, sizeof table_));
    table_.struct_size = sizeof table_;
    // Only services live until shutdown; texts die when entry returns.
    library_path_ = table_.library_path ? table_.library_path : "";
    name_ = table_.name ? table_.name : "unknown";
    table_.name = table_.version = table_.library_path = nullptr;
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  void log(LogLevel level, const std::string& text) const noexcept {
    if (table_.log) table_.log(table_.ctx, static_cast<int32_t>(level), text.c_str());
  }
  void info(const std::string& text) const noexcept { log(LogLevel::info, text); }
  void warn(const std::string& text) const noexcept { log(LogLevel::warn, text); }

  /// Host memory that goes back to the host by itself. Throws std::bad_alloc. align: a power of two. Without
  /// the service, or with only half of it, memory is the plugin's own.
  using Memory = std::shared_ptr<void>;
  Memory alloc(uint64_t size, uint64_t align = alignof(std::max_align_t)) const {
    if (!table_.alloc || !table_.dealloc) {
      const std::align_val_t alignment{std::max<size_t>(align, alignof(std::max_align_t))};
      return {::operator new(size, alignment), [alignment](void* p) { ::operator delete(p, alignment); }};
    }
    void* memory = table_.alloc(table_.ctx, size, align);
    if (!memory) throw std::bad_alloc();
    return {memory, [ctx = table_.ctx, dealloc = table_.dealloc](void* p) { dealloc(ctx, p); }};
  }

  /// Threads that the host suggests; 1 when it suggests nothing. A setting of the user's wins over it.
  uint32_t cpu_budget() const noexcept {
    const char* cpus = nullptr;
    return table_.cpu_budget ? std::max(1u, table_.cpu_budget(table_.ctx, &cpus)) : 1;
  }
  /// The plugin's folder for files that may be lost, or "": then it must write nothing.
  std::string cache_dir() const {
    const char* folder = table_.cache_dir ? table_.cache_dir(table_.ctx) : nullptr;
    return folder ? folder : "";
  }
  /// Absolute path of the plugin's own file, or "" when the host does not tell.
  const std::string& library_path() const noexcept { return library_path_; }
  const std::string& name() const noexcept { return name_; }  ///< for messages; never branch on it

  /// The table of an extension like "da3.trace/1", or nullptr.
  template <class Table>
  const Table* extension(const char* id) const noexcept {
    return table_.extension ? static_cast<const Table*>(table_.extension(table_.ctx, id)) : nullptr;
  }

  /// The services as a table, without its texts.
  const da3_host* table() const noexcept { return &table_; }

  static void require(const da3_host* host) {
    if (!host) throw Error(DA3_E_INVALID, "da3_plugin_entry: the host table is NULL; pass one");
  }
  /// Whether other stands for the same services, so that it may enter again.
  bool same(const da3_host* other) const noexcept {
    return other == original_ ||
           (DA3_HAS(other, da3_host, extension) && other->ctx == table_.ctx && other->log == table_.log &&
            other->alloc == table_.alloc && other->dealloc == table_.dealloc &&
            other->cpu_budget == table_.cpu_budget && other->cache_dir == table_.cache_dir &&
            other->extension == table_.extension);
  }

 private:
  const da3_host* original_;
  da3_host table_{};
  std::string library_path_, name_;
};

/// Counts entries: the same host may enter again, another one may not while the first is there.
class Entries {
 public:
  /// Never destroyed: calls may come while the process ends.
  static Entries& instance() {
    static Entries& entries = *new Entries;
    return entries;
  }
  void enter(const da3_host* host) {
    Host::require(host);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (count_ == 0)
      host_ = std::make_shared<const Host>(host);
    else if (!host_->same(host))
      throw Error(DA3_E_UNAVAILABLE, "da3_plugin_entry: another host in this process uses the plugin (" +
                                         host_->name() + "); let it shut down first");
    ++count_;
  }
  void leave() noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (count_ > 0 && --count_ == 0) host_.reset();
  }
  /// Throws DA3_E_INVALID when nobody has entered.
  std::shared_ptr<const Host> host() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!host_) throw Error(DA3_E_INVALID, "the plugin is not entered: call da3_plugin_entry first");
    return host_;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const Host> host_;
  uint64_t count_ = 0;
};

}  // namespace da3::sdk

// SPDX-License-Identifier: Apache-2.0
#include "common/host.hpp"

#include <dlfcn.h>
#include <da3/error.hpp>

#include <algorithm>
#include <cstring>

namespace da3::thin {
namespace {

std::string text_or_empty(const char* text) { return text ? text : ""; }

}  // namespace

Host::Host(const da3_host* host) : original_(host) {
  if (!host) throw Error(DA3_E_INVALID, "da3_plugin_entry: the host table is NULL; pass one");
  if (!DA3_HAS(host, da3_host, extension))
    throw Error(DA3_E_ABI, "da3_plugin_entry: the host table has " + std::to_string(host->struct_size) +
                               " bytes and version 1.0 has " + std::to_string(sizeof(da3_host)) +
                               "; build the host with da3/plugin.h 1.0 or later");
  std::memcpy(&table_, host, std::min<size_t>(host->struct_size, sizeof table_));
  table_.struct_size = sizeof table_;
  // Only services are promised to live until shutdown: keep copies of the texts.
  name_ = text_or_empty(table_.name);
  version_ = text_or_empty(table_.version);
  library_path_ = text_or_empty(table_.library_path);
  table_.name = name_.c_str();
  table_.version = version_.c_str();
  table_.library_path = library_path_.empty() ? nullptr : library_path_.c_str();
}

bool Host::same(const da3_host* other) const {
  if (other == original_) return true;
  return DA3_HAS(other, da3_host, extension) && other->ctx == table_.ctx && other->log == table_.log &&
         other->alloc == table_.alloc && other->dealloc == table_.dealloc &&
         other->cpu_budget == table_.cpu_budget && other->cache_dir == table_.cache_dir &&
         other->extension == table_.extension;
}

void Host::log(int32_t level, const std::string& text) const {
  if (table_.log) table_.log(table_.ctx, level, text.c_str());
}

std::filesystem::path Host::library_folder() const {
  if (!library_path_.empty()) return std::filesystem::path(library_path_).parent_path();
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&text_or_empty), &info) == 0 || !info.dli_fname) return {};
  return std::filesystem::absolute(info.dli_fname).parent_path();
}

std::filesystem::path Host::cache_folder() const {
  return text_or_empty(table_.cache_dir ? table_.cache_dir(table_.ctx) : nullptr);
}

uint32_t Host::cpu_budget() const {
  const char* cpus = nullptr;
  return table_.cpu_budget ? table_.cpu_budget(table_.ctx, &cpus) : 0;
}

HostSlot& HostSlot::instance() {
  static auto& slot = *new HostSlot;
  return slot;
}

void HostSlot::enter(const da3_host* host) {
  const std::lock_guard lock(mutex_);
  if (entries_ == 0) {
    host_ = std::make_shared<const Host>(host);
  } else if (!host_->same(host)) {
    throw Error(DA3_E_UNAVAILABLE, "da3_plugin_entry: another host in this process uses the plugin (" +
                                       std::string(host_->table()->name) +
                                       "); let it shut down first, or share one da3 core");
  }
  ++entries_;
}

void HostSlot::leave() {
  const std::lock_guard lock(mutex_);
  if (entries_ == 0) return;
  if (--entries_ == 0) host_.reset();
}

std::shared_ptr<const Host> HostSlot::host() {
  const std::lock_guard lock(mutex_);
  if (!host_)
    throw Error(DA3_E_INVALID, "the plugin is not entered: call da3_plugin_entry before using its table");
  return host_;
}

}  // namespace da3::thin

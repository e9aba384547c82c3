// SPDX-License-Identifier: Apache-2.0
#include "plugin_host.hpp"

#include <algorithm>
#include <cstdlib>
#include <da3/log.hpp>
#include <da3/paths.hpp>
#include <da3/plugin_registry.hpp>
#include <string_view>

#include "abi_call.hpp"
#include "trace.hpp"

namespace da3::detail {

PluginHost::PluginHost(std::string plugin_name, std::string library_path)
    : name_(std::move(plugin_name)), library_path_(std::move(library_path)), host_(zeroed<da3_host>()) {
  host_.abi_major = DA3_ABI_MAJOR;
  host_.abi_minor = DA3_ABI_MINOR;
  host_.ctx = this;
  host_.name = "libda3_core";
  host_.version = DA3_CORE_VERSION;
  host_.log = log_line;
  host_.alloc = allocate;
  host_.dealloc = deallocate;
  host_.cpu_budget = threads;
  host_.cache_dir = cache_folder;
  host_.library_path = library_path_.c_str();
  host_.extension = extension;
}

void PluginHost::log_line(void* ctx, int32_t level, const char* utf8) {
  if (!utf8) return;
  try {
    const auto clamped = static_cast<LogLevel>(std::clamp<int32_t>(level, 0, 5));
    log(clamped, static_cast<PluginHost*>(ctx)->name_ + ": " + utf8);
  } catch (...) {  // no memory for the line
  }
}

void* PluginHost::allocate(void*, uint64_t size, uint64_t align) {
  const uint64_t least = std::max<uint64_t>(align, sizeof(void*));
  if ((least & (least - 1)) != 0 || least > (1u << 30) || size > UINT64_MAX / 4) return nullptr;
  void* memory = nullptr;
  return ::posix_memalign(&memory, least, std::max<uint64_t>(size, 1)) == 0 ? memory : nullptr;
}

void PluginHost::deallocate(void*, void* memory) { std::free(memory); }

uint32_t PluginHost::threads(void*, const char** cpus) {
  if (cpus) *cpus = nullptr;
  try {
    static const CpuBudget& budget = *new CpuBudget(da3::cpu_budget());
    if (cpus && !budget.cpus.empty()) *cpus = budget.cpus.c_str();
    return budget.threads;
  } catch (...) {
    return 1;
  }
}

const char* PluginHost::cache_folder(void* ctx) {
  auto& self = *static_cast<PluginHost*>(ctx);
  try {
    const std::lock_guard lock(self.mutex_);
    if (!self.cache_folder_) self.cache_folder_ = plugin_cache_folder(self.name_).string();
    return self.cache_folder_->empty() ? nullptr : self.cache_folder_->c_str();
  } catch (...) {
    return nullptr;
  }
}

const void* PluginHost::extension(void*, const char* id) {
  if (id && std::string_view(id) == DA3_TRACE_ID) return &trace_table();
  return nullptr;
}

}  // namespace da3::detail

// SPDX-License-Identifier: Apache-2.0
// The host's side of the table: log, memory, budget and folder, all counted.
#include <cstdlib>

#include "client.hpp"

namespace da3::check {

TestHost::TestHost(const Context& context) : table(zeroed<da3_host>()), path_(context.plugin.string()) {
  table.abi_major = DA3_ABI_MAJOR;
  table.abi_minor = DA3_ABI_MINOR;
  table.ctx = this;
  table.name = "da3-plugin-check";
  table.version = DA3_VERSION;
  table.log = log;
  table.alloc = alloc;
  table.dealloc = dealloc;
  table.cpu_budget = budget;
  table.cache_dir = cache;
  table.library_path = path_.c_str();
  table.extension = extension;
}

void TestHost::offer_nothing() {
  table.log = nullptr;
  table.alloc = nullptr;
  table.dealloc = nullptr;
  table.cpu_budget = nullptr;
  table.cache_dir = nullptr;
  table.extension = nullptr;
  table.library_path = table.name = table.version = nullptr;
}

void TestHost::log(void* ctx, int32_t level, const char* text) {
  auto& self = *static_cast<TestHost*>(ctx);
  const std::lock_guard lock(self.mutex_);
  self.lines_.push_back({level, text ? text : ""});
}

void* TestHost::alloc(void* ctx, uint64_t size, uint64_t align) {
  auto& self = *static_cast<TestHost*>(ctx);
  const std::lock_guard lock(self.mutex_);
  ++self.allocations_;
  if (self.fail_from_ && self.allocations_ >= self.fail_from_) return nullptr;
  const uint64_t least = align < sizeof(void*) ? sizeof(void*) : align;
  void* memory = nullptr;
  if ((least & (least - 1)) != 0 || ::posix_memalign(&memory, least, size ? size : 1) != 0) return nullptr;
  self.blocks_[memory] = size;
  return memory;
}

void TestHost::dealloc(void* ctx, void* memory) {
  auto& self = *static_cast<TestHost*>(ctx);
  const std::lock_guard lock(self.mutex_);
  if (!memory) return;
  if (self.blocks_.erase(memory) == 0) {
    self.misuse_ = "host->dealloc was given memory that host->alloc did not give, or twice";
    return;
  }
  std::free(memory);
}

uint32_t TestHost::budget(void*, const char** cpus) {
  if (cpus) *cpus = nullptr;
  return 2;
}

const char* TestHost::cache(void* ctx) {
  auto& self = *static_cast<TestHost*>(ctx);
  return self.cache_folder.empty() ? nullptr : self.cache_folder.c_str();
}

const void* TestHost::extension(void*, const char*) { return nullptr; }

std::vector<TestHost::Line> TestHost::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}
uint64_t TestHost::allocations() const {
  const std::lock_guard lock(mutex_);
  return allocations_;
}
size_t TestHost::live_blocks() const {
  const std::lock_guard lock(mutex_);
  return blocks_.size();
}
std::string TestHost::misuse() const {
  const std::lock_guard lock(mutex_);
  return misuse_;
}
void TestHost::fail_allocation(uint64_t k) {
  const std::lock_guard lock(mutex_);
  fail_from_ = k ? allocations_ + k : 0;
}

}  // namespace da3::check

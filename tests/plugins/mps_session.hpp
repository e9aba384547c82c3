// SPDX-License-Identifier: Apache-2.0
// The mps engine's session path with the host as its device and Metal's hooks recorded, driven through the
// ABI.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "mps/metal_hooks.hpp"
#include "plugins/session_case.hpp"

namespace da3::test {

/// Metal that is not there: writes down what is asked of it.
class RecordedHooks : public mps::MetalHooks {
 public:
  bool metal = true, new_macos = true;
  std::atomic<int> cache_emptied{0}, synchronized{0}, pools{0}, most_pools{0}, threads_at_once{0};
  std::vector<std::string> watermarks;  ///< in the order of the calls

  bool has_metal() const override { return metal; }
  bool macos_at_least(unsigned, unsigned) const override { return new_macos; }
  uint64_t working_set() const override { return 1ull << 34; }
  uint64_t allocated() const override { return 3000; }
  uint64_t reserved() const override { return cache_emptied > 0 ? 4000 : 9000; }
  void set_high_watermark(double share) override { note("high", share); }
  void set_low_watermark(double share) override { note("low", share); }
  void empty_cache() override { ++cache_emptied; }
  void synchronize() override { ++synchronized; }
  void* push_pool() override;
  void pop_pool(void* pool) override;

 private:
  void note(const char* which, double share);
  std::mutex mutex_;
  std::vector<std::thread::id> inside_;
};

/// Of all contexts, as Metal is one for the process.
RecordedHooks& hooks();

/// Linears that find the device's memory full, from the next one on; each says it in Metal's words.
extern std::atomic<int> full;

engine::Policy metal_policy(engine::Precision precision = engine::Precision::float32,
                            uint64_t attention_bytes = 1 << 20);

}  // namespace da3::test

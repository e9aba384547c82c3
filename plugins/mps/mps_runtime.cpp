// SPDX-License-Identifier: Apache-2.0
#include "mps/mps_runtime.hpp"

#include <c10/util/Exception.h>
#include <da3/error.hpp>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <string_view>

#include "engine/process_shared.hpp"
#include "mps/mps_kernels.hpp"

namespace da3::mps {

namespace {

/// From so many on a process is worth to be replaced; each may hold some hundred kilobytes.
constexpr size_t kManyShapes = 4096;

/// Recursive: a run that is short of memory gives some back within.
std::recursive_mutex& metal_lock() { return engine::process_shared<std::recursive_mutex>("metal lock"); }

class Pool {
 public:
  explicit Pool(MetalHooks& hooks) : hooks_(hooks), pool_(hooks.push_pool()) {}
  ~Pool() { hooks_.pop_pool(pool_); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

 private:
  MetalHooks& hooks_;
  void* pool_;
};

std::string first_line(const c10::Error& error) {
  const std::string_view text = error.what_without_backtrace();
  return std::string(text.substr(0, std::min<size_t>(text.find('\n'), 300)));
}

bool set_in_environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value && std::string_view(value) != "0";
}

}  // namespace

c10::Device find_device(const MetalHooks& hooks) {
  if (!hooks.has_metal())
    throw Error(DA3_E_UNAVAILABLE,
                "the mps backend cannot be used: this LibTorch finds no Metal device here; use a Mac with "
                "Apple silicon, or the cpu backend");
  if (!hooks.macos_at_least(14, 4))
    throw Error(DA3_E_UNAVAILABLE,
                "the mps backend cannot be used: this macOS is older than 14.4, which LibTorch's Metal "
                "kernels need; update macOS, or use the cpu backend");
  return {c10::kMPS, 0};
}

MpsRuntime::MpsRuntime(const engine::Policy& policy, MetalHooks& hooks) : hooks_(hooks) {
  if (policy.memory_high <= 0) return;
  const std::lock_guard lock(metal_lock());
  // In this order: a low watermark above the high one that is in force is refused.
  hooks_.set_high_watermark(policy.memory_high);
  const double low = policy.memory_low > 0 ? policy.memory_low : policy.memory_high;
  hooks_.set_low_watermark(std::min(low, 0.9 * policy.memory_high));
}

void MpsRuntime::enter(const std::function<void()>& body) {
  const std::lock_guard lock(metal_lock());
  const Pool pool(hooks_);
  try {
    body();
  } catch (const c10::Error& error) {
    if (!out_of_memory(error)) throw;
    throw Error(DA3_E_NOMEM_DEVICE,
                "out of memory on Metal: " + first_line(error) +
                    "; use fewer views, a smaller process_res, performance_mode: minimal or a higher "
                    "mps.memory_cap");
  }
  note_peak();
}

uint64_t MpsRuntime::memory_limit(double fraction) {
  return static_cast<uint64_t>(fraction * static_cast<double>(hooks_.working_set()));
}

std::vector<at::Tensor> MpsRuntime::download(std::vector<at::Tensor> values) {
  for (at::Tensor& value : values)
    value = value.contiguous().to(at::kCPU, value.scalar_type(), /*non_blocking=*/false);
  hooks_.synchronize();
  note_peak();
  return values;
}

void MpsRuntime::fill_memory(da3_memory& memory, uint64_t weights) {
  note_peak();
  const uint64_t allocated = hooks_.allocated(), reserved = hooks_.reserved();
  memory.activations = allocated - std::min(allocated, weights);
  memory.pool_idle = reserved - std::min(reserved, allocated);
  memory.peak = peak_;
}

uint64_t MpsRuntime::trim() {
  const uint64_t before = hooks_.reserved();
  hooks_.synchronize();  // what is still in use by launched work cannot be given back
  hooks_.empty_cache();
  const uint64_t after = hooks_.reserved();
  return before - std::min(before, after);
}

/// LibTorch's allocator for Metal throws its errors as plain c10::Error.
bool MpsRuntime::out_of_memory(const c10::Error& error) const {
  const std::string_view text = error.what_without_backtrace();
  return DeviceRuntime::out_of_memory(error) || text.find("MPS backend out of memory") != text.npos ||
         text.find("Invalid buffer size") != text.npos;
}

bool MpsRuntime::use_smaller_pieces(net::Kernels& kernels) {
  return static_cast<MpsKernels&>(kernels).use_smaller_pieces();
}

void MpsRuntime::use_usual_pieces(net::Kernels& kernels) {
  static_cast<MpsKernels&>(kernels).use_usual_pieces();
}

std::vector<std::pair<std::string, std::string>> MpsRuntime::describe(const net::Kernels& kernels) {
  const auto& ours = static_cast<const MpsKernels&>(kernels);
  const size_t shapes = ours.shapes_seen();
  std::vector<std::pair<std::string, std::string>> told{
      {"effective.attention.pieces", std::to_string(ours.most_attention_pieces())},
      {"effective.fallback", set_in_environment("PYTORCH_ENABLE_MPS_FALLBACK")
                                 ? "on: PYTORCH_ENABLE_MPS_FALLBACK is set, and lets operators run on the CPU"
                                 : "off"},
      {"effective.shapes", std::to_string(shapes)}};
  if (shapes >= kManyShapes)
    told.emplace_back("effective.shapes.reason",
                      "Metal keeps what it compiled for each shape until the process ends: start a new one "
                      "now and then, or keep to few sizes and numbers of views");
  return told;
}

void MpsRuntime::note_peak() { peak_ = std::max(peak_.load(), hooks_.reserved()); }

}  // namespace da3::mps

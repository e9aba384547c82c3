// SPDX-License-Identifier: Apache-2.0
#include "mps/policy.hpp"

#include <algorithm>
#include <cstdio>

#include "common/report.hpp"
#include "mps/probe.hpp"

namespace da3::mps {
namespace {

using engine::Precision;
using hardware::MetalDevice;
using thin::Decision;
using thin::OptionSet;
using thin::Report;
using thin::yes_no;

constexpr int32_t kind_device = 4;
constexpr int native_bfloat16_family = 9;  // M3

/// What a mode means: defaults of settings that are not given.
struct Mode {
  int workers, prefetch, head_chunk_views;
  bool keep_scratch, empty_cache;
};

Mode mode_of(const OptionSet& options) {
  if (options.is("performance_mode", "minimal")) return {8, 0, 1, false, true};
  if (options.is("performance_mode", "max")) return {12, 4, 8, true, false};
  return {8, 2, 4, true, true};
}

const MetalDevice& choose_device(const Capabilities& c, thin::DeviceId id) {
  const MetalDevice* device = the_device(c);
  if (id.type != dl_metal || id.index != 0)
    throw Error(DA3_E_NOT_FOUND,
                "optimizer_create: the mps backend has no device of type " + std::to_string(id.type) +
                    " and index " + std::to_string(id.index) + "; its only device is type 8, index 0",
                kind_device, id.index);
  if (const std::string why = unusable(c, device); !why.empty())
    throw Error(DA3_E_UNAVAILABLE, "optimizer_create: " + why, kind_device, id.index);
  return *device;
}

void decide_precision(const MetalDevice& device, const OptionSet& options, Decision& decision,
                      Report& report) {
  const std::string key = "mixed_precision";
  const bool native = device.family >= native_bfloat16_family;
  Precision& precision = decision.policy.precision;
  precision = Precision::float32;
  std::string reason;
  if (options.is(key, "int8")) thin::refuse("mps", options, key, "int8 is for CPUs; use auto or bfloat16");
  if (options.is(key, "auto")) {
    if (native) precision = Precision::bfloat16;
    reason = native ? "this GPU multiplies bfloat16 (M3 and later)"
                    : "this GPU emulates bfloat16 (M3 and later have it), and nothing was measured to be "
                      "faster than float32 here";
  } else if (options.is(key, "bfloat16")) {
    precision = Precision::bfloat16;
    if (!native) {
      reason = "emulated before M3";
      report.warn(
          thin::option_text(options, key) +
          ": this GPU emulates bfloat16 (M3 and later have it), so it may be slower than float32; auto "
          "takes float32 here");
    }
  } else if (options.is(key, "float16")) {
    precision = Precision::float16;
    report.warn(
        thin::option_text(options, key) +
        ": float16 overflows where bfloat16 does not, and gains nothing that was reported: on an M-series "
        "Mac five views of 504x504 (large, PyTorch) took 4.22 s in float32 and 2.93 s in bfloat16; auto "
        "takes the safe one");
  }
  report.say("precision",
             precision == Precision::bfloat16  ? "bfloat16"
             : precision == Precision::float16 ? "float16"
                                               : "float32",
             reason);

  decision.policy.head_precision = Precision::float32;
  if (options.is("head_precision", "float16"))
    thin::refuse("mps", options, "head_precision", "the head loses detail in float16; use auto or float32");
  report.say("head_precision", "float32",
             options.is("head_precision", "tf32") ? "Metal has no TF32; float32 is more exact" : "");
}

void decide_compile(const OptionSet& options, Decision& decision, Report& report) {
  decision.policy.prepack = 0;
  const bool asked = options.is("enable_compile", "true");
  const std::string why = "there is no compiler for Metal here";
  report.say("compile", "off", asked ? why : "");
  if (asked)
    report.warn(thin::option_text(options, "enable_compile") + ": not done, because " + why +
                " (torch.compile was reported to fail: a kernel asked for 49152 bytes of threadgroup memory, "
                "Metal has 32768); runs go on without, set it to false");
}

/// What the host obeys: how it feeds the device.
void decide_host(const Capabilities& c, const OptionSet& options, const Mode& mode, Decision& decision,
                 Report& report) {
  const int cpus = std::max(1, c.cpus);
  const bool own_threads = !options.is("threads", "auto");
  const int threads = own_threads ? static_cast<int>(options.integer("threads")) : std::min(8, cpus);
  decision.policy.threads = threads;
  report.say("threads", std::to_string(threads), own_threads ? "" : "for what stays on the CPU");
  decision.policy.interop_threads = options.is("interop_threads", "auto")
                                        ? std::min(4, threads)
                                        : static_cast<int>(options.integer("interop_threads"));
  report.say("interop_threads", std::to_string(decision.policy.interop_threads));
  report.say("workers",
             options.is("workers", "auto") ? std::to_string(mode.workers) : options.text("workers"));
  say_prefetch(report, options, mode.prefetch,
               "images are read while the GPU computes; it shares the memory, so nothing is copied");
  report.say("batch", options.is("batch", "auto") ? "1" : options.text("batch"),
             options.is("batch", "auto") ? "large batches swap before they are faster" : "");
}

void decide_memory(const MetalDevice& device, const OptionSet& options, const Mode& mode, Decision& decision,
                   Report& report) {
  engine::Policy& policy = decision.policy;
  const double cap = options.number("mps.memory_cap");
  policy.memory_high = cap;
  // LibTorch's own low watermark lies above such a cap: it would never collect before it fails.
  policy.memory_low = 0.9 * cap;
  const bool automatic = options.is("memory_fraction", "auto");
  const double fraction = automatic ? 1.0 : options.number("memory_fraction");
  const bool known = device.working_set != UINT64_MAX;
  // The engine takes a fraction in place of the limit: one of them, never both.
  if (known)
    policy.memory_limit = static_cast<uint64_t>(cap * fraction * static_cast<double>(device.working_set));
  else
    policy.memory_fraction = cap * fraction;
  char text[96];
  std::snprintf(text, sizeof text, "%.2f", cap);
  report.say("memory_cap", text, "of Metal's recommended working set: a run fails early instead of swapping");
  std::snprintf(text, sizeof text, "%.2f", fraction);
  report.say("memory_fraction", text, automatic ? "mps.memory_cap is the limit" : "");
  if (known) {
    std::snprintf(text, sizeof text, "memory limit %.2f GiB of a working set of %.2f GiB",
                  static_cast<double>(policy.memory_limit) / (1 << 30),
                  static_cast<double>(device.working_set) / (1 << 30));
    decision.notes.push_back(text);
  }
  policy.unified_memory = 1;
  policy.keep_scratch = mode.keep_scratch;
  policy.head_chunk_views = mode.head_chunk_views;
  report.say("head_chunk_views", std::to_string(policy.head_chunk_views));
  policy.empty_cache =
      options.is("mps.empty_cache", "auto") ? mode.empty_cache : options.flag("mps.empty_cache");
  report.say(
      "cache", policy.empty_cache ? "emptied between models" : "kept between models",
      options.is("mps.empty_cache", "auto") ? "performance_mode " + options.text("performance_mode") : "");
}

void decide_attention(const OptionSet& options, Decision& decision, Report& report) {
  engine::Policy& policy = decision.policy;
  policy.attention = engine::Attention::chunked;
  policy.attention_bytes = static_cast<uint64_t>(options.integer("mps.attention_budget_mb")) << 20;
  policy.contiguous_attention = 1;
  report.say("attention", "chunked",
             "Metal's own holds all scores at once, and is wrong for strided inputs and beyond 2^32 scores");
  report.say("attention_budget_mb", options.text("mps.attention_budget_mb"));
}

}  // namespace

Decision decide(const Capabilities& c, const OptionSet& options, thin::DeviceId id) {
  Decision decision;
  Report report(decision);
  const MetalDevice& device = choose_device(c, id);
  const Mode mode = mode_of(options);
  decision.policy.dl_type = dl_metal, decision.policy.dl_id = 0;
  decision.policy.capability = device.family;
  report.say("device", "mps:0 " + device.name);
  report.say("gpu_family", "apple" + std::to_string(device.family));
  decide_precision(device, options, decision, report);
  decide_compile(options, decision, report);
  decide_attention(options, decision, report);
  decide_host(c, options, mode, decision, report);
  decide_memory(device, options, mode, decision, report);
  decision.policy.deterministic = options.flag("deterministic");
  report.say("deterministic", yes_no(decision.policy.deterministic));
  return decision;
}

}  // namespace da3::mps

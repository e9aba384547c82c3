// SPDX-License-Identifier: Apache-2.0
#include "cpu/policy.hpp"

#include <da3/error.hpp>

#include <algorithm>
#include <cstdio>

namespace da3::cpu {
namespace {

using thin::Decision;
using thin::OptionSet;

/// What a mode means: defaults of settings that are not given.
struct Mode {
  int workers, head_chunk_views;
  bool prepack, keep_scratch;
};

Mode mode_of(const OptionSet& options) {
  if (options.is("performance_mode", "minimal")) return {1, 1, false, false};
  if (options.is("performance_mode", "max")) return {4, 8, true, true};
  return {2, 4, false, true};
}

class Report {
 public:
  explicit Report(Decision& decision) : decision_(decision) {}
  void say(const std::string& key, const std::string& value, const std::string& reason = {}) {
    decision_.effective.push_back({"effective." + key, value});
    if (!reason.empty()) decision_.effective.push_back({"effective." + key + ".reason", reason});
  }

 private:
  Decision& decision_;
};

std::string yes_no(bool value) { return value ? "true" : "false"; }

[[noreturn]] void refuse(const char* key, const OptionSet& options, const std::string& why) {
  throw Error(DA3_E_UNSUPPORTED, std::string("option '") + key + "' = '" + options.text(key) +
                                     "': the cpu backend does not do it, " + why);
}

void decide_precision(const Capabilities& c, const OptionSet& options, Report& report) {
  const char* key = "mixed_precision";
  if (options.is(key, "float16"))
    refuse(key, options,
           c.native_float16()
               ? "float16 is not in this version; use auto or off"
               : "without float16 arithmetic in the CPU it is slower than float32; use auto or off");
  if (options.is(key, "bfloat16"))
    refuse(key, options,
           c.native_bfloat16()
               ? "bfloat16 is not in this version; use auto or off"
               : "without bfloat16 arithmetic in the CPU it is slower than float32; use auto or off");
  if (options.is(key, "int8")) refuse(key, options, "int8 is not in this version; use auto or off");
  report.say("precision", "float32",
             options.is(key, "auto") && c.native_bfloat16()
                 ? "the CPU has bfloat16, but this version computes in float32"
                 : "");

  if (options.is("head_precision", "float16"))
    refuse("head_precision", options, "the head loses detail in float16; use auto or float32");
  report.say("head_precision", "float32",
             options.is("head_precision", "tf32") ? "a CPU has no TF32; float32 is more exact" : "");
}

void decide_threads(const Capabilities& c, const OptionSet& options, uint32_t cpu_budget, Decision& decision,
                    Report& report) {
  const int usable = c.usable_cpus();
  int threads = usable;
  std::string reason = c.usable_reason();
  if (!options.is("threads", "auto")) {
    threads = static_cast<int>(options.integer("threads"));
    reason.clear();
    if (threads > usable)
      decision.warnings.push_back("option 'threads' = " + std::to_string(threads) +
                                  ": more than the process may use (" + c.usable_reason() +
                                  "), runs will be slower; use auto");
  } else if (cpu_budget > 0 && cpu_budget < static_cast<uint32_t>(usable)) {
    threads = static_cast<int>(cpu_budget);
    reason = "the host asked for at most " + std::to_string(cpu_budget);
  }
  decision.policy.threads = threads;
  report.say("threads", std::to_string(threads), reason);

  const bool automatic = options.is("interop_threads", "auto");
  const int interop = automatic ? std::min(4, threads) : static_cast<int>(options.integer("interop_threads"));
  decision.policy.interop_threads = interop;
  report.say("interop_threads", std::to_string(interop));
}

/// What the host obeys: how it feeds the backend.
void decide_host(const OptionSet& options, const Mode& mode, const Decision& decision, Report& report) {
  const bool automatic = options.is("workers", "auto");
  report.say("workers", automatic ? std::to_string(std::min(mode.workers, decision.policy.threads))
                                  : options.text("workers"));
  const bool none = options.is("prefetch", "auto") || options.is("prefetch", "off");
  report.say(
      "prefetch", none ? "0" : options.text("prefetch"),
      options.is("prefetch", "auto") ? "a run already uses every CPU that reading ahead would need" : "");
  report.say("batch", options.is("batch", "auto") ? "1" : options.text("batch"),
             options.is("batch", "auto")
                 ? "scenes one after the other are as fast on a CPU and need less memory"
                 : "");
}

void decide_memory(const Capabilities& c, const OptionSet& options, const Mode& mode, Decision& decision,
                   Report& report) {
  const bool automatic = options.is("memory_fraction", "auto");
  const double fraction = automatic ? 0.8 : options.number("memory_fraction");
  const bool known = c.memory_available != UINT64_MAX;
  decision.policy.memory_limit =
      known ? static_cast<uint64_t>(fraction * static_cast<double>(c.memory_available)) : 0;
  // Told as a share: the bytes differ from one moment to the next, and equal options shall describe equally.
  char text[96];
  std::snprintf(text, sizeof text, "%.2f", fraction);
  report.say("memory_fraction", text, known ? "" : "the free memory is not known, so there is no limit");
  if (known) {
    std::snprintf(text, sizeof text, "memory limit %.2f GiB of %.2f GiB free",
                  static_cast<double>(decision.policy.memory_limit) / (1 << 30),
                  static_cast<double>(c.memory_available) / (1 << 30));
    decision.notes.push_back(text);
  }

  decision.policy.head_chunk_views = options.is("cpu.head_chunk_views", "auto")
                                         ? mode.head_chunk_views
                                         : static_cast<int>(options.integer("cpu.head_chunk_views"));
  report.say("head_chunk_views", std::to_string(decision.policy.head_chunk_views));
  decision.policy.keep_scratch = mode.keep_scratch;
  report.say("cache", mode.keep_scratch ? "arenas kept between runs" : "off",
             mode.keep_scratch ? "" : "performance_mode minimal gives memory back after every run");
}

/// What "compile" is on a CPU: weights packed for oneDNN at load, and fused operators.
void decide_compile(const OptionSet& options, const Mode& mode, Decision& decision, Report& report) {
  const bool automatic = options.is("enable_compile", "auto");
  const bool asked = automatic ? mode.prepack : options.flag("enable_compile");
  decision.policy.prepack = asked && options.flag("cpu.onednn");
  std::string reason = automatic ? "performance_mode " + options.text("performance_mode") : "";
  if (asked && !decision.policy.prepack) reason = "weights are packed for oneDNN, and cpu.onednn is false";
  report.say("compile", decision.policy.prepack ? "prepack" : "off", reason);
}

}  // namespace

Decision decide(const Capabilities& c, const OptionSet& options, uint32_t cpu_budget) {
  Decision decision;
  Report report(decision);
  const Mode mode = mode_of(options);
  report.say("device", "cpu:0 " + c.name);
  decide_precision(c, options, report);
  decide_threads(c, options, cpu_budget, decision, report);
  decide_host(options, mode, decision, report);

  decide_compile(options, mode, decision, report);
  decide_memory(c, options, mode, decision, report);
  decision.policy.deterministic = options.flag("deterministic");
  report.say("deterministic", yes_no(decision.policy.deterministic));
  decision.policy.onednn = options.flag("cpu.onednn");
  report.say("onednn", yes_no(decision.policy.onednn));
  return decision;
}

}  // namespace da3::cpu

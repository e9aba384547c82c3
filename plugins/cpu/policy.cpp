// SPDX-License-Identifier: Apache-2.0
#include "cpu/policy.hpp"

#include <algorithm>
#include <cstdio>

#include "common/report.hpp"
#include "cpu/placement.hpp"

namespace da3::cpu {
namespace {

using thin::Decision;
using thin::OptionSet;
using thin::Report;
using thin::yes_no;

/// What a mode means: defaults of settings that are not given.
struct Mode {
  int workers, prefetch, head_chunk_views;
  bool prepack, keep_scratch;
};

Mode mode_of(const OptionSet& options) {
  if (options.is("performance_mode", "minimal")) return {1, 0, 1, false, false};
  if (options.is("performance_mode", "max")) return {4, 4, 8, true, true};
  return {2, 2, 4, true, true};
}

[[noreturn]] void refuse(const char* key, const OptionSet& options, const std::string& why) {
  thin::refuse("cpu", options, key, why);
}

/// The backbone's arithmetic; emulated at will, native where the CPU has it (bfloat16: by oneDNN).
engine::Precision backbone_precision(const Capabilities& c, const OptionSet& options) {
  const char* key = "mixed_precision";
  const bool emulate = options.flag("cpu.emulate");
  if (options.is(key, "int8")) {
    if (!emulate && !(c.x86 && c.native_int8()))
      refuse(key, options,
             c.x86 ? "without AVX2 or VNNI in the CPU it is slower than float32; use auto or off"
                   : "int8 is for x86 CPUs in this version; use auto or off");
    return engine::Precision::int8;
  }
  if (options.is(key, "float16")) {
    if (emulate) return engine::Precision::float16;
    refuse(key, options,
           c.native_float16()
               ? "the float16 arithmetic of this CPU is not used in this version; use auto or off, or "
                 "cpu.emulate: true to see what a device would give"
               : "without float16 arithmetic in the CPU it is slower than float32; use auto or off, or "
                 "cpu.emulate: true to see what a device would give");
  }
  if (options.is(key, "bfloat16")) {
    if (emulate) return engine::Precision::bfloat16;
    if (!c.native_bfloat16())
      refuse(key, options,
             "without bfloat16 arithmetic in the CPU it is slower than float32; use auto or off, or "
             "cpu.emulate: true to see what a device would give");
    if (!options.flag("cpu.onednn"))
      refuse(key, options, "the bfloat16 kernels are oneDNN's; use cpu.onednn: true, or off");
    return engine::Precision::bfloat16;
  }
  return engine::Precision::float32;
}

engine::Precision head_precision(const OptionSet& options) {
  const char* key = "head_precision";
  const bool emulate = options.flag("cpu.emulate");
  if (options.is(key, "float16")) {
    if (emulate) return engine::Precision::float16;
    refuse(
        key, options,
        "in float16 a CPU is slower than in float32; use auto or float32, or cpu.emulate: true to see what a "
        "device would give");
  }
  return emulate && options.is(key, "tf32") ? engine::Precision::tf32 : engine::Precision::float32;
}

const char* name_of(engine::Precision precision) {
  switch (precision) {
    case engine::Precision::tf32:
      return "tf32";
    case engine::Precision::bfloat16:
      return "bfloat16";
    case engine::Precision::float16:
      return "float16";
    case engine::Precision::int8:
      return "int8";
    default:
      return "float32";
  }
}

/// `auto` where the CPU has bfloat16: in mode max the faster one, by measurement; else float32, whose numbers
/// are upstream's. Returns the reason.
std::string decide_by_speed(const Capabilities& c, const OptionSet& options, Decision& decision) {
  constexpr double worth_it = 1.2;
  char speed[48] = "";
  if (c.bfloat16_speed)
    std::snprintf(speed, sizeof speed, "measured %.2f times as fast here", *c.bfloat16_speed);
  if (options.flag("cpu.emulate")) return {};
  if (options.flag("deterministic")) return "deterministic forbids choices by measurement";
  if (!options.flag("cpu.onednn")) return "the bfloat16 kernels are oneDNN's, and cpu.onednn is false";
  if (!options.is("performance_mode", "max"))
    return std::string("the CPU has bfloat16") + (*speed ? ", " : "") + speed +
           "; it is used on request and in performance_mode max, because results differ";
  if (!c.bfloat16_speed) {
    decision.measure = speed_key(c);
    return "bfloat16 is measured before the first model, and used where it is 1.2 times as fast";
  }
  if (*c.bfloat16_speed < worth_it) return std::string("bfloat16 ") + speed + ": not enough for its rounding";
  decision.policy.precision = engine::Precision::bfloat16;
  return speed;
}

void decide_precision(const Capabilities& c, const OptionSet& options, Decision& decision, Report& report) {
  constexpr const char* emulated = "emulated: rounded as a device would, slow";
  engine::Policy& policy = decision.policy;
  policy.precision = backbone_precision(c, options);
  policy.head_precision = head_precision(options);
  const bool low = policy.precision != engine::Precision::float32,
             low_head = policy.head_precision != engine::Precision::float32;
  policy.emulate = options.flag("cpu.emulate") && (low || low_head);
  if (options.flag("cpu.emulate") && !policy.emulate)
    decision.warnings.push_back(
        "option 'cpu.emulate' = true: everything is float32, there is nothing to emulate; set "
        "mixed_precision "
        "or head_precision");

  std::string reason;
  if (low)
    reason = policy.emulate ? emulated : std::string("the CPU multiplies ") + name_of(policy.precision);
  if (options.is("mixed_precision", "auto") && c.native_bfloat16())
    reason = decide_by_speed(c, options, decision);
  report.say("precision", name_of(policy.precision), reason);
  reason = low_head ? emulated : "";
  if (!low_head && options.is("head_precision", "tf32")) reason = "a CPU has no TF32; float32 is more exact";
  report.say("head_precision", name_of(policy.head_precision), reason);
}

void decide_threads(const Capabilities& c, const OptionSet& options, uint32_t cpu_budget, Decision& decision,
                    Report& report) {
  decide_placement(c, options, cpu_budget, decision);
  const bool automatic = options.is("interop_threads", "auto");
  const int interop =
      automatic ? std::min(4, decision.policy.threads) : static_cast<int>(options.integer("interop_threads"));
  decision.policy.interop_threads = interop;
  report.say("interop_threads", std::to_string(interop));
}

/// What the host obeys: how it feeds the backend.
void decide_host(const OptionSet& options, const Mode& mode, const Decision& decision, Report& report) {
  const bool automatic = options.is("workers", "auto");
  const int threads = decision.policy.threads * decision.policy.sessions;
  report.say("workers",
             automatic ? std::to_string(std::min(mode.workers, threads)) : options.text("workers"));
  say_prefetch(report, options, std::min(mode.prefetch, threads),
               "images are read and results written beside the run: more of them in all, though each run is "
               "slower");
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
  decision.policy.prepack = asked && options.flag("cpu.onednn") && !decision.policy.emulate;
  std::string reason = automatic ? "performance_mode " + options.text("performance_mode") : "";
  if (asked && !decision.policy.prepack)
    reason = decision.policy.emulate ? "emulated arithmetic reads weights as they are"
                                     : "weights are packed for oneDNN, and cpu.onednn is false";
  report.say("compile", decision.policy.prepack ? "prepack" : "off", reason);

  const bool winograd = options.is("cpu.winograd", "auto") && decision.policy.prepack;
  decision.policy.winograd = winograd;
  report.say(
      "winograd", winograd ? "where it pays" : "off",
      !winograd && options.is("cpu.winograd", "auto") ? "weights are transformed where they are packed" : "");
}

}  // namespace

Decision decide(const Capabilities& c, const OptionSet& options, uint32_t cpu_budget) {
  Decision decision;
  Report report(decision);
  const Mode mode = mode_of(options);
  report.say("device", "cpu:0 " + c.name);
  decide_precision(c, options, decision, report);
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

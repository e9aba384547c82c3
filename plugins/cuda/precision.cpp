// SPDX-License-Identifier: Apache-2.0
#include "cuda/precision.hpp"

namespace da3::cuda {
namespace {

using engine::Attention;
using engine::Precision;
using hardware::NvidiaDevice;
using thin::OptionSet;

bool is_ampere_or_later(const NvidiaDevice& device) { return device.major >= 8; }

bool is_half(Precision precision) {
  return precision == Precision::bfloat16 || precision == Precision::float16;
}

const char* name_of(Precision precision) {
  switch (precision) {
    case Precision::tf32:
      return "tf32";
    case Precision::bfloat16:
      return "bfloat16";
    case Precision::float16:
      return "float16";
    default:
      return "float32";
  }
}

Precision backbone(const NvidiaDevice& device, const OptionSet& options, std::string& reason) {
  const std::string key = "mixed_precision", capability = "compute capability " + device.capability();
  if (options.is(key, "int8"))
    thin::refuse("cuda", options, key, "int8 is for CPUs; use auto, bfloat16 or float16");
  if (options.is(key, "bfloat16") && !is_ampere_or_later(device))
    thin::refuse("cuda", options, key,
                 capability + " has no bfloat16 arithmetic (8.0 and later have); use auto or float16");
  if (options.is(key, "off")) return Precision::float32;
  if (options.is(key, "bfloat16")) return Precision::bfloat16;
  if (options.is(key, "float16")) return Precision::float16;
  reason = is_ampere_or_later(device) ? capability + " has bfloat16 arithmetic"
                                      : capability + " has float16 arithmetic and no bfloat16";
  return is_ampere_or_later(device) ? Precision::bfloat16 : Precision::float16;
}

Precision head(const NvidiaDevice& device, const OptionSet& options, std::string& reason) {
  const std::string key = "head_precision";
  const std::string no_tf32 =
      "compute capability " + device.capability() + " has no TF32 (8.0 and later have)";
  if (options.is(key, "float16")) return Precision::float16;
  if (options.is(key, "float32")) return Precision::float32;
  if (options.is(key, "auto") && options.is("mixed_precision", "off")) {
    reason = "mixed_precision off is IEEE float32 everywhere";
    return Precision::float32;
  }
  if (!is_ampere_or_later(device)) {
    reason = no_tf32;
    return Precision::float32;
  }
  if (options.is(key, "auto")) reason = "what stays float32 runs on tensor cores";
  return Precision::tf32;
}

}  // namespace

void decide_precision(const NvidiaDevice& device, const OptionSet& options, thin::Decision& decision,
                      thin::Report& report) {
  engine::Policy& policy = decision.policy;
  std::string reason;
  policy.precision = backbone(device, options, reason);
  report.say("precision", name_of(policy.precision), reason);
  reason.clear();
  policy.head_precision = head(device, options, reason);
  report.say("head_precision", name_of(policy.head_precision), reason);
  if (policy.head_precision == Precision::float16)
    report.warn(thin::option_text(options, "head_precision") +
                ": the head loses detail in float16; auto keeps it");
  policy.reduced_reductions = is_half(policy.precision) && !options.flag("deterministic");
}

void decide_attention(const NvidiaDevice& device, const OptionSet& options, thin::Decision& decision,
                      thin::Report& report) {
  const std::string key = "cuda.attention";
  const bool fused_half = is_half(decision.policy.precision) && is_ampere_or_later(device);
  Attention& attention = decision.policy.attention;
  attention = fused_half ? Attention::flash : Attention::efficient;
  std::string reason;
  if (options.is(key, "auto")) {
    reason = fused_half ? "fused, without a plan for each shape"
             : is_ampere_or_later(device)
                 ? "flash attention has no float32"
                 : "flash attention needs compute capability 8.0, this is " + device.capability();
  } else if (options.is(key, "efficient")) {
    attention = Attention::efficient;
  } else {
    if (!is_ampere_or_later(device))
      thin::refuse(
          "cuda", options, key,
          "it needs compute capability 8.0 and this is " + device.capability() + "; use auto or efficient");
    if (!fused_half)
      thin::refuse("cuda", options, key,
                   "it computes in bfloat16 or float16 only and mixed_precision is off; use auto or "
                   "efficient");
    if (options.is(key, "cudnn")) attention = Attention::cudnn;
  }
  const char* names[] = {"engine", "flash", "efficient", "cudnn", "chunked"};
  report.say("attention", names[static_cast<int>(attention)], reason);
  if (attention == Attention::cudnn && decision.policy.graphs == 0)
    report.warn(thin::option_text(options, key) +
                ": cuDNN makes a plan for each new number of views and size, which stutters; use it with few "
                "shapes, or auto");
}

}  // namespace da3::cuda

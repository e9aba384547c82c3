// SPDX-License-Identifier: Apache-2.0
#include "cuda/policy.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "cuda/device_choice.hpp"
#include "cuda/mode.hpp"
#include "cuda/precision.hpp"
#include "cuda/probe.hpp"

namespace da3::cuda {
namespace {

using hardware::NvidiaDevice;
using hardware::NvidiaPlatform;
using thin::Decision;
using thin::OptionSet;
using thin::Report;
using thin::yes_no;

constexpr uint64_t gib = 1ull << 30;

void decide_device(const Capabilities& c, const OptionSet& options, const DeviceChoice& choice,
                   Decision& decision, Report& report) {
  const NvidiaDevice& device = *choice.device;
  engine::Policy& policy = decision.policy;
  policy.dl_type = dl_cuda, policy.dl_id = device.index;
  std::memcpy(policy.device_uuid, device.uuid.data(), sizeof policy.device_uuid);
  policy.capability = 10 * device.major + device.minor;
  policy.unified_memory = device.integrated;
  report.say("device", "cuda:" + std::to_string(device.index) + " " + device.name, choice.reason);
  if (const std::string uuid = device.uuid_text(); !uuid.empty()) report.say("device_uuid", uuid);
  report.say("compute_capability", device.capability());
  std::string list;
  for (const NvidiaDevice* one : choice.all) list += (list.empty() ? "[" : ", ") + device_name(*one);
  report.say("devices", list + "]");
  // A host that spreads scenes makes an optimizer for each device and names it; another one must not think
  // that all are at work.
  if (choice.all.size() > 1 && options.is("cuda.device", "auto"))
    report.warn(thin::option_text(options, "cuda.devices") + ": an optimizer works on one device, here " +
                device_name(device) + "; with devices: all or a list, da3-host makes one for each");
  for (const std::string& set : c.overrides)
    report.warn("the environment sets " + set +
                ", which changes what CUDA computes or how fast; unset it to " + "get what the policy says");
}

/// What "compile" is here: cuDNN's measuring and recorded graphs.
void decide_compile(const OptionSet& options, const Mode& mode, const NvidiaDevice& device,
                    Decision& decision, Report& report) {
  const bool automatic = options.is("enable_compile", "auto"), asked = options.flag("enable_compile");
  const bool deterministic = options.flag("deterministic");
  const auto wanted = [&](const char* key, bool by_mode) {
    if (!options.is(key, "auto")) return options.flag(key);
    return automatic ? by_mode : asked;
  };
  const bool graphs = wanted("cuda.graphs", mode.graphs);
  const bool measure = wanted("cuda.cudnn_benchmark", mode.benchmark);
  const std::string by_mode = automatic ? "performance_mode " + options.text("performance_mode") : "";
  const bool benchmark = measure && !deterministic;
  engine::Policy& policy = decision.policy;
  policy.graphs = graphs ? 4 : 0;
  // A graph keeps all activations of its shape: a quarter of the memory for all of them.
  if (graphs) policy.graph_bytes = device.memory_total == UINT64_MAX ? gib : device.memory_total / 4;
  policy.benchmark_limit = benchmark ? 10 : 0;

  report.say("compile", graphs ? "graphs" : benchmark ? "cudnn_benchmark" : "off", by_mode);
  report.say("graphs", yes_no(graphs), options.is("cuda.graphs", "auto") ? by_mode : "");
  std::string reason = options.is("cuda.cudnn_benchmark", "auto") ? by_mode : "";
  if (measure && deterministic) reason = "deterministic forbids choices by measurement";
  report.say("cudnn_benchmark", yes_no(benchmark), reason);
  if (measure && deterministic && options.is("cuda.cudnn_benchmark", "true"))
    report.warn(
        "option 'cuda.cudnn_benchmark' = 'true': off, because deterministic forbids choices by "
        "measurement; set one of them to false");
}

/// What the host obeys: how it feeds the device.
void decide_host(const Capabilities& c, const OptionSet& options, const Mode& mode,
                 const NvidiaDevice& device, Decision& decision, Report& report) {
  const int cpus = std::max(1, c.cpus);
  const int threads =
      options.is("threads", "auto") ? std::min(8, cpus) : static_cast<int>(options.integer("threads"));
  decision.policy.threads = threads;
  report.say("threads", std::to_string(threads),
             options.is("threads", "auto") ? "for what stays on the CPU" : "");
  const int interop = options.is("interop_threads", "auto")
                          ? std::min(4, threads)
                          : static_cast<int>(options.integer("interop_threads"));
  decision.policy.interop_threads = interop;
  report.say("interop_threads", std::to_string(interop));

  // Reading waits for disks, so two for each CPU.
  const int workers = std::min(mode.workers, 2 * cpus);
  const bool automatic = options.is("workers", "auto");
  report.say("workers", automatic ? std::to_string(workers) : options.text("workers"),
             automatic && workers < mode.workers
                 ? "two for each CPU that the process may use (" + std::to_string(cpus) + ")"
                 : "");

  int prefetch = device.integrated ? 1 : mode.prefetch;
  if (options.is("prefetch", "off")) prefetch = 0;
  if (!options.is("prefetch", "auto") && !options.is("prefetch", "off"))
    prefetch = static_cast<int>(options.integer("prefetch"));
  report.say(
      "prefetch", std::to_string(prefetch),
      options.is("prefetch", "auto") && device.integrated ? "the GPU reads the host's memory itself" : "");
  decision.policy.upload_buffers = prefetch > 0 && !device.integrated ? 2 : 0;
  report.say("upload", decision.policy.upload_buffers > 0 ? "pinned, on a stream of its own" : "plain",
             device.integrated ? "the GPU shares the host's memory" : "");

  report.say("batch", options.is("batch", "auto") ? std::to_string(mode.batch) : options.text("batch"),
             options.is("batch", "auto") && mode.batch > 1
                 ? "small scenes fill a GPU only together; fewer where memory is short"
                 : "");
}

void decide_memory(const Capabilities& c, const OptionSet& options, const Mode& mode,
                   const NvidiaDevice& device, Decision& decision, Report& report) {
  engine::Policy& policy = decision.policy;
  const bool automatic = options.is("memory_fraction", "auto");
  const double by_mode = device.integrated ? mode.shared_memory_fraction : mode.memory_fraction;
  policy.memory_fraction = automatic ? by_mode : options.number("memory_fraction");
  char text[96];
  std::snprintf(text, sizeof text, "%.2f", policy.memory_fraction);
  report.say("memory_fraction", text,
             device.integrated && automatic ? "the memory is shared with the host's programs" : "");
  if (device.memory_total != UINT64_MAX) {
    std::snprintf(text, sizeof text, "GPU memory %.1f GiB",
                  static_cast<double>(device.memory_total) / static_cast<double>(gib));
    decision.notes.push_back(text);
  }
  policy.keep_scratch = mode.keep_scratch;
  policy.empty_cache = mode.empty_cache;
  report.say("cache", mode.keep_scratch ? "allocator pools kept between runs" : "off",
             mode.keep_scratch ? "" : "performance_mode minimal gives memory back after every run");

  const bool plain_linux = c.nvidia.files.platform == NvidiaPlatform::linux_driver;
  policy.expandable_segments = plain_linux && !device.mig && !device.integrated;
  report.say("expandable_segments", yes_no(policy.expandable_segments),
             policy.expandable_segments ? ""
             : device.mig               ? "they fail on some slices of a GPU"
             : device.integrated        ? "they are for GPUs with memory of their own"
                                        : "they fail on WSL");
}

}  // namespace

Decision decide(const Capabilities& c, const OptionSet& options, thin::DeviceId id) {
  Decision decision;
  Report report(decision);
  const Mode mode = mode_of(options);
  const DeviceChoice choice = choose_device(c, options, id);
  const NvidiaDevice& device = *choice.device;
  decide_device(c, options, choice, decision, report);
  decide_precision(device, options, decision, report);
  decide_compile(options, mode, device, decision, report);
  decide_attention(device, options, decision, report);
  decide_host(c, options, mode, device, decision, report);
  decide_memory(c, options, mode, device, decision, report);
  decision.policy.channels_last = 1;
  decision.policy.prepack = 0;
  decision.policy.deterministic = options.flag("deterministic");
  report.say("deterministic", yes_no(decision.policy.deterministic));
  return decision;
}

}  // namespace da3::cuda

// SPDX-License-Identifier: Apache-2.0
#include "common/common_options.hpp"

namespace da3::thin {
namespace {

constexpr uint32_t optimizer = DA3_SCOPE_OPTIMIZER, run = DA3_SCOPE_RUN;

const OptionSpec common[] = {
    {"performance_mode", "enum{minimal,balanced,max}", "balanced",
     "Set of defaults: least memory and set-up time, what most people should have, or highest speed",
     optimizer},
    {"mixed_precision", "enum{auto,off,bfloat16,float16,int8}", "auto",
     "Arithmetic of the backbone: auto is the backend's best choice for its device, off is IEEE float32",
     optimizer},
    {"head_precision", "enum{auto,float32,tf32,float16}", "auto", "Arithmetic of the depth head", optimizer},
    {"enable_compile", "enum{auto}|bool", "auto",
     "Prepare the network for the device at load (weight packing, fusion, graphs): slower load, faster runs",
     optimizer},
    {"threads", "enum{auto}|int[1,1024]", "auto", "CPU threads of a run; auto is what the process may use",
     optimizer},
    {"interop_threads", "enum{auto}|int[1,64]", "auto",
     "Threads for independent operators; set once per process, the first value wins", optimizer},
    {"prefetch", "enum{auto,off}|int[0,16]", "auto", "Runs that the host prepares ahead of the running one",
     optimizer},
    {"workers", "enum{auto}|int[1,64]", "auto", "Threads with which the host reads and resizes images",
     optimizer},
    {"memory_fraction", "enum{auto}|float[0.05,1.0]", "auto",
     "Share of the memory that is free at start that a run may need", optimizer},
    {"batch", "enum{auto}|int[1,64]", "auto", "Scenes of one size that run together", optimizer},
    {"deterministic", "bool", "false", "Same input gives the same bits, also in another process", optimizer},
    {"canary", "enum{auto,off}", "auto",
     "Run a small test network before the first model on a device, driver and build that are new", optimizer},
    {"ref_view_strategy", "enum{saddle_balanced,saddle_sim_range,first,middle}", "saddle_balanced",
     "How the reference view of three or more views is chosen", run},
    {"use_ray_pose", "bool", "false", "Take cameras from the ray output instead of the camera decoder", run},
    {"seed", "int", "0", "Seed of whatever is drawn at random in a run (pose from rays)", run},
};

}  // namespace

std::vector<OptionSpec> with_common_options(const std::vector<OptionSpec>& own) {
  std::vector<OptionSpec> all(std::begin(common), std::end(common));
  all.insert(all.end(), own.begin(), own.end());
  return all;
}

const char* build_arch() {
#if defined(__x86_64__) || defined(_M_X64)
  return "x86_64";
#elif defined(__aarch64__) || defined(_M_ARM64)
  return "aarch64";
#else
  return "any";
#endif
}

const char* build_os() {
#if defined(__linux__)
  return "linux";
#elif defined(__APPLE__)
  return "macos";
#else
  return "any";
#endif
}

}  // namespace da3::thin

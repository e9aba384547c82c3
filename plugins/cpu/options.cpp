// SPDX-License-Identifier: Apache-2.0
#include "common/backend_info.hpp"
#include "common/common_options.hpp"

namespace da3::thin {

const BackendInfo& backend_info() {
  static const auto& info = *new BackendInfo{
      "cpu",
      "org.da3.cpu",
      DA3_VERSION,
      "The da3 project",
      "Apache-2.0",
      DA3_RUNTIME_ID,
      "libda3_cpu" DA3_LIBRARY_SUFFIX,
      "libda3_cpu_engine" DA3_LIBRARY_SUFFIX,
      "cpu",
      build_arch(),
      build_os(),
      /*needs=*/{},
      with_common_options({
          {"cpu.onednn", "bool", "true", "Use oneDNN's kernels for matrix products and convolutions",
           DA3_SCOPE_OPTIMIZER},
          {"cpu.winograd", "enum{auto,off}", "auto",
           "3x3 convolutions of the heads by Winograd's products, float32: auto takes those of 32 to 256 "
           "input channels "
           "and needs enable_compile",
           DA3_SCOPE_OPTIMIZER},
          {"cpu.sessions", "int[1,16]", "1",
           "Sessions whose runs compute at the same time, each with its share of the threads",
           DA3_SCOPE_OPTIMIZER},
          {"cpu.affinity", "enum{auto,off,node,cores}", "auto",
           "Where threads stay: on the CPUs of a session's NUMA node, or each on a CPU of its own; auto "
           "binds "
           "sessions that share a machine of several nodes",
           DA3_SCOPE_OPTIMIZER},
          {"cpu.numa_node", "enum{auto}|int[0,1023]", "auto",
           "The NUMA node that threads and memory stay on; a number implies cpu.affinity: node",
           DA3_SCOPE_OPTIMIZER},
          {"cpu.emulate", "bool", "false",
           "Round as a device of the asked-for precision would: slow, to see what such a device would give",
           DA3_SCOPE_OPTIMIZER},
          {"cpu.head_chunk_views", "enum{auto}|int[1,64]", "auto",
           "Views that the depth head processes at a time: memory against speed; results agree to rounding",
           DA3_SCOPE_OPTIMIZER},
      })};
  return info;
}

}  // namespace da3::thin

// SPDX-License-Identifier: Apache-2.0
#include "common/backend_info.hpp"
#include "common/common_options.hpp"

namespace da3::thin {

const BackendInfo& backend_info() {
  static const auto& info = *new BackendInfo{
      "cuda",
      "org.da3.cuda",
      DA3_VERSION,
      "The da3 project",
      "Apache-2.0",
      DA3_RUNTIME_ID,
      "libda3_cuda" DA3_LIBRARY_SUFFIX,
      "libda3_cuda_engine" DA3_LIBRARY_SUFFIX,
      "cuda",
      "any",
      "linux",
      /*needs=*/
      {"NVIDIA driver >= 580 for CUDA 13", "compute capability " DA3_CUDA_CAPABILITIES
                                           ", or a later one of the same first number (8.9 runs 8.6's code)"},
      with_common_options({
          {"cuda.device", "string", "auto",
           "Which GPU: auto takes the best, else an index, or a UUID (of a GPU or a MIG slice) or its "
           "beginning",
           DA3_SCOPE_OPTIMIZER},
          {"cuda.devices", "enum{one,all}|list<string>", "one",
           "GPUs that a host may spread scenes over, by index or UUID; an optimizer works on one",
           DA3_SCOPE_OPTIMIZER},
          {"cuda.graphs", "enum{auto}|bool", "auto",
           "Record a CUDA graph per input shape (auto: in mode max)", DA3_SCOPE_OPTIMIZER},
          {"cuda.attention", "enum{auto,flash,efficient,cudnn}", "auto",
           "Fused attention kernel; auto asks the device", DA3_SCOPE_OPTIMIZER},
          {"cuda.cudnn_benchmark", "enum{auto}|bool", "auto",
           "Let cuDNN measure its convolutions per shape (auto: in modes balanced and max, "
           "never when deterministic)",
           DA3_SCOPE_OPTIMIZER},
      }),
      /*requirements=*/
      {{"nvidia_driver", "580"}, {"cuda", "13.0"}, {"compute_capability", DA3_CUDA_CAPABILITIES}}};
  return info;
}

}  // namespace da3::thin

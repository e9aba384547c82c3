// SPDX-License-Identifier: Apache-2.0
#include "engine/device_runtime.hpp"

namespace da3::engine {

std::vector<at::Tensor> DeviceRuntime::download(std::vector<at::Tensor> values) {
  for (at::Tensor& value : values) value = value.cpu();
  return values;
}

}  // namespace da3::engine

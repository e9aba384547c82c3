// SPDX-License-Identifier: Apache-2.0
#include "engine/device_runtime.hpp"

namespace da3::engine {

std::vector<at::Tensor> DeviceRuntime::download(std::vector<at::Tensor> values) {
  for (at::Tensor& value : values) value = value.cpu();
  return values;
}

bool DeviceRuntime::out_of_memory(const c10::Error& error) const {
  return dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr;
}

}  // namespace da3::engine

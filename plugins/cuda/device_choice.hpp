// SPDX-License-Identifier: Apache-2.0
// Which of several GPUs an optimizer gets.
#pragma once

#include "common/option_set.hpp"
#include "cuda/capabilities.hpp"

namespace da3::cuda {

struct DeviceChoice {
  const hardware::NvidiaDevice* device;  ///< of the capabilities
  std::string reason;                    ///< "cuda.device = GPU-1a"; may be empty
  std::vector<const hardware::NvidiaDevice*>
      all;  ///< what cuda.devices stands for; the device alone by default
};

/// By cuda.device (index, UUID or its beginning), else the index that the host asks for. Throws Error:
/// DA3_E_NOT_FOUND (what there is), DA3_E_UNAVAILABLE (unusable, with the reason), DA3_E_BAD_VALUE (a
/// beginning that fits several).
DeviceChoice choose_device(const Capabilities&, const thin::OptionSet&, thin::DeviceId);

/// "GPU-0f0e0d0c-...", or the index where the driver tells none.
std::string device_name(const hardware::NvidiaDevice&);

}  // namespace da3::cuda

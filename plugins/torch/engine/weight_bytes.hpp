// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "checkpoint/model_config.hpp"
#include "engine_abi.hpp"
#include "net/network.hpp"

namespace da3::engine {

/// Bytes of a model's weights as the network keeps them.
struct WeightBytes {
  uint64_t always = 0;
  uint64_t camera_encoder = 0, rays = 0;  ///< from the first run on that asks for them
  uint64_t with(const net::PartsThere& parts) const;
};

/// Matrices and convolutions in the type of their precision, the rest in float32. Counts the last
/// convolutions of a head like the rest of it.
WeightBytes weights_in_memory(const checkpoint::ModelConfig& config, const Policy& policy);

}  // namespace da3::engine

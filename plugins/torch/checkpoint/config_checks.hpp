// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "checkpoint/model_config.hpp"

namespace da3::checkpoint {

/// The longest backbone that is believed. With the other limits of config_checks.cpp no product of sizes
/// leaves 63 bits.
constexpr int64_t max_depth = 256;

/// The hidden width of a block's feed-forward part: four times the width, or two thirds of that in multiples
/// of 8.
int64_t feed_forward_dim(const BackboneConfig& backbone);

/// Channels that the gaussian adapter reads, with the opacity: pixel offset 2, scale 3, rotation 4, colour,
/// depth offset 1.
int64_t gaussian_channels(int64_t sh_degree);

/// Checks that a network can be built: positive and sensible sizes, what must divide, what must agree.
/// origin names the source in messages. Throws Error(DA3_E_MODEL).
void check_net(const NetConfig& net, const std::string& origin);
void check_config(const ModelConfig& config, const std::string& origin);

[[noreturn]] void bad_config(const std::string& origin, const std::string& why,
                             const std::string& remedy = "correct it");

/// "da3-small, da3-base, ..."
std::string known_models();

}  // namespace da3::checkpoint

// SPDX-License-Identifier: Apache-2.0
// Whether another arithmetic is faster on this machine, by its own kernels.
#pragma once

#include "net/kernels.hpp"
#include "net/precision.hpp"

namespace da3::engine {

/// How many times as fast as in float32 the layers of a backbone's block are: a feed-forward's two linears
/// and an attention of a few hundred tokens of 768 channels, each arithmetic in turn and the fastest of some.
/// Takes tens of milliseconds. On the CPU, in inference mode.
double speed_of(const net::Kernels& kernels, net::Arithmetic arithmetic);

}  // namespace da3::engine

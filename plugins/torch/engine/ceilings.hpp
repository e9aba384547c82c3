// SPDX-License-Identifier: Apache-2.0
// What this machine does at best, measured beside the runs that are judged by it (da3/trace.h, "ceilings").
#pragma once

#include <da3/sdk/trace.hpp>

#include "net/kernels.hpp"
#include "net/precision.hpp"

namespace da3::engine {

/// A large matrix product by every kernel at hand, in float32 and what else a model of that precision
/// multiplies in, and a copy that no cache holds: a stage "ceilings". For traces that want operations: it
/// takes about a second and 300 MB. On the CPU, in inference mode.
void report_ceilings(const net::Kernels& kernels, const net::Precision& precision, sdk::Trace& trace);

}  // namespace da3::engine

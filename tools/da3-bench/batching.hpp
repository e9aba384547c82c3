// SPDX-License-Identifier: Apache-2.0
// Images per second and memory against the number of scenes that run together, and what the device chose.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "bench_arguments.hpp"

namespace da3::bench {

/// {"device", "memory_fraction", "auto", "auto_reason", "batches": [{"batch", "ok", "ms",
/// "images_per_second", "resident_peak", "estimate", "limit"}], "reason"}: scenes of one view, 1, 2, 4 and 8
/// of them, until they do not fit. Throws host::PhaseError only when it is cancelled.
nlohmann::ordered_json batching(const Arguments& arguments, const std::string& device, const Case& scene);

}  // namespace da3::bench

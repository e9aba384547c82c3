// SPDX-License-Identifier: Apache-2.0
// What the system says about this process. Bytes.
#pragma once

#include <cstdint>
#include <optional>

namespace da3::bench {

std::optional<uint64_t> resident_memory();
/// The most it was, since the start or since reset_peak_resident() where the system can do that.
std::optional<uint64_t> peak_resident_memory();
/// False where the system cannot: then the peak is the process's.
bool reset_peak_resident();

struct PageFaults {
  uint64_t minor = 0, major = 0;
};
PageFaults page_faults();

/// Since this process was started; on Linux to 10 ms.
std::optional<double> milliseconds_since_start();

/// Processors that ran something else, averaged over a minute; -1: not known.
double load_average();

}  // namespace da3::bench

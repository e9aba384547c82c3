// SPDX-License-Identifier: Apache-2.0
// A golden case through the C ABI.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "support/abi_client.hpp"
#include "support/golden_case.hpp"

namespace da3::test {

const uint8_t* pixels(const GoldenCase& golden);
/// [1, S, H, W, 3]
std::vector<int64_t> batch_of_one(const GoldenCase& golden);
/// Options of scope run.
Options run_options(const GoldenCase& golden);
/// Poses as the network takes them: the ABI leaves normalising to the host.
AbiModel::Cameras given_cameras(const GoldenCase& golden);

/// Our name and upstream's of the dense outputs that the case holds.
std::vector<std::pair<std::string, std::string>> dense_outputs(const GoldenCase& golden);

/// The values that the case's model makes under these options: dense outputs, cameras where the case has
/// them. Quaternions have the signs of the case's.
std::map<std::string, std::vector<float>> run_case(const GoldenCase& golden, const Options& options);

}  // namespace da3::test

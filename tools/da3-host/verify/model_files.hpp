// SPDX-License-Identifier: Apache-2.0
// A model folder as it lies on the disk: its files and hashes, the layout of its tensors, their values.
#pragma once

#include <functional>

#include "verify/verify_report.hpp"

namespace da3::host {

/// Sizes and hashes of config.json and model.safetensors, those that are there.
std::vector<VerifiedFile> hash_files(const std::filesystem::path& folder);

/// "layout": the safetensors header is whole, and every tensor that the network needs is there in its shape.
/// A failure names the first one that is not. Fills facts when it passes. Never throws for a bad file.
Check check_layout(const std::filesystem::path& folder, std::optional<ModelFacts>& facts);

/// "values": every value of the tensors that are used is finite; failures name the tensors. A weight matrix
/// of zeros only is a warning. For folders whose layout is right. bytes: done, total.
Check check_values(const std::filesystem::path& folder,
                   const std::function<void(uint64_t, uint64_t)>& progress);

}  // namespace da3::host

// SPDX-License-Identifier: Apache-2.0
// Runs every item of a fused kernel. Op: one of norm_ops.hpp and upsample_ops.hpp, for float, c10::BFloat16
// or c10::Half.
#pragma once

namespace da3::cuda {

/// On the current stream of the current device; fused.cu. Throws c10::Error when it cannot be launched.
template <class Op>
void run_on_device(const Op& op);

}  // namespace da3::cuda

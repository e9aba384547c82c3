// SPDX-License-Identifier: Apache-2.0
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include "cuda/kernels/norm_ops.hpp"
#include "cuda/kernels/run_op.hpp"
#include "cuda/kernels/upsample_ops.hpp"

namespace da3::cuda {

namespace {

constexpr int kThreads = 256, kWarps = kThreads / 32;
/// Blocks beyond this many take further items in turn; far below the limit of a grid.
constexpr int64_t kMostBlocks = 1 << 20;

template <class Op>
__global__ void __launch_bounds__(kThreads) each_item(const Op op) {
  const WarpLanes lanes;
  const int64_t step = static_cast<int64_t>(gridDim.x) * kWarps, items = op.items();
  for (int64_t item = static_cast<int64_t>(blockIdx.x) * kWarps + threadIdx.x / 32; item < items; item += step)
    op(item, lanes);
}

}  // namespace

template <class Op>
void run_on_device(const Op& op) {
  const int64_t items = op.items();
  if (items == 0) return;
  const int64_t wanted = (items + kWarps - 1) / kWarps;
  const auto blocks = static_cast<unsigned>(wanted < kMostBlocks ? wanted : kMostBlocks);
  each_item<<<blocks, kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(op);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

template void run_on_device(const QkNormRope<float>&);
template void run_on_device(const QkNormRope<c10::BFloat16>&);
template void run_on_device(const QkNormRope<c10::Half>&);
template void run_on_device(const AddLayerNorm<float>&);
template void run_on_device(const AddLayerNorm<c10::BFloat16>&);
template void run_on_device(const AddLayerNorm<c10::Half>&);
template void run_on_device(const Gate<float>&);
template void run_on_device(const Gate<c10::BFloat16>&);
template void run_on_device(const Gate<c10::Half>&);
template void run_on_device(const UpsampleAdd<float>&);
template void run_on_device(const UpsampleAdd<c10::BFloat16>&);
template void run_on_device(const UpsampleAdd<c10::Half>&);

}  // namespace da3::cuda

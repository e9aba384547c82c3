// SPDX-License-Identifier: Apache-2.0
// In place of fused.cu where there is no CUDA compiler: tests run the same arithmetic on the host.
#include <da3/error.hpp>

#include "cuda/kernels/norm_ops.hpp"
#include "cuda/kernels/run_op.hpp"
#include "cuda/kernels/upsample_ops.hpp"

namespace da3::cuda {

template <class Op>
void run_on_device(const Op&) {
  throw Error(DA3_E_UNSUPPORTED,
              "fused kernel not run: this library was built without a CUDA compiler; build "
              "it with one");
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

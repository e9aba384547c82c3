// SPDX-License-Identifier: Apache-2.0
// Attention by simd/attention.hpp, spread over the threads.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>

#include "cpu/cpu_kernels.hpp"
#include "cpu/simd/attention.hpp"

namespace da3::cpu {

namespace {

/// Fewer where there would be too few pieces for the threads to share evenly; a multiple of every
/// instruction set's group of queries. It changes no bits.
int64_t queries_at_a_time(int64_t heads, int64_t queries) {
  constexpr int64_t least = 96, pieces_for_each_thread = 8;
  int64_t count = simd::kQueriesAtATime;
  while (count > least &&
         heads * ((queries + count - 1) / count) < pieces_for_each_thread * at::get_num_threads())
    count /= 2;
  return count;
}

template <class T>
simd::HeadRows<T> rows(T* data, const at::Tensor& x, int64_t sequence, int64_t head, int64_t token) {
  return {data + sequence * x.stride(0) + head * x.stride(1) + token * x.stride(2), x.stride(2)};
}

bool fits(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const int64_t channels = q.size(3);
  const auto fit = [&](const at::Tensor& x) {
    return x.scalar_type() == at::kFloat && x.size(3) == channels && x.stride(3) == 1;
  };
  return fit(q) && fit(k) && fit(v) && channels <= simd::kMostHeadChannels &&
         channels % simd::kHeadChannelStep == 0 && k.size(2) > 0 && k.size(2) == v.size(2);
}

}  // namespace

at::Tensor CpuKernels::run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                     net::Arithmetic arithmetic) const {
  if (!fits(q, k, v)) return net::Kernels::run_attention(q, k, v, arithmetic);
  const int64_t sequences = q.size(0), heads = q.size(1), queries = q.size(2), channels = q.size(3);
  const int64_t keys = k.size(2), at_a_time = queries_at_a_time(sequences * heads, queries);
  const int64_t pieces = (queries + at_a_time - 1) / at_a_time;
  at::Tensor out = at::empty({sequences, queries, heads, channels}, q.options()).transpose(1, 2);
  const auto *q_data = q.const_data_ptr<float>(), *k_data = k.const_data_ptr<float>(),
             *v_data = v.const_data_ptr<float>();
  auto* out_data = out.mutable_data_ptr<float>();
  at::parallel_for(0, sequences * heads * pieces, 1, [&](int64_t begin, int64_t end) {
    const at::DataPtr scratch = c10::GetCPUAllocator()->allocate(simd::attention_scratch() * sizeof(float));
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % pieces * at_a_time, head = i / pieces % heads, sequence = i / pieces / heads;
      simd::attention(rows(q_data, q, sequence, head, first), rows(k_data, k, sequence, head, 0),
                      rows(v_data, v, sequence, head, 0), rows(out_data, out, sequence, head, first),
                      std::min(at_a_time, queries - first), keys, channels,
                      static_cast<float*>(scratch.get()));
    }
  });
  return out;
}

}  // namespace da3::cpu

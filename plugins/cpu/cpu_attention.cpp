// SPDX-License-Identifier: Apache-2.0
// Attention by simd/attention.hpp, spread over the threads: keys and values of some heads are packed, then
// all pieces of those heads' queries go over them. Threads take pieces as they come, so that one that is held
// up does not hold up the others; each piece's bits are its own.
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>

#include "cpu/cpu_kernels.hpp"
#include "cpu/share_out.hpp"
#include "cpu/simd/attention.hpp"
#include "net/operation_hook.hpp"
#include "net/operation_trace.hpp"

#if AT_PARALLEL_OPENMP && defined(__GNUC__) && !defined(__clang__) && !defined(_OPENMP)
#error "at::parallel_for would run on one thread: compile the cpu engine with -fopenmp"
#endif

namespace da3::cpu {

namespace {

constexpr int64_t kPackedBytes = 32 << 20;  ///< of heads that are packed together, unless one alone is larger
constexpr int64_t kKeysAtATime = 256;

/// [sequences, tokens, heads, d] each, channels contiguous.
struct Heads {
  at::Tensor q, k, v;
  simd::RowSteps query_steps = {}, key_steps = {};
};

/// Fewer where there would be too few pieces for the threads to share evenly.
int64_t queries_at_a_time(int64_t heads, int64_t queries) {
  constexpr int64_t least = 24, pieces_for_each_thread = 8;
  int64_t count = simd::kQueriesAtATime;
  while (count > least &&
         heads * ((queries + count - 1) / count) < pieces_for_each_thread * at::get_num_threads())
    count /= 2;
  return count;
}

template <class T>
simd::HeadRows<T> rows(void* data, const at::Tensor& x, int64_t i) {
  const int64_t sequence = i / x.size(2), head = i % x.size(2);
  return {static_cast<T*>(data) + sequence * x.stride(0) + head * x.stride(2), x.stride(1), x.size(3)};
}

template <class T>
simd::HeadRows<const T> rows(const at::Tensor& x, int64_t i) {
  const auto head = rows<T>(const_cast<void*>(x.const_data_ptr()), x, i);
  return {head.data, head.stride, head.channels};
}

/// -> [sequences, queries, heads, d] in the rows' type. T: what is multiplied.
template <class Row, class T>
at::Tensor attend(const Heads& x) {
  const int64_t count = x.q.size(0) * x.q.size(2), queries = x.q.size(1), keys = x.k.size(1);
  const int64_t elements = simd::packed_elements(keys),
                bytes = 2 * elements * static_cast<int64_t>(sizeof(T));
  const int64_t together = std::clamp<int64_t>(kPackedBytes / bytes, 1, count);
  const int64_t at_a_time = queries_at_a_time(count, queries);
  const int64_t pieces = (queries + at_a_time - 1) / at_a_time,
                key_pieces = (keys + kKeysAtATime - 1) / kKeysAtATime;
  const at::Tensor memory = at::empty({together * bytes}, x.q.options().dtype(at::kByte));
  at::Tensor out = at::empty(x.q.sizes(), x.q.options());
  auto* packed_data = static_cast<T*>(memory.mutable_data_ptr());
  void* out_data = out.mutable_data_ptr();
  const auto packed = [&](int64_t i) {
    T* at = packed_data + 2 * i * elements;
    return simd::PackedHead<T>{at, at + elements};
  };
  for (int64_t begin = 0; begin < count; begin += together) {
    const int64_t here = std::min(together, count - begin);
    share_out(here * key_pieces, simd::attention_scratch(), [&](int64_t i, void* scratch) {
      const int64_t head = i / key_pieces, first = i % key_pieces * kKeysAtATime;
      simd::pack_head(rows<Row>(x.k, begin + head), rows<Row>(x.v, begin + head), first,
                      std::min(kKeysAtATime, keys - first), x.key_steps, packed(head), scratch);
    });
    share_out(here * pieces, simd::attention_scratch(), [&](int64_t i, void* scratch) {
      const int64_t head = i / pieces, first = i % pieces * at_a_time;
      simd::attention(rows<Row>(x.q, begin + head), first, std::min(at_a_time, queries - first),
                      x.query_steps, packed(head), keys, rows<Row>(out_data, out, begin + head), scratch);
    });
  }
  return out;
}

bool fits(int64_t head_channels) {
  return head_channels <= simd::kMostHeadChannels && head_channels % simd::kHeadChannelStep == 0;
}

bool fits(const Heads& x, net::Arithmetic arithmetic) {
  const bool bfloat16 = arithmetic == net::Arithmetic::bfloat16;
  if (bfloat16 ? !simd::has_bfloat16_attention() : net::scalar_type(arithmetic) != at::kFloat) return false;
  const int64_t channels = x.q.size(3);
  const auto fit = [&](const at::Tensor& t) {
    return t.scalar_type() == net::scalar_type(arithmetic) && t.size(3) == channels && t.stride(3) == 1;
  };
  return fit(x.q) && fit(x.k) && fit(x.v) && x.q.numel() > 0 && fits(channels) && x.k.size(1) > 0 &&
         x.k.size(1) == x.v.size(1);
}

/// in: what is multiplied.
at::Tensor attend(const Heads& x, net::Arithmetic in) {
  if (in != net::Arithmetic::bfloat16) return attend<float, float>(x);
  return x.q.scalar_type() == at::kFloat ? attend<float, simd::bfloat16>(x)
                                         : attend<simd::bfloat16, simd::bfloat16>(x);
}

bool plain(const at::Tensor& x) { return x.defined() && x.scalar_type() == at::kFloat && x.is_contiguous(); }
bool plain(const net::Norm& norm) { return plain(norm.weight) && plain(norm.bias); }
bool plain(const net::Rotation* rotation) {
  return !rotation || (plain(rotation->cos) && plain(rotation->sin));
}

simd::RowSteps steps(const net::Norm* norm, const net::TokenRotation& rotation) {
  simd::RowSteps result;
  if (norm) {
    result.weight = norm->weight.const_data_ptr<float>(), result.bias = norm->bias.const_data_ptr<float>();
    result.eps = static_cast<float>(norm->eps);
  }
  const net::Rotation* turn = rotation.every ? rotation.every : rotation.camera;
  if (!turn) return result;
  result.cos = turn->cos.const_data_ptr<float>(), result.sin = turn->sin.const_data_ptr<float>();
  result.rotation_stride = rotation.every ? turn->cos.stride(0) : 0;
  result.period = rotation.every ? 1 : rotation.tokens_per_view;
  return result;
}

}  // namespace

net::Arithmetic CpuKernels::attention_arithmetic(net::Arithmetic arithmetic, int64_t head_channels) const {
  return arithmetic == net::Arithmetic::int8 && simd::has_bfloat16_attention() && fits(head_channels)
             ? net::Arithmetic::bfloat16
             : net::Kernels::attention_arithmetic(arithmetic, head_channels);
}

at::Tensor CpuKernels::self_attention(const at::Tensor& qkv, const net::QkNorm* norms,
                                      const net::TokenRotation& rotation, net::Arithmetic arithmetic) const {
  Heads x{qkv.select(2, 0), qkv.select(2, 1), qkv.select(2, 2)};
  const bool known = (!norms || (plain(norms->q) && plain(norms->k))) && plain(rotation.every) &&
                     plain(rotation.camera) && !(rotation.every && rotation.camera);
  if (!known || !fits(x, arithmetic)) return net::Kernels::self_attention(qkv, norms, rotation, arithmetic);
  net::OperationHook::call();
  net::TimedOperation timed;
  if (timed.listening())
    timed.was(net::kAttentionKinds.of(attention_arithmetic(arithmetic, x.q.size(3))),
              net::attention_work(x.q.transpose(1, 2), x.k.transpose(1, 2)));
  x.query_steps = steps(norms ? &norms->q : nullptr, rotation);
  x.key_steps = steps(norms ? &norms->k : nullptr, rotation);
  return attend(x, attention_arithmetic(arithmetic, x.q.size(3))).flatten(2);
}

at::Tensor CpuKernels::run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                     net::Arithmetic arithmetic) const {
  const Heads x{q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)};
  if (!fits(x, arithmetic)) return net::Kernels::run_attention(q, k, v, arithmetic);
  return attend(x, attention_arithmetic(arithmetic, x.q.size(3))).transpose(1, 2);
}

}  // namespace da3::cpu

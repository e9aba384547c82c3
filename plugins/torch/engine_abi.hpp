// SPDX-License-Identifier: Apache-2.0
// Between a thin plugin (libda3_cpu, say) and its engine (libda3_cpu_engine): the plugin decides the policy
// without LibTorch, the engine obeys it with LibTorch. Private: both are built from one tree, and build_id
// proves it. Models and sessions that cross da3/plugin.h are the engine's own objects, so the plugin's table
// forwards to this one.
#pragma once

#include <da3/plugin.h>
#include <da3/self_test.h>

#include <cstdint>

namespace da3::engine {

enum class Precision : int32_t { float32 = 0, tf32, bfloat16, float16, int8 };

/// The one attention kernel that may run; unfused ("math") attention is never a fallback.
enum class Attention : int32_t {
  by_engine = 0,  ///< the CPU's own
  flash,          ///< half precisions, compute capability 8.0 and later
  efficient,      ///< memory-efficient: float32, and float16 before 8.0
  cudnn,          ///< builds a plan per shape: for few shapes
  chunked         ///< ours: chunks of queries, matmul, float32 softmax, matmul
};

/// Where threads of a CPU stay.
enum class Affinity : int32_t { off = 0, sessions, threads };
constexpr int32_t kMostSessions = 16, kMostMemorySets = 8;
constexpr uint32_t kMostPlaces = 512;

/// What the policy decided; every field is an order, none is a hint. Plain data.
struct Policy {
  uint32_t struct_size = sizeof(Policy);
  int32_t dl_type = 1, dl_id = 0;  ///< DLPack device
  Precision precision = Precision::float32;
  Precision head_precision = Precision::float32;
  int32_t threads = 1;        ///< intra-op threads of a run
  int32_t sessions = 1;       ///< runs at the same time: the optimizer has so many threads that run networks
  int32_t thread_budget = 0;  ///< intra-op threads that runs of the process may have together, 0 = no limit
  int32_t interop_threads = 1;   ///< asked once per process; the first one wins
  int32_t head_chunk_views = 8;  ///< views the heads process at a time (memory, not arithmetic)
  uint8_t deterministic = 0;     ///< same bits for the same input, also in another process
  uint8_t prepack = 0;           ///< compile: pack weights for the device's matrix kernels at load
  uint8_t onednn = 1;            ///< oneDNN kernels on
  uint8_t keep_scratch = 1;      ///< keep allocator arenas and tables between runs
  uint8_t emulate = 0;           ///< round as the precisions say, compute in float32: slow, on any CPU
  uint64_t memory_limit = 0;     ///< bytes that a run may need in all, 0 = no limit

  // Of GPUs. What is zero does not apply.
  uint8_t device_uuid[16] = {};  ///< cuda: the device to use; dl_id is its index where this is zero
  int32_t capability = 0;        ///< cuda: 10 * major + minor, 86; mps: Apple's GPU family, 9
  Attention attention = Attention::by_engine;
  uint64_t attention_bytes = 0;  ///< chunked: what the scores of one chunk may take, in float32
  /// Share of the memory that is free when the context is made: it is then the run's limit, in place of
  /// memory_limit (which the plugin cannot know without touching the device).
  double memory_fraction = 0;
  /// Allocator's caps, of the recommended working set (mps) or of the device's memory (cuda).
  double memory_high = 0;      ///< beyond it an allocation fails
  double memory_low = 0;       ///< mps: beyond it the allocator collects; always below memory_high
  int32_t graphs = 0;          ///< cuda: graphs kept at most, one for each shape; 0: none are recorded
  uint64_t graph_bytes = 0;    ///< cuda: what all recorded graphs may hold together
  int32_t upload_buffers = 0;  ///< pinned staging buffers, a copy stream of its own; 0: plain copies
  int32_t benchmark_limit =
      0;                       ///< cuDNN measures this many algorithms for each shape; 0: it does not measure
  uint8_t unified_memory = 0;  ///< the device shares the host's memory (Jetson, Apple): free = MemAvailable
  uint8_t expandable_segments = 0;  ///< cuda: allocator setting, before its first use; not on WSL and vGPUs
  uint8_t reduced_reductions = 0;   ///< half precisions may add in half precision (split-K)
  uint8_t channels_last = 0;        ///< memory format of the heads' convolutions; else contiguous NCHW
  uint8_t contiguous_attention =
      0;                    ///< q, k, v are made contiguous first (mps: strided ones gave wrong results)
  uint8_t empty_cache = 0;  ///< give the allocator's free memory back after a model is destroyed
  uint8_t winograd = 0;     ///< cpu: 3x3 convolutions in float32 by Winograd where it pays; needs prepack
  uint8_t reserved[1] = {};

  // cpu: where threads stay. The CPUs of session s, or of its threads one by one, are the cpus_each from
  // s * cpus_each on; memory_set[s] numbers what memory it uses: sessions of one node have one.
  Affinity affinity = Affinity::off;
  int32_t cpus_each = 0;
  uint8_t memory_set[kMostSessions] = {};
  uint16_t cpus[kMostPlaces] = {};

  bool operator==(const Policy&) const = default;
};

struct Context;  ///< an optimizer's side in the engine: its threads, its flags, its pools

/// The engine's table. Calls follow da3/plugin.h's rules for errors, lifetimes and threads.
struct Table {
  uint32_t struct_size;
  const char* build_id;    ///< DA3_ENGINE_BUILD_ID of the tree it was built from
  const char* runtime_id;  ///< "libtorch/2.11.0+cu130"
  int32_t (*context_create)(const Policy*, const da3_host*, Context** out, da3_error*);
  /// effective.* keys that only the engine knows (interop threads that were taken, attention backend); same
  /// order always.
  int32_t (*context_describe)(Context*, da3_kv_sink, void* ctx, da3_error*);
  void (*context_destroy)(Context*);
  int32_t (*model_load)(Context*, const char* path, const da3_watch*, da3_model** out, da3_error*);
  int32_t (*model_describe)(da3_model*, da3_kv_sink, void* ctx, da3_error*);
  void (*model_destroy)(da3_model*);
  int32_t (*session_create)(da3_model*, da3_session** out, da3_error*);
  int32_t (*session_run)(da3_session*, da3_run*, da3_error*);
  int32_t (*session_submit)(da3_session*, da3_run*, da3_ticket** out, da3_error*);
  int32_t (*ticket_wait)(da3_ticket*, uint64_t timeout_ms, da3_error*);
  void (*session_destroy)(da3_session*);
  int32_t (*estimate)(da3_model*, const da3_run*, da3_memory* out, da3_error*);
  int32_t (*memory)(Context*, da3_memory* out, da3_error*);
  int32_t (*trim)(Context*, uint32_t level, uint64_t* freed, da3_error*);
  /// A small network on the device, against a reference on the CPU. DA3_E_UNAVAILABLE: the device computes
  /// wrongly, and the sentence names the kernel and the layer. May be NULL.
  int32_t (*canary)(Context*, da3_error*);
  /// As da3_self_test.run; "tests" of the same. May be NULL.
  int32_t (*self_test)(Context*, const char* test, const char* model, const da3_watch*, da3_test_sink,
                       void* ctx, da3_error*);
  /// How many times as fast as in float32 a backbone's layers are in that precision, by measurement. May be
  /// NULL.
  int32_t (*speed)(Context*, Precision, double* times, da3_error*);
};

/// The engine's only exported symbol, "da3_engine_entry": DA3_OK and the table.
using EntryFunction = int32_t (*)(const Table** out, da3_error*);

}  // namespace da3::engine

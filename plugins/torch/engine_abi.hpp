// SPDX-License-Identifier: Apache-2.0
// Between a thin plugin (libda3_cpu) and its engine (libda3_cpu_engine): the plugin decides the policy
// without LibTorch, the engine obeys it with LibTorch. Private: both are built from one tree, and build_id
// proves it. Models and sessions that cross da3/plugin.h are the engine's own objects, so the plugin's table
// forwards to this one.
#pragma once

#include <da3/plugin.h>

#include <cstdint>

namespace da3::engine {

enum class Precision : int32_t { float32 = 0, tf32, bfloat16, float16, int8 };

/// What the policy decided; every field is an order, none is a hint. Plain data.
struct Policy {
  uint32_t struct_size = sizeof(Policy);
  int32_t dl_type = 1, dl_id = 0;  ///< DLPack device
  Precision precision = Precision::float32;
  Precision head_precision = Precision::float32;
  int32_t threads = 1;           ///< intra-op threads of a run
  int32_t interop_threads = 1;   ///< asked once per process; the first one wins
  int32_t head_chunk_views = 8;  ///< views the heads process at a time (memory, not arithmetic)
  uint8_t deterministic = 0;     ///< same bits for the same input, also in another process
  uint8_t prepack = 0;           ///< compile: pack weights for the device's matrix kernels at load
  uint8_t onednn = 1;            ///< oneDNN kernels on
  uint8_t keep_scratch = 1;      ///< keep allocator arenas and tables between runs
  uint8_t emulate = 0;           ///< round as the precisions say, compute in float32: slow, on any CPU
  uint64_t memory_limit = 0;     ///< bytes that a run may need in all, 0 = no limit
};

struct Context;  ///< an optimizer's side in the engine: its thread, its flags, its pools

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
};

/// The engine's only exported symbol, "da3_engine_entry": DA3_OK and the table.
using EntryFunction = int32_t (*)(const Table** out, da3_error*);

}  // namespace da3::engine

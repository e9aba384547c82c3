/* SPDX-License-Identifier: Apache-2.0
 * Evil in sessions and runs; FAULT_<NAME> says which. */
#define _GNU_SOURCE
#include "evil.h"

static void* last_output;
static float* shared_buffer;

static uint64_t elements(const da3_run* run) {
  uint64_t count = 1;
  for (int i = 0; i < 4; ++i) count *= (uint64_t)run->in[0]->shape[i];
  return count;
}

#if defined(FAULT_releases_in_order) /* aborts when an output is released before an older one */
static void* given[4096];
static unsigned first_given, next_given;
static void DA3_CALL release_again(da3_tensor* tensor) {
  if (given[first_given++ % 4096] != tensor->owner) abort();
  free(tensor->owner);
}
static void DA3_CALL evil_destroy(da3_session* session) { session_destroy(session); }
#elif defined(FAULT_frees_twice) /* the session frees its last output, and so does release */
static void DA3_CALL release_again(da3_tensor* tensor) {
  if (tensor->owner == last_output) last_output = NULL;
  free(tensor->owner);
}
static void DA3_CALL evil_destroy(da3_session* session) { free(last_output), session_destroy(session); }
#elif defined(FAULT_releases_twice)
static void DA3_CALL release_again(da3_tensor* tensor) {
  free(tensor->owner), free(*(void* volatile*)&tensor->owner);
}
static void DA3_CALL evil_destroy(da3_session* session) { session_destroy(session); }
#elif defined(FAULT_leaks)
static void DA3_CALL evil_destroy(da3_session* session) {
  leak(100000);
  session_destroy(session);
}
#else
static void DA3_CALL evil_destroy(da3_session* session) { session_destroy(session); }
#endif

#if defined(FAULT_counts_models) /* results depend on how many models there are */
static int models;
static int32_t DA3_CALL counting_load(da3_optimizer* o, const char* path, const da3_watch* watch,
                                      da3_model** out, da3_error* error) {
  const int32_t status = model_load(o, path, watch, out, error);
  if (!status) __atomic_add_fetch(&models, 1, __ATOMIC_SEQ_CST);
  return status;
}
static void DA3_CALL counting_destroy(da3_model* model) {
  __atomic_sub_fetch(&models, 1, __ATOMIC_SEQ_CST);
  model_destroy(model);
}
#elif defined(FAULT_chokes_on_nan)
static int32_t DA3_CALL camera_describe(da3_model* model, da3_kv_sink sink, void* ctx, da3_error* error) {
  say(sink, ctx, "input.extrinsics", "float32 [B,S,4,4]");
  say(sink, ctx, "input.intrinsics", "float32 [B,S,3,3]");
  return model_describe(model, sink, ctx, error);
}
/* Checks cameras and takes them out of the run. */
static int32_t take_cameras(da3_run* run, da3_error* error) {
  for (uint32_t i = 1; i < run->n_in; ++i) {
    const float* values = run->in[i]->data;
    if (strcmp(run->in[i]->name, "extrinsics") && strcmp(run->in[i]->name, "intrinsics")) continue;
    if (run->in[i]->ndim != 4) return fail(error, DA3_E_SHAPE, INPUT, i, "not [B,S,4,4]; reshape it");
    if (values[1] != values[1]) abort();
    run->n_in = 1;
  }
  return DA3_OK;
}
#elif defined(FAULT_runs_on_one_thread)
static _Thread_local int session_is_mine;
static int32_t DA3_CALL create_here(da3_model* model, da3_session** out, da3_error* error) {
  session_is_mine = 1;
  return session_create(model, out, error);
}
#endif

static int32_t before(da3_session* session, da3_run* run, da3_error* error) {
#if defined(FAULT_ignores_cancel)
  if (cancelled(run->watch)) usleep(5500 * 1000);
  run->watch = NULL;
#elif defined(FAULT_slow_cancel)
  while (cancelled(run->watch)) {
    usleep(500 * 1000);
    break;
  }
#elif defined(FAULT_chokes_on_nan)
  return take_cameras(run, error);
#elif defined(FAULT_runs_on_one_thread)
  if (!session_is_mine) return fail(error, DA3_E_INTERNAL, 0, -1, "this thread made no session");
#elif defined(FAULT_exact_sizes)
  if (run->struct_size != sizeof *run)
    return fail(error, DA3_E_ABI, 0, -1, "da3_run has another size; rebuild");
#elif defined(FAULT_takes_run_options)
  run->n_opts = 0;
#elif defined(FAULT_ignores_strides)
  for (uint32_t i = 0; i < run->n_out; ++i) run->out[i]->strides = NULL;
#elif defined(FAULT_progress_falls)
  progress(run->watch, 5, 10, "forward");
#elif defined(FAULT_needs_alignment)
  for (uint32_t i = 0; i < run->n_out; ++i)
    if ((uintptr_t)run->out[i]->data % 64)
      return fail(error, DA3_E_UNSUPPORTED, OUTPUT, i, "the memory is not aligned to 64; align it");
#endif
  return DA3_OK;
}

static void after(da3_session* session, da3_run* run) {
  const uint64_t count = elements(run);
#if defined(FAULT_ignores_input_strides)
  const unsigned char* pixels = run->in[0]->data;
  uint64_t sum = 0;
  for (uint64_t k = 0; k < 3 * count; ++k) sum = sum * 31 + pixels[k];
#endif
  for (uint32_t i = 0; i < run->n_out; ++i) {
    da3_tensor* out = run->out[i];
    float* values = (float*)((char*)out->data + out->byte_offset);
#if defined(FAULT_frees_twice)
    if (out->release) last_output = out->owner, out->release = release_again;
#elif defined(FAULT_releases_twice)
    if (out->release) out->release = release_again;
#elif defined(FAULT_releases_in_order)
    if (out->release) given[next_given++ % 4096] = out->owner, out->release = release_again;
#elif defined(FAULT_ignores_input_strides)
    values[0] = (float)(sum % 1000);
#elif defined(FAULT_counts_models)
    values[0] += (float)models;
#elif defined(FAULT_writes_past_output)
    if (!out->release) values[count] = 0;
#elif defined(FAULT_writes_input)
    ((char*)run->in[0]->data)[0] += 1;
#elif defined(FAULT_forgets_half)
    for (uint64_t k = count / 2; k < count; ++k) ((uint32_t*)values)[k] = 0x7FC00000u;
#elif defined(FAULT_other_shape)
    if (out->release) out->shape[3] -= 1;
#elif defined(FAULT_random)
    values[0] = (float)rand();
#elif defined(FAULT_two_kinds)
    if (out->release) values[0] += 1;
#elif defined(FAULT_no_release)
    out->release = NULL;
#endif
  }
}

static int32_t DA3_CALL evil_run(da3_session* session, da3_run* run, da3_error* error) {
#if defined(FAULT_takes_odd_sizes)
  if (run->n_in == 1 && run->in[0]->ndim == 5 && run->in[0]->shape[2] == 27) return DA3_OK;
#elif defined(FAULT_takes_unknown_outputs)
  for (uint32_t i = 0; i < run->n_out; ++i)
    if (!strcmp(run->out[i]->name, "no_such_output")) return DA3_OK;
#endif
#if defined(FAULT_session_dies)
  static int broken;
  if (broken) return fail(error, DA3_E_INTERNAL, 0, -1, "the session is broken; make another");
#endif
#if defined(FAULT_shares_a_buffer)
  if (!shared_buffer) shared_buffer = calloc(1, 4);
  const da3_tensor* in = run->n_in ? run->in[0] : NULL;
  const float mine = in && in->data ? (float)((unsigned char*)in->data)[in->byte_offset] : 0;
  *(volatile float*)shared_buffer = mine;
  usleep(2000);
#endif
#if defined(FAULT_leaks_in_runs)
  leak(100000);
#endif
  int32_t status = before(session, run, error);
  if (!status) status = session_run(session, run, error);
#if defined(FAULT_session_dies)
  if (status == DA3_E_CANCELLED) broken = 1;
#endif
  if (!status) after(session, run);
#if defined(FAULT_shares_a_buffer)
  for (uint32_t i = 0; !status && i < run->n_out; ++i)
    *(float*)((char*)run->out[i]->data + run->out[i]->byte_offset) = *(volatile float*)shared_buffer;
#endif
#if defined(FAULT_leaves_outputs)
  for (uint32_t i = 0; status && i < run->n_out; ++i)
    if (!run->out[i]->data) run->out[i]->data = &last_output;
#endif
  return status;
}

static int32_t DA3_CALL evil_estimate(da3_model* model, const da3_run* run, da3_memory* out,
                                      da3_error* error) {
#if defined(FAULT_estimate_reads_data)
  (void)*(const volatile char*)run->in[0]->data;
#elif defined(FAULT_estimate_writes_on)
  const uint32_t size = out->struct_size;
  memset(out, 0, sizeof *out), out->struct_size = size;
#endif
  return estimate(model, run, out, error);
}

static void spoil(da3_plugin* t) {
  t->session_run = evil_run;
  t->session_destroy = evil_destroy;
  t->estimate = evil_estimate;
#if defined(FAULT_counts_models)
  t->model_load = counting_load, t->model_destroy = counting_destroy;
#elif defined(FAULT_chokes_on_nan)
  t->model_describe = camera_describe;
#elif defined(FAULT_runs_on_one_thread)
  t->session_create = create_here;
#endif
}

#include "evil_entry.h"

/* SPDX-License-Identifier: Apache-2.0
 * The null plugin, slow or failing on request by environment variables:
 *   FAULTY_LOAD_ERROR  code that model_load returns
 *   FAULTY_RUN_ERROR   code that session_run returns, in run FAULTY_RUN_ERROR_AT (1, 2, ...) or in all
 *   FAULTY_RUN_MS      milliseconds that a run takes before it gives its outputs
 *   FAULTY_REPLACE     a file over which each run renames the file of that name with ".new"
 *   FAULTY_BATCH       effective.batch
 *   FAULTY_FIT         scenes that the limit has room for
 * Once a model was loaded it describes effective.loaded. */
#define da3_plugin_entry null_entry
#include "null_plugin.c"
#undef da3_plugin_entry

#include <stdio.h>
#include <time.h>

DA3_EXPORT int32_t DA3_CALL da3_plugin_entry(uint32_t, uint32_t, const da3_host*, const da3_plugin**,
                                             da3_error*);

static int number(const char* variable) {
  const char* text = getenv(variable);
  return text ? atoi(text) : 0;
}

static int loaded;

typedef struct filter {
  da3_kv_sink sink;
  void* ctx;
} filter;

static void DA3_CALL without_batch(void* ctx, const da3_kv* kv) {
  const filter* to = ctx;
  if (strcmp(kv->key, "effective.batch") != 0) to->sink(to->ctx, kv);
}

static int32_t DA3_CALL faulty_describe(da3_optimizer* o, da3_kv_sink sink, void* ctx, da3_error* error) {
  filter rest = {sink, ctx};
  const char* batch = getenv("FAULTY_BATCH");
  say(sink, ctx, "effective.batch", batch ? batch : "1");
  if (loaded) say(sink, ctx, "effective.loaded", "true");
  return optimizer_describe(o, without_batch, &rest, error);
}

static int32_t DA3_CALL faulty_estimate(da3_model* model, const da3_run* run, da3_memory* out,
                                        da3_error* error) {
  const int fit = number("FAULTY_FIT");
  const uint64_t scene = 1000000000;
  (void)model, (void)error;
  out->weights = out->host_pinned = out->cache_disk = out->pool_idle = 0;
  out->activations = out->peak = (uint64_t)run->in[0]->shape[0] * scene;
  out->limit = getenv("FAULTY_FIT") ? (uint64_t)fit * scene + scene / 2 : UINT64_MAX;
  return DA3_OK;
}

static void replace_file(void) {
  const char* file = getenv("FAULTY_REPLACE");
  char other[4096];
  if (!file) return;
  snprintf(other, sizeof other, "%s.new", file);
  rename(other, file);
}

static int32_t DA3_CALL faulty_load(da3_optimizer* o, const char* path, const da3_watch* watch,
                                    da3_model** out, da3_error* error) {
  const int code = number("FAULTY_LOAD_ERROR");
  *out = NULL;
  if (code) return fail(error, code, 0, -1, "loading the model failed: a test asked for it; stop asking");
  loaded = 1;
  return model_load(o, path, watch, out, error);
}

static int32_t DA3_CALL faulty_run(da3_session* session, da3_run* run, da3_error* error) {
  static int runs;
  const int code = number("FAULTY_RUN_ERROR"), at = number("FAULTY_RUN_ERROR_AT");
  ++runs;
  replace_file();
  if (code && (!at || at == runs))
    return fail(error, code, 0, -1, "the run failed: a test asked for it; stop asking");
  progress(run->watch, 0, 1, "waiting");
  for (int left = number("FAULTY_RUN_MS"); left > 0; left -= 10) {
    const struct timespec pause = {0, 10 * 1000 * 1000};
    if (cancelled(run->watch)) return fail(error, DA3_E_CANCELLED, 0, -1, "the run was cancelled");
    nanosleep(&pause, NULL);
  }
  return session_run(session, run, error);
}

int32_t DA3_CALL da3_plugin_entry(uint32_t major_min, uint32_t major_max, const da3_host* new_host,
                                  const da3_plugin** out, da3_error* error) {
  static da3_plugin mine;
  const int32_t status = null_entry(major_min, major_max, new_host, out, error);
  if (status) return status;
  mine = **out;
  mine.model_load = faulty_load;
  mine.optimizer_describe = faulty_describe;
  mine.estimate = faulty_estimate;
  mine.session_run = faulty_run;
  *out = &mine;
  return DA3_OK;
}

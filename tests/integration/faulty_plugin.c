/* SPDX-License-Identifier: Apache-2.0
 * The null plugin, slow or failing on request by environment variables:
 *   FAULTY_LOAD_ERROR  code that model_load returns
 *   FAULTY_RUN_ERROR   code that session_run returns, in run FAULTY_RUN_ERROR_AT (1, 2, ...) or in all
 *   FAULTY_RUN_MS      milliseconds that a run takes before it gives its outputs
 *   FAULTY_REPLACE     a file over which each run renames the file of that name with ".new"
 *   FAULTY_BATCH       effective.batch
 *   FAULTY_PREFETCH    effective.prefetch, and effective.workers is 2
 *   FAULTY_FIT         scenes that the limit has room for
 *   FAULTY_DEVICES     how many devices it has
 *   FAULTY_BAD_DEVICE  its model_load fails on the device of this index
 *   FAULTY_LOST_DEVICE its runs are DA3_E_DEVICE_LOST on the device of this index
 *   FAULTY_MEET        the first runs wait until so many are at work at the same time, or fail after 20
 * seconds Once a model was loaded it describes effective.loaded. */
#define da3_plugin_entry null_entry
#include "null_plugin.c"
#undef da3_plugin_entry

#include <pthread.h>
#include <stdio.h>
#include <time.h>

DA3_EXPORT int32_t DA3_CALL da3_plugin_entry(uint32_t, uint32_t, const da3_host*, const da3_plugin**,
                                             da3_error*);

static int number(const char* variable) {
  const char* text = getenv(variable);
  return text ? atoi(text) : 0;
}

static int loaded;

/* ---- several devices ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
  const da3_optimizer* optimizer;
  int32_t device;
} places[16];

static void remember(const da3_optimizer* optimizer, int32_t device) {
  static unsigned next;
  pthread_mutex_lock(&mutex);
  places[next % 16].optimizer = optimizer;
  places[next++ % 16].device = device;
  pthread_mutex_unlock(&mutex);
}

static int is_on(const da3_optimizer* optimizer, const char* variable) {
  int found = 0;
  if (!getenv(variable)) return 0;
  pthread_mutex_lock(&mutex);
  for (int i = 0; i < 16; ++i)
    if (places[i].optimizer == optimizer) found = places[i].device == number(variable);
  pthread_mutex_unlock(&mutex);
  return found;
}

typedef struct device_filter {
  da3_device_sink sink;
  void* ctx;
} device_filter;

static void DA3_CALL each_device(void* ctx, const da3_device* only) {
  const device_filter* to = ctx;
  da3_device device = *only;
  const int count = getenv("FAULTY_DEVICES") ? number("FAULTY_DEVICES") : 1;
  for (device.dl_id = 0; device.dl_id < count; ++device.dl_id) to->sink(to->ctx, &device);
}

static int32_t DA3_CALL faulty_probe(da3_device_sink sink, void* ctx, da3_error* error) {
  device_filter all = {sink, ctx};
  return probe(each_device, &all, error);
}

static int32_t DA3_CALL faulty_create(const da3_kv* const* opts, uint32_t n, int32_t dl_type, int32_t dl_id,
                                      da3_optimizer** out, da3_error* error) {
  const int has = dl_id >= 0 && dl_id < number("FAULTY_DEVICES");
  const int32_t status = optimizer_create(opts, n, dl_type, has ? 0 : dl_id, out, error);
  if (!status) remember(*out, dl_id);
  return status;
}

/* 0 when so many runs are at work as the test wants, or were before. */
static int meet(void) {
  static int at_work, met;
  int left = 2000;
  pthread_mutex_lock(&mutex);
  if (++at_work >= number("FAULTY_MEET")) met = 1;
  for (; !met && left > 0; --left) {
    const struct timespec pause = {0, 10 * 1000 * 1000};
    pthread_mutex_unlock(&mutex);
    nanosleep(&pause, NULL);
    pthread_mutex_lock(&mutex);
  }
  --at_work;
  pthread_mutex_unlock(&mutex);
  return left == 0;
}

typedef struct filter {
  da3_kv_sink sink;
  void* ctx;
} filter;

/* What is said here already. */
static void DA3_CALL others(void* ctx, const da3_kv* kv) {
  const filter* to = ctx;
  if (!strcmp(kv->key, "effective.batch")) return;
  if (getenv("FAULTY_PREFETCH") &&
      (!strcmp(kv->key, "effective.prefetch") || !strcmp(kv->key, "effective.workers")))
    return;
  to->sink(to->ctx, kv);
}

static int32_t DA3_CALL faulty_describe(da3_optimizer* o, da3_kv_sink sink, void* ctx, da3_error* error) {
  filter rest = {sink, ctx};
  const char* batch = getenv("FAULTY_BATCH");
  say(sink, ctx, "effective.batch", batch ? batch : "1");
  if (getenv("FAULTY_PREFETCH")) {
    say(sink, ctx, "effective.prefetch", getenv("FAULTY_PREFETCH"));
    say(sink, ctx, "effective.workers", "2");
  }
  if (loaded) say(sink, ctx, "effective.loaded", "true");
  return optimizer_describe(o, others, &rest, error);
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
  if (is_on(o, "FAULTY_BAD_DEVICE"))
    return fail(error, DA3_E_NOMEM_DEVICE, 0, -1, "the device is full: a test asked for it; stop asking");
  loaded = 1;
  return model_load(o, path, watch, out, error);
}

static int32_t DA3_CALL faulty_run(da3_session* session, da3_run* run, da3_error* error) {
  static int runs;
  int run_number;
  const int code = number("FAULTY_RUN_ERROR"), at = number("FAULTY_RUN_ERROR_AT");
  pthread_mutex_lock(&mutex);
  run_number = ++runs;
  pthread_mutex_unlock(&mutex);
  replace_file();
  if (code && (!at || at == run_number))
    return fail(error, code, 0, -1, "the run failed: a test asked for it; stop asking");
  if (is_on(session->model->optimizer, "FAULTY_LOST_DEVICE"))
    return fail(error, DA3_E_DEVICE_LOST, 0, -1, "the device is lost: a test asked for it; stop asking");
  if (meet()) return fail(error, DA3_E_TIMEOUT, 0, -1, "no other run came: they do not run at the same time");
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
  mine.probe = faulty_probe;
  mine.optimizer_create = faulty_create;
  mine.model_load = faulty_load;
  mine.optimizer_describe = faulty_describe;
  mine.estimate = faulty_estimate;
  mine.session_run = faulty_run;
  *out = &mine;
  return DA3_OK;
}

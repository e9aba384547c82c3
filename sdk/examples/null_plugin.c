/* SPDX-License-Identifier: Apache-2.0
 * A whole da3 plugin in C99: one device, two common options, one of its own, one of a run. Its network sees
 * depth 1 everywhere. Build: cc -std=c99 -shared -fPIC -fvisibility=hidden -Iinclude null_plugin.c -o
 * libda3_null.so Beside it lies libda3_null.plugin.yaml, its manifest. Start here to write a plugin. */
#include <da3/plugin.h>
#include <da3/trace.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- errors: the caller's buffer, a sentence "what failed: why; what to do" ---- */

static int32_t fail(da3_error* error, int32_t code, int32_t kind, int64_t index, const char* format, ...) {
  if (!DA3_HAS(error, da3_error, index)) return code;
  error->code = code;
  error->kind = kind;
  error->index = index;
  if (error->msg && error->msg_cap) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->msg, error->msg_cap, format, arguments);
    va_end(arguments);
  }
  return code;
}
enum { OPTION = 1, INPUT = 2, OUTPUT = 3, DEVICE = 4 };

/* ---- options ---- */

static const da3_option schema[] = {
    {sizeof(da3_option), 0, "performance_mode", "enum{minimal,balanced,max}", "balanced",
     "a set of defaults; this plugin is equally fast in all", 0, DA3_SCOPE_OPTIMIZER},
    {sizeof(da3_option), 0, "threads", "enum{auto}|int[1,64]", "auto", "threads of a run", 0,
     DA3_SCOPE_OPTIMIZER},
    {sizeof(da3_option), 0, "null.depth", "float[0,1000]", "1", "the depth that it sees", 0,
     DA3_SCOPE_OPTIMIZER},
    {sizeof(da3_option), 0, "seed", "int", "0", "accepted and not used: nothing here is random", 0,
     DA3_SCOPE_RUN},
};

struct da3_optimizer {
  char mode[16];
  int threads, threads_set;
  double depth;
};
struct da3_model {
  struct da3_optimizer* optimizer;
};
struct da3_session {
  struct da3_model* model;
};

static const da3_host* host; /* valid from entry to shutdown */
static uint32_t entries;

static int32_t bad_value(const da3_kv* kv, uint32_t index, const char* want, da3_error* error) {
  return fail(error, DA3_E_BAD_VALUE, OPTION, index, "%s: %s: \"%.60s\" is not %s; change it",
              kv->origin ? kv->origin : "option", kv->key, kv->value, want);
}

static int whole_number(const char* text, long low, long high, long* out) {
  char* end;
  *out = strtol(text, &end, 10);
  return *text && !*end && *out >= low && *out <= high;
}

static int32_t set_option(da3_optimizer* o, const da3_kv* kv, uint32_t i, da3_error* error) {
  long number;
  char* end;
  if (!strcmp(kv->key, "performance_mode")) {
    if (strcmp(kv->value, "minimal") && strcmp(kv->value, "balanced") && strcmp(kv->value, "max"))
      return bad_value(kv, i, "one of minimal, balanced, max", error);
    strcpy(o->mode, kv->value);
  } else if (!strcmp(kv->key, "threads")) {
    if (!strcmp(kv->value, "auto")) return DA3_OK;
    if (!whole_number(kv->value, 1, 64, &number))
      return bad_value(kv, i, "auto, or a whole number from 1 to 64", error);
    o->threads = (int)number;
    o->threads_set = 1;
  } else if (!strcmp(kv->key, "null.depth")) {
    o->depth = strtod(kv->value, &end);
    if (!*kv->value || *end || !(o->depth >= 0 && o->depth <= 1000))
      return bad_value(kv, i, "a number from 0 to 1000", error);
  } else {
    return fail(error, DA3_E_UNKNOWN_KEY, OPTION, i,
                "%s: unknown key \"%.60s\": this plugin has performance_mode, threads and null.depth",
                kv->origin ? kv->origin : "option", kv->key);
  }
  return DA3_OK;
}

static int32_t DA3_CALL options(da3_option_sink sink, void* ctx, da3_error* error) {
  (void)error;
  for (size_t i = 0; i < COUNT(schema); ++i) sink(ctx, &schema[i]);
  return DA3_OK;
}

static void say(da3_kv_sink sink, void* ctx, const char* key, const char* value) {
  da3_kv kv = {sizeof(da3_kv), 0, key, value, NULL};
  sink(ctx, &kv);
}

/* ---- device and optimizer ---- */

static int32_t DA3_CALL probe(da3_device_sink sink, void* ctx, da3_error* error) {
  da3_device device = {0};
  (void)error;
  device.struct_size = sizeof device;
  device.dl_type = 1;
  device.score = 1; /* everybody else is better */
  device.precisions = 1;
  device.mem_total = device.mem_free = UINT64_MAX;
  device.numa_node = -1;
  device.name = "null device";
  device.arch = "none";
  sink(ctx, &device);
  return DA3_OK;
}

static void DA3_CALL optimizer_destroy(da3_optimizer* o) { free(o); }

static int32_t DA3_CALL optimizer_create(const da3_kv* const* opts, uint32_t n, int32_t dl_type,
                                         int32_t dl_id, da3_optimizer** out, da3_error* error) {
  *out = NULL;
  if (dl_type != 1 || dl_id != 0)
    return fail(error, DA3_E_INVALID, DEVICE, dl_id,
                "there is no device %d:%d; use the one that probe reports", dl_type, dl_id);
  da3_optimizer* o = calloc(1, sizeof *o);
  if (!o) return fail(error, DA3_E_NOMEM_HOST, 0, -1, "out of host memory");
  strcpy(o->mode, "balanced");
  o->threads = 1;
  o->depth = 1;
  if (DA3_HAS(host, da3_host, cpu_budget) && host->cpu_budget) {
    const uint32_t budget = host->cpu_budget(host->ctx, NULL);
    o->threads = budget < 1 ? 1 : budget > 64 ? 64 : (int)budget;
  }
  for (uint32_t i = 0; i < n; ++i) {
    int32_t status = DA3_OK;
    for (uint32_t k = 0; k < i && !status; ++k)
      if (!strcmp(opts[k]->key, opts[i]->key))
        status = fail(error, DA3_E_INVALID, OPTION, i, "the option \"%.60s\" is given twice; remove one",
                      opts[i]->key);
    if (!status) status = set_option(o, opts[i], i, error);
    if (status) return optimizer_destroy(o), status;
  }
  *out = o;
  return DA3_OK;
}

static int32_t DA3_CALL optimizer_describe(da3_optimizer* o, da3_kv_sink sink, void* ctx, da3_error* error) {
  char threads[16], depth[32];
  (void)error;
  snprintf(threads, sizeof threads, "%d", o->threads);
  snprintf(depth, sizeof depth, "%.9g", o->depth);
  say(sink, ctx, "performance_mode", o->mode);
  say(sink, ctx, "threads", o->threads_set ? threads : "auto");
  say(sink, ctx, "null.depth", depth);
  say(sink, ctx, "effective.device", "null device");
  say(sink, ctx, "effective.precision", "float32");
  say(sink, ctx, "effective.head_precision", "float32");
  say(sink, ctx, "effective.threads", threads);
  if (!o->threads_set) say(sink, ctx, "effective.threads.reason", "what this process may use");
  say(sink, ctx, "effective.interop_threads", "1");
  say(sink, ctx, "effective.workers", "1");
  say(sink, ctx, "effective.prefetch", "false");
  say(sink, ctx, "effective.batch", "1");
  say(sink, ctx, "effective.compile", "false");
  say(sink, ctx, "effective.cache", "none");
  say(sink, ctx, "effective.deterministic", "true");
  return DA3_OK;
}

/* ---- timing: a host that offers "da3.trace/1" may want to know the stages of a call ---- */

typedef struct Stage {
  const da3_trace* trace; /* NULL: nobody listens, and no clock is read */
  const da3_watch* watch;
  uint64_t run, begin;
} Stage;

static Stage begin_stage(const da3_watch* watch, uint64_t run) {
  Stage stage = {NULL, watch, run, 0};
  if (!DA3_HAS(host, da3_host, extension) || !host->extension) return stage;
  const da3_trace* trace = host->extension(host->ctx, DA3_TRACE_ID);
  if (!DA3_HAS(trace, da3_trace, span)) return stage;
  if (!(trace->wanted(trace->ctx, watch, run) & DA3_TRACE_STAGE)) return stage;
  stage.trace = trace;
  stage.begin = trace->now(trace->ctx);
  return stage;
}

/* Reports what was done since the stage began, as name; the next stage begins now. */
static void end_stage(Stage* stage, const char* name) {
  const da3_trace* trace = stage->trace;
  if (!trace) return;
  const uint64_t now = trace->now(trace->ctx);
  da3_span span = {0};
  span.struct_size = sizeof span;
  span.run = stage->run;
  span.begin_ns = stage->begin;
  span.duration_ns = now - stage->begin;
  span.bytes = span.flops = UINT64_MAX;
  span.category = DA3_TRACE_STAGE;
  span.name = span.kind = name;
  trace->span(trace->ctx, stage->watch, &span);
  stage->begin = now;
}

/* ---- model ---- */

static int cancelled(const da3_watch* watch) {
  return DA3_HAS(watch, da3_watch, should_cancel) && watch->should_cancel && watch->should_cancel(watch->ctx);
}
static void progress(const da3_watch* watch, uint64_t done, uint64_t total, const char* stage) {
  if (DA3_HAS(watch, da3_watch, progress) && watch->progress) watch->progress(watch->ctx, done, total, stage);
}

static int32_t DA3_CALL model_load(da3_optimizer* o, const char* path, const da3_watch* watch,
                                   da3_model** out, da3_error* error) {
  *out = NULL;
  if (!path || !*path)
    return fail(error, DA3_E_NOT_FOUND, 0, -1, "no model: the path is empty; any other will do");
  Stage stage = begin_stage(watch, 0);
  for (uint64_t step = 0; step <= 2; ++step) {
    if (cancelled(watch)) return fail(error, DA3_E_CANCELLED, 0, -1, "the load was cancelled");
    progress(watch, step, 2, "load");
  }
  if (!(*out = calloc(1, sizeof **out))) return fail(error, DA3_E_NOMEM_HOST, 0, -1, "out of host memory");
  (*out)->optimizer = o;
  end_stage(&stage, "load");
  return DA3_OK;
}

static int32_t DA3_CALL model_describe(da3_model* model, da3_kv_sink sink, void* ctx, da3_error* error) {
  static const char* const facts[][2] = {{"model.name", "null"},
                                         {"model.family", "null"},
                                         {"model.license", "Apache-2.0"},
                                         {"model.sha256", ""},
                                         {"model.parameters", "0"},
                                         {"capability.confidence", "true"},
                                         {"capability.pose", "false"},
                                         {"capability.pose_input", "false"},
                                         {"capability.ray", "false"},
                                         {"capability.gaussians", "false"},
                                         {"capability.metric", "false"},
                                         {"capability.metric_by_focal", "false"},
                                         {"capability.sky", "false"},
                                         {"capability.features", "false"},
                                         {"input.image", "uint8 [B,S,H,W,3]"},
                                         {"output.depth", "float32 [B,S,H,W]"},
                                         {"output.confidence", "float32 [B,S,H,W]"}};
  (void)model, (void)error;
  for (size_t i = 0; i < COUNT(facts); ++i) say(sink, ctx, facts[i][0], facts[i][1]);
  return DA3_OK;
}

static void DA3_CALL model_destroy(da3_model* model) { free(model); }

/* ---- session ---- */

static int32_t DA3_CALL session_create(da3_model* model, da3_session** out, da3_error* error) {
  if (!(*out = calloc(1, sizeof **out))) return fail(error, DA3_E_NOMEM_HOST, 0, -1, "out of host memory");
  (*out)->model = model;
  return DA3_OK;
}
static void DA3_CALL session_destroy(da3_session* session) { free(session); }

/* What an output of ours owns until its release, which may come after session and model are gone. */
typedef struct Owned {
  int64_t shape[4];
  float values[];
} Owned;
static void DA3_CALL release_owned(da3_tensor* tensor) { free(tensor->owner); }

static int32_t check_run(const da3_run* run, const da3_tensor** image, da3_error* error) {
  if (run->n_in != 1 || strcmp(run->in[0]->name, "image"))
    return fail(error, DA3_E_INVALID, INPUT, 0, "a run takes one input, \"image\"; give it that");
  const da3_tensor* in = run->in[0];
  if (in->code != 1 || in->bits != 8 || in->ndim != 5 || in->shape[4] != 3)
    return fail(error, DA3_E_SHAPE, INPUT, 0, "image is not uint8 [B,S,H,W,3]; convert it");
  for (int i = 0; i < 4; ++i)
    if (in->shape[i] < 1 || in->shape[i] > 65536 || (i > 1 && in->shape[i] % 14))
      return fail(error, DA3_E_SHAPE, INPUT, 0,
                  "image: side %d is %lld; H and W are multiples of 14, nothing is 0", i,
                  (long long)in->shape[i]);
  if (in->shape[0] * in->shape[1] > ((int64_t)1 << 48) / (in->shape[2] * in->shape[3]))
    return fail(error, DA3_E_SHAPE, INPUT, 0, "image has more pixels than any memory holds; check its shape");
  for (uint32_t i = 0; i < run->n_opts; ++i) {
    long seed;
    if (strcmp(run->opts[i]->key, "seed"))
      return fail(error, DA3_E_UNKNOWN_KEY, OPTION, i,
                  "unknown option of a run \"%.60s\": this plugin has seed", run->opts[i]->key);
    if (!whole_number(run->opts[i]->value, -2147483647L, 2147483647L, &seed))
      return bad_value(run->opts[i], i, "a whole number", error);
  }
  for (uint32_t i = 0; i < run->n_out; ++i) {
    const da3_tensor* out = run->out[i];
    if (strcmp(out->name, "depth") && strcmp(out->name, "confidence"))
      return fail(error, DA3_E_INVALID, OUTPUT, i,
                  "this model has no output \"%.60s\"; it has depth and confidence", out->name);
    for (uint32_t k = 0; k < i; ++k)
      if (!strcmp(run->out[k]->name, out->name))
        return fail(error, DA3_E_INVALID, OUTPUT, i, "the output \"%s\" is asked for twice", out->name);
    if (out->data && (out->code != 2 || out->bits != 32 || out->ndim != 4 || out->strides ||
                      memcmp(out->shape, in->shape, 4 * sizeof(int64_t))))
      return fail(error, DA3_E_SHAPE, OUTPUT, i, "the memory for \"%s\" is not contiguous float32 [B,S,H,W]",
                  out->name);
  }
  *image = in;
  return DA3_OK;
}

/* Gives the output memory of ours. */
static int32_t allocate(da3_tensor* out, const int64_t* shape, uint64_t count) {
  Owned* owned = malloc(sizeof *owned + count * sizeof(float));
  if (!owned) return DA3_E_NOMEM_HOST;
  memcpy(owned->shape, shape, sizeof owned->shape);
  out->data = owned->values;
  out->ndim = 4;
  out->code = 2, out->bits = 32, out->lanes = 1;
  out->shape = owned->shape;
  out->strides = NULL;
  out->byte_offset = 0;
  out->owner = owned;
  out->release = release_owned;
  return DA3_OK;
}

static int32_t DA3_CALL session_run(da3_session* session, da3_run* run, da3_error* error) {
  const da3_tensor* image;
  Stage stage = begin_stage(run->watch, run->id);
  const int32_t status = check_run(run, &image, error);
  if (status) return status;
  end_stage(&stage, "upload");
  const uint64_t total = run->n_out ? run->n_out : 1;
  uint64_t count = 1;
  for (int i = 0; i < 4; ++i) count *= (uint64_t)image->shape[i];
  progress(run->watch, 0, total, "forward");
  for (uint32_t i = 0; i < run->n_out; ++i) {
    da3_tensor* out = run->out[i];
    const int stop = cancelled(run->watch);
    if (stop || (!out->data && allocate(out, image->shape, count))) {
      for (uint32_t k = 0; k < i; ++k) /* on failure nothing of ours is left in the host's hands */
        if (run->out[k]->release)
          release_owned(run->out[k]), run->out[k]->data = NULL, run->out[k]->release = NULL;
      return stop ? fail(error, DA3_E_CANCELLED, 0, -1, "the run was cancelled")
                  : fail(error, DA3_E_NOMEM_HOST, OUTPUT, i, "out of host memory");
    }
    float* values = (float*)((char*)out->data + out->byte_offset);
    const float value = strcmp(out->name, "depth") ? 1.0f : (float)session->model->optimizer->depth;
    for (uint64_t k = 0; k < count; ++k) values[k] = value;
    progress(run->watch, i + 1, total, "forward");
  }
  end_stage(&stage, "head");
  return DA3_OK;
}

static int32_t DA3_CALL estimate(da3_model* model, const da3_run* run, da3_memory* out, da3_error* error) {
  const da3_tensor* image;
  (void)model;
  const int32_t status = check_run(run, &image, error);
  if (status) return status;
  /* All "not known", as far as the host's struct goes: it may be older or newer than this plugin. */
  memset((char*)out + 8, 0xFF, (out->struct_size < sizeof *out ? out->struct_size : sizeof *out) - 8);
  out->weights = 0;
  out->activations = 4u * run->n_out;
  for (int i = 0; i < 4; ++i) out->activations *= (uint64_t)image->shape[i];
  return DA3_OK;
}

/* ---- the table ---- */

static void DA3_CALL leave(void) {
  if (entries && --entries == 0) host = NULL;
}

static const da3_plugin table = {.struct_size = sizeof(da3_plugin),
                                 .abi_major = DA3_ABI_MAJOR,
                                 .abi_minor = DA3_ABI_MINOR,
                                 .name = "null",
                                 .id = "org.da3.null",
                                 .version = "0.1.0",
                                 .vendor = "da3",
                                 .license = "Apache-2.0",
                                 .runtime_id = "",
                                 .shutdown = leave,
                                 .probe = probe,
                                 .options = options,
                                 .optimizer_create = optimizer_create,
                                 .optimizer_describe = optimizer_describe,
                                 .optimizer_destroy = optimizer_destroy,
                                 .model_load = model_load,
                                 .model_describe = model_describe,
                                 .model_destroy = model_destroy,
                                 .session_create = session_create,
                                 .session_run = session_run,
                                 .session_destroy = session_destroy,
                                 .estimate = estimate};

DA3_EXPORT int32_t DA3_CALL da3_plugin_entry(uint32_t major_min, uint32_t major_max, const da3_host* new_host,
                                             const da3_plugin** out, da3_error* error) {
  *out = NULL;
  if (major_min > DA3_ABI_MAJOR || major_max < DA3_ABI_MAJOR)
    return fail(error, DA3_E_ABI, 0, -1,
                "the host speaks plugin ABI %u to %u, this plugin speaks %u; use another version of it",
                major_min, major_max, DA3_ABI_MAJOR);
  if (entries && host != new_host)
    return fail(error, DA3_E_UNAVAILABLE, 0, -1,
                "another host of this process uses the plugin; close it first");
  host = new_host;
  ++entries;
  *out = &table;
  return DA3_OK;
}

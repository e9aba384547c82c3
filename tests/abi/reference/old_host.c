/* SPDX-License-Identifier: Apache-2.0
 * A host of the ABI as it was when it was compiled: it takes a plugin through a whole life and looks at what
 * comes back. Kept as a binary for each released version, so that a plugin of today meets a host of then. It
 * knows of a plugin only what every plugin has, and calls only functions that the oldest C library for its
 * machine has. */
#include <da3/plugin.h>
#include <da3/trace.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1024];

typedef struct State {
  unsigned lines, options, keys, devices, spans, progress, stage_names;
  int32_t dl_type, dl_id;
  uint64_t clock;
} State;

static da3_error fresh_error(void) {
  da3_error error = {0};
  error.struct_size = sizeof error;
  error.msg = text;
  error.msg_cap = sizeof text;
  error.index = -1;
  text[0] = 0;
  return error;
}

static void DA3_CALL log_line(void* ctx, int32_t level, const char* line) {
  (void)level, (void)line;
  ++((State*)ctx)->lines;
}
static void* DA3_CALL allocate(void* ctx, uint64_t size, uint64_t align) {
  (void)ctx, (void)align;
  return malloc(size); /* as far as malloc aligns */
}
static void DA3_CALL give_back(void* ctx, void* memory) {
  (void)ctx;
  free(memory);
}
static uint32_t DA3_CALL budget(void* ctx, const char** cpus) {
  (void)ctx;
  if (cpus) *cpus = NULL;
  return 2;
}
static const char* DA3_CALL no_cache(void* ctx) { return (void)ctx, (const char*)NULL; }

static uint64_t DA3_CALL now(void* ctx) { return ++((State*)ctx)->clock; }
static uint32_t DA3_CALL wanted(void* ctx, const da3_watch* watch, uint64_t run) {
  (void)ctx, (void)watch, (void)run;
  return DA3_TRACE_STAGE;
}
static void DA3_CALL hear(void* ctx, const da3_watch* watch, const da3_span* span) {
  State* state = ctx;
  (void)watch;
  ++state->spans;
  if (DA3_HAS(span, da3_span, kind) && span->name && span->category == DA3_TRACE_STAGE) ++state->stage_names;
}
static da3_trace trace = {sizeof(da3_trace), 0, NULL, now, wanted, hear};
static const void* DA3_CALL extension(void* ctx, const char* id) {
  trace.ctx = ctx;
  return strcmp(id, DA3_TRACE_ID) ? NULL : &trace;
}

static void DA3_CALL take_device(void* ctx, const da3_device* device) {
  State* state = ctx;
  if (!DA3_HAS(device, da3_device, reason) || device->score <= 0 || state->devices++) return;
  state->dl_type = device->dl_type;
  state->dl_id = device->dl_id;
}
static void DA3_CALL take_option(void* ctx, const da3_option* option) {
  if (DA3_HAS(option, da3_option, scope) && option->key && option->type && option->def)
    ++((State*)ctx)->options;
}
static void DA3_CALL take_kv(void* ctx, const da3_kv* kv) {
  if (DA3_HAS(kv, da3_kv, origin) && kv->key && kv->value) ++((State*)ctx)->keys;
}
static void DA3_CALL take_progress(void* ctx, uint64_t done, uint64_t total, const char* stage) {
  if (done <= total && stage) ++((State*)ctx)->progress;
}
static int32_t DA3_CALL never(void* ctx) { return (void)ctx, 0; }
static int32_t DA3_CALL at_once(void* ctx) { return (void)ctx, 1; }

#define CHECK(what)                                                                \
  if (!(what)) {                                                                   \
    snprintf(report, size, "line %d: not so: %s (%.900s)", __LINE__, #what, text); \
    return __LINE__;                                                               \
  }

enum { VIEWS = 2, HEIGHT = 28, WIDTH = 42, PIXELS = VIEWS * HEIGHT * WIDTH };
static uint8_t pixels[PIXELS * 3];
static float depth[PIXELS + 2];

/* Runs with memory of the host's, then of the plugin's, then cancelled; both give the same. */
static int run_all(const da3_plugin* plugin, da3_session* session, State* state, char* report, size_t size) {
  int64_t image_shape[] = {1, VIEWS, HEIGHT, WIDTH, 3}, depth_shape[] = {1, VIEWS, HEIGHT, WIDTH};
  da3_tensor image = {0}, output = {0};
  const da3_tensor* in[] = {&image};
  da3_tensor* out[] = {&output};
  da3_watch watch = {sizeof(da3_watch), 0, state, never, take_progress};
  da3_run run = {0};
  da3_error error = fresh_error();
  for (size_t i = 0; i < sizeof pixels; ++i) pixels[i] = (uint8_t)(i * 7);
  image.struct_size = output.struct_size = sizeof(da3_tensor);
  image.name = "image", image.data = pixels, image.dl_type = 1, image.ndim = 5, image.code = 1,
  image.bits = 8;
  image.lanes = 1, image.shape = image_shape;
  output.name = "depth", output.data = depth + 1, output.dl_type = 1, output.ndim = 4, output.code = 2;
  output.bits = 32, output.lanes = 1, output.shape = depth_shape;
  run.struct_size = sizeof run;
  run.in = in, run.n_in = 1, run.out = out, run.n_out = 1, run.id = 77, run.watch = &watch;
  depth[0] = depth[PIXELS + 1] = -5;
  CHECK(plugin->session_run(session, &run, &error) == DA3_OK);
  CHECK(depth[0] == -5 && depth[PIXELS + 1] == -5);
  for (int i = 1; i <= PIXELS; ++i) CHECK(depth[i] > 0 && depth[i] < 1e6f);
  CHECK(state->progress > 0 && state->spans > 0 && state->stage_names == state->spans);

  memset(&output, 0, sizeof output);
  output.struct_size = sizeof output;
  output.name = "depth", output.dl_type = 1;
  CHECK(plugin->session_run(session, &run, &error) == DA3_OK);
  CHECK(output.data && output.release && output.ndim == 4 && output.code == 2 && output.bits == 32);
  CHECK(!memcmp(output.shape, depth_shape, sizeof depth_shape) && !output.strides);
  CHECK(!memcmp((char*)output.data + output.byte_offset, depth + 1, PIXELS * sizeof(float)));
  output.release(&output);

  memset(&output, 0, sizeof output);
  output.struct_size = sizeof output;
  output.name = "depth", output.dl_type = 1;
  watch.should_cancel = at_once;
  CHECK(plugin->session_run(session, &run, &error) == DA3_E_CANCELLED);
  CHECK(!output.data && !output.release && error.code == DA3_E_CANCELLED);
  output.name = "no such output";
  watch.should_cancel = never;
  CHECK(plugin->session_run(session, &run, &error) == DA3_E_INVALID);
  CHECK(error.kind == 3 && error.index == 0);
  return 0;
}

static int estimate(const da3_plugin* plugin, da3_model* model, char* report, size_t size) {
  int64_t shape[] = {1, 1, HEIGHT, WIDTH, 3};
  da3_tensor image = {0}, output = {0};
  const da3_tensor* in[] = {&image};
  da3_tensor* out[] = {&output};
  da3_run run = {0};
  struct {
    da3_memory known;
    unsigned char beyond[16];
  } memory;
  da3_error error = fresh_error();
  if (!DA3_HAS(plugin, da3_plugin, estimate) || !plugin->estimate) return 0;
  memset(&memory, 0x5A, sizeof memory);
  memory.known.struct_size = sizeof memory.known;
  image.struct_size = output.struct_size = sizeof(da3_tensor);
  image.name = "image", image.dl_type = 1, image.ndim = 5, image.code = 1, image.bits = 8, image.lanes = 1;
  image.shape = shape;
  output.name = "depth", output.dl_type = 1;
  run.struct_size = sizeof run;
  run.in = in, run.n_in = 1, run.out = out, run.n_out = 1;
  CHECK(plugin->estimate(model, &run, &memory.known, &error) == DA3_OK);
  for (size_t i = 0; i < sizeof memory.beyond; ++i) CHECK(memory.beyond[i] == 0x5A);
  return 0;
}

/* From the table to the last destroy. */
static int live(const da3_plugin* plugin, State* state, const char* model_path, char* report, size_t size) {
  da3_optimizer* optimizer = NULL;
  da3_model* model = NULL;
  da3_session* session = NULL;
  const da3_kv bad = {sizeof(da3_kv), 0, "no_such_key", "1", "old.yaml:1:1"};
  const da3_kv good = {sizeof(da3_kv), 0, "performance_mode", "balanced", NULL}; /* common to all */
  const da3_kv *bad_list[] = {&bad}, *good_list[] = {&good};
  da3_watch watch = {sizeof(da3_watch), 0, state, never, take_progress};
  da3_error error = fresh_error();
  CHECK(plugin->probe(take_device, state, &error) == DA3_OK && state->devices > 0);
  CHECK(plugin->options(take_option, state, &error) == DA3_OK && state->options > 0);
  CHECK(plugin->optimizer_create(bad_list, 1, state->dl_type, state->dl_id, &optimizer, &error) ==
        DA3_E_UNKNOWN_KEY);
  CHECK(!optimizer && error.kind == 1 && error.index == 0 && strstr(text, "no_such_key"));
  CHECK(plugin->optimizer_create(good_list, 1, state->dl_type, state->dl_id, &optimizer, &error) == DA3_OK);
  CHECK(plugin->optimizer_describe(optimizer, take_kv, state, &error) == DA3_OK && state->keys > 0);
  CHECK(plugin->model_load(optimizer, "", &watch, &model, &error) != DA3_OK && !model && text[0]);
  CHECK(plugin->model_load(optimizer, model_path, &watch, &model, &error) == DA3_OK);
  CHECK(plugin->model_describe(model, take_kv, state, &error) == DA3_OK);
  CHECK(plugin->session_create(model, &session, &error) == DA3_OK);
  int line = run_all(plugin, session, state, report, size);
  if (!line) line = estimate(plugin, model, report, size);
  plugin->session_destroy(session);
  plugin->model_destroy(model);
  plugin->optimizer_destroy(optimizer);
  return line;
}

/* 0, or the line that is not so, with a sentence in report. library: the plugin's path. */
DA3_EXPORT int da3_old_host(da3_plugin_entry_fn entry, const char* library, const char* model_path,
                            char* report, size_t size);
int da3_old_host(da3_plugin_entry_fn entry, const char* library, const char* model_path, char* report,
                 size_t size) {
  static State state; /* the host stays in its place: a plugin knows it by its address */
  static da3_host host;
  const da3_plugin* plugin = NULL;
  da3_error error = fresh_error();
  memset(&state, 0, sizeof state);
  host.struct_size = sizeof host;
  host.abi_major = DA3_ABI_MAJOR;
  host.abi_minor = DA3_ABI_MINOR;
  host.ctx = &state;
  host.name = "old host";
  host.version = "1.0-rc";
  host.log = log_line;
  host.alloc = allocate;
  host.dealloc = give_back;
  host.cpu_budget = budget;
  host.cache_dir = no_cache;
  host.library_path = library;
  host.extension = extension;
  CHECK(entry(DA3_ABI_MAJOR + 1, DA3_ABI_MAJOR + 1, &host, &plugin, &error) == DA3_E_ABI && !plugin &&
        text[0]);
  error = fresh_error();
  CHECK(entry(DA3_ABI_MAJOR, DA3_ABI_MAJOR, &host, &plugin, &error) == DA3_OK);
  CHECK(plugin && plugin->struct_size >= sizeof(da3_plugin) && plugin->abi_major == DA3_ABI_MAJOR);
  CHECK(plugin->name && plugin->id && plugin->version);
  const int line = live(plugin, &state, model_path, report, size);
  plugin->shutdown();
  return line;
}

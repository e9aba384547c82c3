/* SPDX-License-Identifier: Apache-2.0
 * Evil in options, optimizers and models; FAULT_<NAME> says which. */
#define _GNU_SOURCE
#include "evil.h"

void evil_throw(void); /* throws.cpp */
void evil_allocate(void);

#if defined(FAULT_bad_schema)
static int32_t DA3_CALL bad_options(da3_option_sink sink, void* ctx, da3_error* error) {
  static const da3_option option = {sizeof option, 0, "null.speed", "int[1,9]", "10", "how fast it is", 0, 1};
  sink(ctx, &option);
  return options(sink, ctx, error);
}
static void spoil(da3_plugin* t) { t->options = bad_options; }
#elif defined(FAULT_refuses_default) || defined(FAULT_takes_unknown_keys) ||                               \
    defined(FAULT_takes_bad_values) || defined(FAULT_takes_duplicates) || defined(FAULT_wrong_index) ||    \
    defined(FAULT_any_device) || defined(FAULT_throws) || defined(FAULT_exits) || defined(FAULT_aborts) || \
    defined(FAULT_long_errors) || defined(FAULT_positive_code) || defined(FAULT_leaks_refused) ||          \
    defined(FAULT_forgets_bad_alloc) || defined(FAULT_mixes_scopes) || defined(FAULT_creates_one_at_a_time)
static int32_t DA3_CALL bad_create(const da3_kv* const* opts, uint32_t n, int32_t type, int32_t id,
                                   da3_optimizer** out, da3_error* error) {
#if defined(FAULT_refuses_default)
  for (uint32_t i = 0; i < n; ++i)
    if (!strcmp(opts[i]->value, "auto")) return *out = NULL, bad_value(opts[i], i, "to my taste", error);
#elif defined(FAULT_any_device)
  type = 1, id = 0;
#elif defined(FAULT_throws)
  if (type == 0x7FFFFFFF) evil_throw();
#elif defined(FAULT_exits)
  if (type == 0x7FFFFFFF) exit(3);
#elif defined(FAULT_forgets_bad_alloc)
  evil_allocate();
#elif defined(FAULT_aborts)
  if (type == 0x7FFFFFFF) abort();
#elif defined(FAULT_creates_one_at_a_time)
  static volatile int inside;
  if (inside) abort();
  inside = 1, usleep(2000), inside = 0;
#endif
  const int32_t status = optimizer_create(opts, n, type, id, out, error);
#if defined(FAULT_takes_unknown_keys)
  if (status == DA3_E_UNKNOWN_KEY) return optimizer_create(NULL, 0, type, id, out, error);
#elif defined(FAULT_takes_bad_values)
  if (status == DA3_E_BAD_VALUE) return optimizer_create(NULL, 0, type, id, out, error);
#elif defined(FAULT_takes_duplicates)
  if (status == DA3_E_INVALID && type == 1 && !id) return optimizer_create(NULL, 0, type, id, out, error);
#elif defined(FAULT_mixes_scopes)
  if (status == DA3_E_UNKNOWN_KEY && !strcmp(opts[error->index]->key, "seed"))
    return optimizer_create(NULL, 0, type, id, out, error);
#elif defined(FAULT_wrong_index)
  if (status == DA3_E_UNKNOWN_KEY) error->index = 77;
#elif defined(FAULT_long_errors)
  if (status == DA3_E_UNKNOWN_KEY && error->msg)
    strcpy(error->msg, "threads is not a key that I know at profile.yaml:7:3");
#elif defined(FAULT_positive_code)
  if (status == DA3_E_UNKNOWN_KEY) return 4;
#elif defined(FAULT_leaks_refused)
  if (status == DA3_E_UNKNOWN_KEY) leak(100000);
#endif
  return status;
}
static void spoil(da3_plugin* t) { t->optimizer_create = bad_create; }
#elif defined(FAULT_deprecates_in_silence)
static const da3_option old_option = {sizeof old_option, 0, "null.old", "bool", "false",
                                      "was once of use", 1, 1};
static int32_t DA3_CALL options_with_old(da3_option_sink sink, void* ctx, da3_error* error) {
  sink(ctx, &old_option);
  return options(sink, ctx, error);
}
static int32_t DA3_CALL create_with_old(const da3_kv* const* opts, uint32_t n, int32_t type, int32_t id,
                                        da3_optimizer** out, da3_error* error) {
  if (n == 1 && !strcmp(opts[0]->key, "null.old")) n = 0;
  return optimizer_create(opts, n, type, id, out, error);
}
static void spoil(da3_plugin* t) { t->options = options_with_old, t->optimizer_create = create_with_old; }
#elif defined(FAULT_shares_options) /* describes the optimizer that was made last */
static struct da3_optimizer newest;
static int32_t DA3_CALL noting_create(const da3_kv* const* opts, uint32_t n, int32_t type, int32_t id,
                                      da3_optimizer** out, da3_error* error) {
  const int32_t status = optimizer_create(opts, n, type, id, out, error);
  if (!status) newest = **out;
  return status;
}
static int32_t DA3_CALL newest_describe(da3_optimizer* o, da3_kv_sink sink, void* ctx, da3_error* error) {
  return optimizer_describe(&newest, sink, ctx, error);
}
static void spoil(da3_plugin* t) {
  t->optimizer_create = noting_create, t->optimizer_describe = newest_describe;
}
#elif defined(FAULT_keeps_options)
static const da3_kv* const* kept;
static int32_t DA3_CALL keeping_create(const da3_kv* const* opts, uint32_t n, int32_t type, int32_t id,
                                       da3_optimizer** out, da3_error* error) {
  const int32_t status = optimizer_create(opts, n, type, id, out, error);
  if (!status) kept = n ? opts : NULL;
  return status;
}
static int32_t DA3_CALL reading_describe(da3_optimizer* o, da3_kv_sink sink, void* ctx, da3_error* error) {
  if (kept) (void)*(const volatile unsigned char*)kept;
  return optimizer_describe(o, sink, ctx, error);
}
static void spoil(da3_plugin* t) {
  t->optimizer_create = keeping_create, t->optimizer_describe = reading_describe;
}
#elif defined(FAULT_forgets_an_option)
static int32_t DA3_CALL short_describe(da3_optimizer* o, da3_kv_sink sink, void* ctx, da3_error* error) {
  say(sink, ctx, "effective.device", "null device");
  return DA3_OK;
}
static void spoil(da3_plugin* t) { t->optimizer_describe = short_describe; }
#elif defined(FAULT_destroys_null)
static void DA3_CALL careless_destroy(da3_optimizer* o) { *(volatile int*)&o->threads = 0, free(o); }
static void spoil(da3_plugin* t) { t->optimizer_destroy = careless_destroy; }
#elif defined(FAULT_bad_shape_text)
static int32_t DA3_CALL bad_describe(da3_model* model, da3_kv_sink sink, void* ctx, da3_error* error) {
  say(sink, ctx, "output.extra", "a picture");
  return model_describe(model, sink, ctx, error);
}
static void spoil(da3_plugin* t) { t->model_describe = bad_describe; }
#elif defined(FAULT_load_ignores_cancel)
static int32_t DA3_CALL deaf_load(da3_optimizer* o, const char* path, const da3_watch* watch, da3_model** out,
                                  da3_error* error) {
  return model_load(o, path, NULL, out, error);
}
static void spoil(da3_plugin* t) { t->model_load = deaf_load; }
#elif defined(FAULT_load_progress_falls)
static int32_t DA3_CALL falling_load(da3_optimizer* o, const char* path, const da3_watch* watch,
                                     da3_model** out, da3_error* error) {
  progress(watch, 9, 10, "load");
  return model_load(o, path, watch, out, error);
}
static void spoil(da3_plugin* t) { t->model_load = falling_load; }
#elif defined(FAULT_hangs_in_load)
static int32_t DA3_CALL hanging_load(da3_optimizer* o, const char* path, const da3_watch* watch,
                                     da3_model** out, da3_error* error) {
  for (;;) pause();
}
static void spoil(da3_plugin* t) { t->model_load = hanging_load; }
#elif defined(FAULT_reads_anything) /* a loader that trusts its file */
static int32_t DA3_CALL trusting_load(da3_optimizer* o, const char* path, const da3_watch* watch,
                                      da3_model** out, da3_error* error) {
  char name[4096];
  unsigned length = 0;
  *out = NULL;
  snprintf(name, sizeof name, "%s/weights", path);
  FILE* file = fopen(name, "rb");
  if (!file) return fail(error, DA3_E_NOT_FOUND, 0, -1, "%s is not there; give a model", name);
  if (fread(&length, 1, 4, file) != 4) return fclose(file), fail(error, DA3_E_MODEL, 0, -1, "too short");
  fclose(file);
  volatile char* weights = malloc(4096);
  weights[length] = 1;
  free((void*)weights);
  return model_load(o, path, watch, out, error);
}
static void spoil(da3_plugin* t) { t->model_load = trusting_load; }
#elif defined(FAULT_none)
static void spoil(da3_plugin* t) {}
#else
#error "no such fault"
#endif

#include "evil_entry.h"

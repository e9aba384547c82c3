/* SPDX-License-Identifier: Apache-2.0
 * The null plugin with one fault, chosen at build time by FAULT_<NAME>. */
#define da3_plugin_entry good_entry
#include "null_plugin.c"
#undef da3_plugin_entry

static da3_plugin bad;

#ifdef FAULT_probe_fails
static int32_t DA3_CALL bad_probe(da3_device_sink sink, void* ctx, da3_error* error) {
  (void)sink, (void)ctx;
  return fail(error, DA3_E_DEVICE_LOST, 0, -1, "the device fell off the bus; push it back");
}
#elif defined(FAULT_no_reason)
static int32_t DA3_CALL bad_probe(da3_device_sink sink, void* ctx, da3_error* error) {
  da3_device device = {0};
  (void)error;
  device.struct_size = sizeof device;
  device.dl_type = 1;
  sink(ctx, &device);
  return DA3_OK;
}
#elif defined(FAULT_no_device)
static int32_t DA3_CALL bad_probe(da3_device_sink sink, void* ctx, da3_error* error) {
  (void)sink, (void)ctx, (void)error;
  return DA3_OK;
}
#elif defined(FAULT_boasts)
static int32_t DA3_CALL bad_probe(da3_device_sink sink, void* ctx, da3_error* error) {
  da3_device device = {0};
  (void)error;
  device.struct_size = sizeof device;
  device.dl_type = 1;
  device.score = 2147483647;
  sink(ctx, &device);
  return DA3_OK;
}
#elif defined(FAULT_create_fails)
static int32_t DA3_CALL bad_create(const da3_kv* const* opts, uint32_t n, int32_t type, int32_t id,
                                   da3_optimizer** out, da3_error* error) {
  (void)opts, (void)n, (void)type, (void)id;
  *out = NULL;
  if (DA3_HAS(error, da3_error, native)) error->native = 704; /* what a driver might say */
  return fail(error, DA3_E_UNAVAILABLE, DEVICE, 0, "the device is taken; wait");
}
#elif defined(FAULT_bad_option_code) /* refuses its first option without saying where it came from */
static int32_t DA3_CALL bad_create(const da3_kv* const* opts, uint32_t n, int32_t type, int32_t id,
                                   da3_optimizer** out, da3_error* error) {
  (void)type, (void)id;
  *out = NULL;
  if (n == 0) return -12345; /* not a code, no sentence */
  return fail(error, DA3_E_BAD_VALUE, OPTION, 0, "%s is not to my taste", opts[0]->key);
}
#elif defined(FAULT_bad_output)
static float one_value = 1;
static int32_t DA3_CALL bad_run(da3_session* session, da3_run* run, da3_error* error) {
  static int64_t shape[2] = {1, 1};
  (void)session, (void)error;
  for (uint32_t i = 0; i < run->n_out; ++i) {
    run->out[i]->data = &one_value;
    run->out[i]->ndim = 2;
    run->out[i]->shape = shape;
    run->out[i]->code = 2, run->out[i]->bits = 32, run->out[i]->lanes = 1;
  }
  return DA3_OK;
}
#endif

/* What would take a process down: for scans in a child only. */
#if defined(FAULT_deadly)
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static void deadly(const char* where) {
  const char* order = getenv("DEADLY"); /* "<where>:<what>" */
  const size_t length = strlen(where);
  if (!order || strncmp(order, where, length) || order[length] != ':') return;
  order += length + 1;
  printf("my last words\n");
  fflush(stdout);
  if (!strcmp(order, "hang"))
    for (;;) pause();
  if (!strcmp(order, "crash")) raise(SIGSEGV);
  if (!strcmp(order, "abort")) abort();
  if (!strcmp(order, "exit")) exit(0);
  if (!strcmp(order, "close")) close(3), close(1), close(2);
  if (!strcmp(order, "answer")) dprintf(3, "{\"devices\": 5}\n");
  if (!strcmp(order, "flood"))
    for (int i = 0; i < 100000; ++i) fputs("a line of a plugin that cannot be quiet\n", stderr);
}
__attribute__((constructor)) static void at_load(void) { deadly("load"); }
__attribute__((destructor)) static void at_end(void) { deadly("end"); }
static int32_t DA3_CALL bad_probe(da3_device_sink sink, void* ctx, da3_error* error) {
  deadly("probe");
  return probe(sink, ctx, error);
}
static int32_t DA3_CALL bad_options(da3_option_sink sink, void* ctx, da3_error* error) {
  deadly("options");
  return options(sink, ctx, error);
}
#endif

#ifndef FAULT_no_symbol
DA3_EXPORT int32_t DA3_CALL da3_plugin_entry(uint32_t major_min, uint32_t major_max, const da3_host* new_host,
                                             const da3_plugin** out, da3_error* error) {
  const da3_plugin* good;
  const int32_t status = good_entry(major_min, major_max, new_host, &good, error);
  if (status) return status;
  bad = *good;
  bad.name = FAULT_TEXT;
  *out = &bad;
#if defined(FAULT_entry_fails)
  *out = NULL;
  return fail(error, DA3_E_UNAVAILABLE, 0, -1, "the moon is in the wrong phase; wait a week");
#elif defined(FAULT_entry_silent)
  *out = NULL;
  return DA3_E_INTERNAL;
#elif defined(FAULT_entry_abi)
  *out = NULL;
  return fail(error, DA3_E_ABI, 0, -1, "this plugin speaks ABI 7 only, the host %u to %u", major_min,
              major_max);
#elif defined(FAULT_no_table)
  *out = NULL;
#elif defined(FAULT_wrong_major)
  bad.abi_major = 2;
#elif defined(FAULT_newer_minor) /* this one is good: larger table, later minor */
  static struct {
    da3_plugin known;
    void* more[8];
  } large;
  bad.abi_minor = 9;
  large.known = bad;
  large.known.struct_size = sizeof large;
  memset(large.more, 0x5A, sizeof large.more);
  *out = &large.known;
#elif defined(FAULT_small_table)
  bad.struct_size = offsetof(da3_plugin, extension);
#elif defined(FAULT_huge_table)
  bad.struct_size = 0xFFFFFFFFu;
#elif defined(FAULT_no_member)
  bad.session_run = NULL;
#elif defined(FAULT_no_name)
  bad.name = NULL;
#elif defined(FAULT_other_name)
  bad.name = "somebody";
#elif defined(FAULT_runtime_a)
  bad.runtime_id = "libtorch/1.0";
#elif defined(FAULT_runtime_b)
  bad.runtime_id = "libtorch/2.0";
#elif defined(FAULT_probe_fails) || defined(FAULT_no_reason) || defined(FAULT_no_device) || \
    defined(FAULT_boasts)
  bad.probe = bad_probe;
#elif defined(FAULT_deadly)
  deadly("entry");
  bad.probe = bad_probe;
  bad.options = bad_options;
#elif defined(FAULT_create_fails) || defined(FAULT_bad_option_code)
  bad.optimizer_create = bad_create;
#elif defined(FAULT_bad_output)
  bad.session_run = bad_run;
#endif
  return DA3_OK;
}
#endif

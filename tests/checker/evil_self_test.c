/* SPDX-License-Identifier: Apache-2.0
 * Devices that compute wrongly, as the plugin's own tests tell it; FAULT_<NAME> says in which of them. */
#define _GNU_SOURCE
#include <da3/self_test.h>

#include "evil.h"

#if defined(FAULT_fails_canary)
#define TEST "canary"
#elif defined(FAULT_fails_operators)
#define TEST "operators"
#elif defined(FAULT_fails_kernels)
#define TEST "kernels"
#elif defined(FAULT_fails_taps)
#define TEST "taps"
#elif defined(FAULT_fails_graphs)
#define TEST "graphs"
#elif defined(FAULT_fails_soak)
#define TEST "soak"
#elif defined(FAULT_fails_timings)
#define TEST "timings"
#else
#error "no such fault"
#endif

static int32_t DA3_CALL run_test(da3_optimizer* optimizer, const char* test, const char* model_path,
                                 const da3_watch* watch, da3_test_sink sink, void* ctx, da3_error* error) {
  da3_test_row row = {sizeof row, 0, DA3_TEST_PASS, 0, "an evil layer", NULL, "relative", 0.0, 0.001};
  sink(ctx, &row);
  if (strcmp(test, TEST) == 0) {
    row.status = DA3_TEST_FAIL, row.reason = "it is far from the reference", row.value = 0.5;
    sink(ctx, &row);
  }
  return DA3_OK;
}

static const da3_self_test tests = {sizeof tests, 0, TEST, run_test};

static const void* DA3_CALL evil_extension(const char* id) {
  return strcmp(id, DA3_SELF_TEST_ID) == 0 ? &tests : NULL;
}
static void spoil(da3_plugin* t) { t->extension = evil_extension; }

#include "evil_entry.h"

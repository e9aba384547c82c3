/* clang-format off */
/* SPDX-License-Identifier: Apache-2.0
 * da3/self_test.h - extension "da3.self-test/1" of a plugin: it compares its device with a reference, operator by operator.
 *
 * da3_plugin.extension("da3.self-test/1") gives a const da3_self_test *, or NULL: the plugin has no tests of its own. For a
 * first contact with hardware: each test may crash or hang where a driver is broken, so that a host calls it in a process of
 * its own, with a time limit. A test that cannot be made on this device gives one row DA3_TEST_SKIP with the reason.
 *
 * Tests, in the order in which they make sense; a plugin offers those it has, unknown names are DA3_E_NOT_FOUND:
 *   canary     a small network whose weights are made by rule, against a reference and stored values; needs no model
 *   operators  each operator of a run of the model, alone, on random numbers of the same shapes, strides and types
 *   kernels    each kernel of a run of the model, on the run's own numbers
 *   taps       the outputs of the model's blocks
 *   graphs     recorded runs against plain ones
 *   soak       200 shapes in a row: all finite, the first one again the same, and what memory grew by
 *   timings    first and usual runs
 */
#ifndef DA3_SELF_TEST_H
#define DA3_SELF_TEST_H
#include <da3/plugin.h>
#ifdef __cplusplus
extern "C" {
#endif
#define DA3_SELF_TEST_ID "da3.self-test/1"

enum { DA3_TEST_PASS = 0, DA3_TEST_FAIL = 1, DA3_TEST_SKIP = 2, DA3_TEST_INFO = 3 /* a figure without a limit */ };

typedef struct da3_test_row { DA3_HEAD;
  int32_t status;           /* one of DA3_TEST_* */
  uint32_t reserved;        /* 0 */
  const char *name;         /* what was compared: "linear gelu [2,25,128] -> [2,25,344] bfloat16" */
  const char *reason;       /* of a FAIL or SKIP, a sentence; else NULL or a remark */
  const char *unit;         /* of value and limit: "relative" (to the largest magnitude), "s", "bytes"; "" for none */
  double value, limit;      /* NaN where there is none */
} da3_test_row;
typedef void(DA3_CALL *da3_test_sink)(void *ctx, const da3_test_row *); /* never fails; on the thread of the call */

typedef struct da3_self_test { DA3_HEAD; /* owned by plugin; constant until shutdown; no member is NULL */
  const char *tests; /* names of the tests that it has, separated by commas, in their order */
  int32_t(DA3_CALL *run)(da3_optimizer *, const char *test, const char *model_path, const da3_watch *, da3_test_sink, void *ctx,
                         da3_error *); /* [obj] model_path: as of model_load, or NULL. DA3_OK also where rows are FAIL. An
                         error: the test could not be made, or the device broke down in it; rows that came before count */
} da3_self_test; /* new members go to the end */
#ifdef __cplusplus
}
#endif
#endif

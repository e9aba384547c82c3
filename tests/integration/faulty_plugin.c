/* SPDX-License-Identifier: Apache-2.0
 * The null plugin, slow or failing on request by environment variables:
 *   FAULTY_LOAD_ERROR  code that model_load returns
 *   FAULTY_RUN_ERROR   code that session_run returns, in run FAULTY_RUN_ERROR_AT (1, 2, ...) or in all
 *   FAULTY_RUN_MS      milliseconds that a run takes before it gives its outputs */
#define da3_plugin_entry null_entry
#include "null_plugin.c"
#undef da3_plugin_entry

#include <time.h>

DA3_EXPORT int32_t DA3_CALL da3_plugin_entry(uint32_t, uint32_t, const da3_host*, const da3_plugin**,
                                             da3_error*);

static int number(const char* variable) {
  const char* text = getenv(variable);
  return text ? atoi(text) : 0;
}

static int32_t DA3_CALL faulty_load(da3_optimizer* o, const char* path, const da3_watch* watch,
                                    da3_model** out, da3_error* error) {
  const int code = number("FAULTY_LOAD_ERROR");
  *out = NULL;
  if (code) return fail(error, code, 0, -1, "loading the model failed: a test asked for it; stop asking");
  return model_load(o, path, watch, out, error);
}

static int32_t DA3_CALL faulty_run(da3_session* session, da3_run* run, da3_error* error) {
  static int runs;
  const int code = number("FAULTY_RUN_ERROR"), at = number("FAULTY_RUN_ERROR_AT");
  ++runs;
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
  mine.session_run = faulty_run;
  *out = &mine;
  return DA3_OK;
}

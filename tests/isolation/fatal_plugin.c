/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/* The null plugin that ends its process, hangs or prints on request. The last word of the model's path says when:
 *   abort-load exit-load slow-load   in model_load; slow-load obeys its watch
 *   abort-run exit-run segv-run      in session_run
 *   slow-run hang-run                for a minute; hang-run does not look at its watch
 *   print-run                        lines on stdout and stderr, and in the log
 *   close-run garbage-run            shuts down, or writes into, the socket that is none of its business
 *   busy-run                         session_submit has no room
 *   fork-run                         leaves a child of its own, and ends
 * FATAL_AT=entry-hang, probe-abort: before there is a model. It has session_submit, memory and trim. */
/* clang-format on */
#define _GNU_SOURCE
#define da3_plugin_entry null_entry
#include "null_plugin.c"
#undef da3_plugin_entry

#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

DA3_EXPORT int32_t DA3_CALL da3_plugin_entry(uint32_t, uint32_t, const da3_host*, const da3_plugin**,
                                             da3_error*);

static char fault[32]; /* of the model that was loaded last */
static int is(const char* name) { return !strcmp(fault, name); }
static int at(const char* place) {
  const char* text = getenv("FATAL_AT");
  return text && !strcmp(text, place);
}

static void pause_ms(int milliseconds) {
  const struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  nanosleep(&pause, NULL);
}

/* A minute, or until the watch says so. */
static int32_t wait_a_minute(const da3_watch* watch, da3_error* error) {
  progress(watch, 0, 1, "waiting");
  for (int i = 0; i < 6000; ++i) {
    if (watch && cancelled(watch)) return fail(error, DA3_E_CANCELLED, 0, -1, "it was cancelled");
    pause_ms(10);
  }
  return DA3_OK;
}

static void last_words(void) { fputs("first line\nassertion failed: the vendor's library\n", stderr); }

static int32_t DA3_CALL fatal_load(da3_optimizer* o, const char* path, const da3_watch* watch,
                                   da3_model** out, da3_error* error) {
  const char* slash = strrchr(path, '/');
  *out = NULL;
  snprintf(fault, sizeof fault, "%s", slash ? slash + 1 : path);
  if (is("abort-load")) last_words(), abort();
  if (is("exit-load")) exit(3);
  if (is("slow-load")) {
    const int32_t status = wait_a_minute(watch, error);
    if (status) return status;
  }
  return model_load(o, path, watch, out, error);
}

static void print(void) {
  puts("on stdout");
  fputs("on stderr\n", stderr);
  host->log(host->ctx, 3, "in the log");
}

static int32_t DA3_CALL fatal_run(da3_session* session, da3_run* run, da3_error* error) {
  if (is("abort-run")) last_words(), abort();
  if (is("exit-run")) exit(4);
  if (is("segv-run")) {
    signal(SIGSEGV, SIG_DFL); /* not a sanitizer's handler */
    raise(SIGSEGV);
  }
  if (is("print-run")) print();
  if (is("close-run")) shutdown(3, SHUT_RDWR), pause_ms(60000);
  if (is("garbage-run") && write(3, "this is no message, whatever it may be", 38) > 0) pause_ms(60000);
  if (is("fork-run")) {
    if (fork() == 0) pause_ms(60000), _exit(0);
    _exit(5);
  }
  if (is("slow-run") || is("hang-run")) {
    if (is("hang-run")) progress(run->watch, 0, 1, "waiting");
    const int32_t status = wait_a_minute(is("hang-run") ? NULL : run->watch, error);
    if (status) return status;
  }
  return session_run(session, run, error);
}

/* Submitted runs are done when somebody waits. */
struct da3_ticket {
  da3_session* session;
  da3_run* run;
};

static int32_t DA3_CALL submit(da3_session* session, da3_run* run, da3_ticket** out, da3_error* error) {
  *out = NULL;
  if (is("busy-run")) return fail(error, DA3_E_BUSY, 0, -1, "too many runs are submitted; wait for one");
  if (!(*out = malloc(sizeof **out))) return fail(error, DA3_E_NOMEM_HOST, 0, -1, "out of host memory");
  (*out)->session = session, (*out)->run = run;
  return DA3_OK;
}
static int32_t DA3_CALL wait_ticket(da3_ticket* ticket, uint64_t timeout_ms, da3_error* error) {
  (void)timeout_ms;
  pause_ms(50);
  const int32_t status = fatal_run(ticket->session, ticket->run, error);
  free(ticket);
  return status;
}

static int32_t DA3_CALL memory(da3_optimizer* o, da3_memory* out, da3_error* error) {
  (void)o, (void)error;
  out->weights = 1, out->activations = 2, out->pool_idle = 3, out->peak = 4, out->host_pinned = 5;
  out->cache_disk = 6, out->limit = UINT64_MAX - 7;
  return DA3_OK;
}
static int32_t DA3_CALL trim(da3_optimizer* o, uint32_t level, uint64_t* freed, da3_error* error) {
  (void)o, (void)error;
  *freed = 100 + level;
  return DA3_OK;
}
static int32_t DA3_CALL fatal_probe(da3_device_sink sink, void* ctx, da3_error* error) {
  if (at("probe-abort")) last_words(), abort();
  return probe(sink, ctx, error);
}

int32_t DA3_CALL da3_plugin_entry(uint32_t major_min, uint32_t major_max, const da3_host* new_host,
                                  const da3_plugin** out, da3_error* error) {
  static da3_plugin mine;
  if (at("entry-hang")) pause_ms(60000);
  const int32_t status = null_entry(major_min, major_max, new_host, out, error);
  if (status) return status;
  mine = **out;
  mine.probe = fatal_probe;
  mine.model_load = fatal_load;
  mine.session_run = fatal_run;
  mine.session_submit = submit;
  mine.ticket_wait = wait_ticket;
  mine.memory = memory;
  mine.trim = trim;
  *out = &mine;
  return DA3_OK;
}

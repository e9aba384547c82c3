/* SPDX-License-Identifier: Apache-2.0
 * Evil in what the null plugin leaves out: memory, trim, the limit, the host's memory, submit; FAULT_<NAME>
 * says which. */
#define _GNU_SOURCE
#include "evil.h"

enum { MEGABYTE = 1 << 20 };

static int32_t report(da3_memory* out, uint64_t peak, uint64_t limit) {
  if (!DA3_HAS(out, da3_memory, limit)) return DA3_E_ABI;
  out->weights = out->activations = out->pool_idle = out->host_pinned = out->cache_disk = 0;
  out->peak = peak;
  out->limit = limit;
  return DA3_OK;
}

#if defined(FAULT_peak_falls)
static int32_t DA3_CALL memory(da3_optimizer* o, da3_memory* out, da3_error* error) {
  static uint64_t peak = 1024 * MEGABYTE;
  return report(out, peak -= MEGABYTE, UINT64_MAX);
}
static void spoil(da3_plugin* t) { t->memory = memory; }
#elif defined(FAULT_trim_frees_weights) || defined(FAULT_trims_beside_runs)
static volatile int trimmed;
static int32_t DA3_CALL trim(da3_optimizer* o, uint32_t level, uint64_t* freed, da3_error* error) {
  return *freed = 0, trimmed = 1, DA3_OK;
}
static int32_t DA3_CALL trimmed_run(da3_session* session, da3_run* run, da3_error* error) {
#if defined(FAULT_trims_beside_runs)
  trimmed = 0;
  usleep(2000);
#endif
  const int32_t status = session_run(session, run, error);
  for (uint32_t i = 0; trimmed && !status && i < run->n_out; ++i)
    *(float*)((char*)run->out[i]->data + run->out[i]->byte_offset) = 0;
  return status;
}
static void spoil(da3_plugin* t) { t->trim = trim, t->session_run = trimmed_run; }
#elif defined(FAULT_ignores_limit)
static int32_t DA3_CALL memory(da3_optimizer* o, da3_memory* out, da3_error* error) {
  return report(out, 0, 32 * MEGABYTE);
}
static int32_t DA3_CALL whole_estimate(da3_model* model, const da3_run* run, da3_memory* out,
                                       da3_error* error) {
  const int32_t status = estimate(model, run, out, error);
  if (!status && DA3_HAS(out, da3_memory, peak)) out->peak = out->activations;
  return status;
}
static void spoil(da3_plugin* t) { t->memory = memory, t->estimate = whole_estimate; }
#elif defined(FAULT_keeps_host_memory)
static int32_t DA3_CALL greedy_create(da3_model* model, da3_session** out, da3_error* error) {
  if (host->alloc && !host->alloc(host->ctx, 64, 64))
    return *out = NULL, fail(error, DA3_E_NOMEM_HOST, 0, -1, "out of host memory");
  return session_create(model, out, error);
}
static void spoil(da3_plugin* t) { t->session_create = greedy_create; }
#elif defined(FAULT_submits_otherwise)
struct da3_ticket {
  da3_session* session;
  da3_run* run;
};
static int32_t DA3_CALL submit(da3_session* session, da3_run* run, da3_ticket** out, da3_error* error) {
  if (!(*out = malloc(sizeof **out))) return fail(error, DA3_E_NOMEM_HOST, 0, -1, "out of host memory");
  (*out)->session = session, (*out)->run = run;
  return DA3_OK;
}
static int32_t DA3_CALL wait_for(da3_ticket* ticket, uint64_t timeout_ms, da3_error* error) {
  const int32_t status = session_run(ticket->session, ticket->run, error);
  if (!status && ticket->run->n_out) ((float*)ticket->run->out[0]->data)[0] += 1;
  free(ticket);
  return status;
}
static void spoil(da3_plugin* t) { t->session_submit = submit, t->ticket_wait = wait_for; }
#else
#error "no such fault"
#endif

#include "evil_entry.h"

/* clang-format off */
/* SPDX-License-Identifier: Apache-2.0
 * da3/trace.h - where the time of a load or a run goes: the host extension "da3.trace/1". C99; rules as in da3/plugin.h.
 *
 * A plugin asks host->extension(host->ctx, DA3_TRACE_ID). Where that is not NULL it asks wanted() once, at the begin of
 * each load and each run, and reports what was asked for; where the answer is 0 it reads no clock and reports nothing.
 *
 *   stage   one part of the whole: "load" of a load; of a run, in the order of the work, "upload" (reading and checking
 *           inputs, copying them to the device), "backbone", "head", "cameras", "gaussians", "download" (checking outputs,
 *           copying them to where they are wanted), and whatever else the plugin does. The stages of one call on one
 *           track follow each other and leave nothing of its work out; a name may come twice (two networks).
 *   layer   a piece within a stage: name "block.3", kind "block".
 *   operation  one product, norm or pass over memory, within a stage and possibly a layer; none lies in another. kind
 *           "linear float32" (what, and where it matters in which arithmetic), name the same or more. flops: by the shapes, as the
 *           plain algorithm has them; bytes: what must be read and written at least, each value once. Asked of a load, its last
 *           stage may be "ceilings": operations of kind "product float32" (flops; other arithmetics likewise) and "copy" (bytes)
 *           that show what the device does at best; the fastest of each kind counts.
 *
 * ORDER   A span is reported when it has ended, and before the load, the run or the wait for it returns: so layers come
 *         before the stage that they lie in. A call that fails reports what it did, the unfinished span too or not.
 * TRACKS  Work that goes on at the same time lies on different tracks; on one track spans nest or follow each other.
 *         Track 0 is the thread that made the call; a plugin's own threads and streams are numbered from 1.
 * COST    Asynchronous devices: stages are measured without making the device wait (events); layers may make it wait, and
 *         operations are reported only where that does not spoil them. */
#ifndef DA3_TRACE_H
#define DA3_TRACE_H
#include <da3/plugin.h>
#ifdef __cplusplus
extern "C" {
#endif
#define DA3_TRACE_ID "da3.trace/1"

enum { DA3_TRACE_STAGE = 1, DA3_TRACE_LAYER = 2, DA3_TRACE_OPERATION = 4 }; /* bits; unknown ones are ignored */

typedef struct da3_span { DA3_HEAD;
  uint64_t run;                   /* da3_run.id; 0 for a load */
  uint64_t begin_ns, duration_ns; /* on the clock of da3_trace.now */
  uint64_t bytes, flops;          /* memory read and written, operations; UINT64_MAX = not known */
  uint32_t category;              /* one of DA3_TRACE_* */
  uint32_t track;                 /* see TRACKS */
  const char *name, *kind;        /* never NULL: "block.3", "block"; of a stage both are its name */
} da3_span;

typedef struct da3_trace { DA3_HEAD; /* all [any]; the table lives as long as the host's; no member is NULL */
  void *ctx;
  uint64_t(DA3_CALL *now)(void *ctx); /* nanoseconds of a clock that never goes back */
  /* watch: that of the load or the run, as it was given, NULL where there was none: it tells the host which call is meant.
   * Returns the categories that somebody listens to, 0 for none. */
  uint32_t(DA3_CALL *wanted)(void *ctx, const da3_watch *watch, uint64_t run);
  /* A sink: never fails, never throws, keeps no pointer. May be called from any thread while the call of watch lives. */
  void(DA3_CALL *span)(void *ctx, const da3_watch *watch, const da3_span *span);
} da3_trace;
#ifdef __cplusplus
}
#endif
#endif

/* clang-format off */
/* SPDX-License-Identifier: Apache-2.0
 * da3/plugin.h - the DA3 plugin ABI, version 1.0-rc. C99; needs only <stddef.h> and <stdint.h>.
 * A plugin is a shared library libda3_<name>.so|.dylib that exports one function, da3_plugin_entry (at the end).
 *
 * LAYOUT  Fixed-width ints and pointers only: no bool, enum, long, size_t or bitfield in any struct.
 *         Every struct starts with DA3_HEAD; producer zero-fills, then sets struct_size.
 *         Lists of structs are arrays of POINTERS, so growing a struct never changes a stride.
 *         Reader uses a field only if DA3_HAS(ptr, Type, field). Size LARGER than known is never an error.
 * LIFE    Pointers handed to a callback or a call die when it returns; keep a copy, not a pointer.
 * ERRORS  Calls return DA3_OK(0) or a negative code and fill caller-owned da3_error. Never throw,
 *         exit, abort or longjmp across this boundary. On failure every out-pointer is NULL.
 * THREADS [any] concurrent calls allowed; [obj] caller serialises per object; [once] see text.
 *
 * INPUTS of a run, by name: B independent scenes of S views each; all views of a call have one size H x W.
 *   image       uint8   [B,S,H,W,3]  RGB, H and W multiples of 14. The plugin normalises (ImageNet).
 *   extrinsics  float32 [B,S,4,4]    optional. World-to-camera, OpenCV axes (x right, y down, z forward), already in
 *                                    network space: first view identity, translations over their median length.
 *   intrinsics  float32 [B,S,3,3]    optional; needed with extrinsics. Pixels of H x W, pixel centres at integers. A model
 *                                    that has no use for them alone checks them and goes on.
 * OUTPUTS of a run, all float32, computed only when asked for; model_describe says which a model has:
 *   depth, confidence, sky  [B,S,H,W]     z-depth in the model's unit (see capability.metric), confidence >= 1
 *   extrinsics              [B,S,3,4]     world-to-camera, OpenCV axes
 *   intrinsics              [B,S,3,3]     pixels of H x W
 *   ray                     [B,S,H/14*8,W/14*8,6]   ray_confidence the same without the last
 *   feature.<block>         [B,S,H/14,W/14,C]       patch tokens after that block, through the final norm
 *   gaussians.means, .scales [B,S*H*W,3]  .rotations [B,S*H*W,4] wxyz  .harmonics [B,S*H*W,3,K]  .opacities [B,S*H*W]
 *                                    one for each pixel, in the world of the output extrinsics; with given extrinsics in
 *                                    their scale; before scale_factor in nested models
 *   scale_factor            [B]           nested models: metric scale that was applied
 * A name that occurs twice, an unknown name, a zero-sized shape: DA3_E_INVALID or DA3_E_SHAPE with kind and index.
 *
 * OPTION TYPES (da3_option.type): alternatives joined by '|': bool | int | int[lo,hi] | float | float[lo,hi] |
 *   enum{a,b,c} | string | path | list<alternative>. Example: "enum{auto}|int[1,4096]".
 * OPTION KEYS a key without a dot is common to all backends ("threads"); "<name>.<key>" belongs to one ("cuda.graphs").
 *
 * DESCRIBE keys: effective.{device,precision,head_precision,threads,interop_threads,workers,prefetch,batch,compile,
 *   cache,deterministic} and effective.<key>.reason wherever the policy changed what was asked for. model_describe:
 *   model.{name,family,license,parameters}, and model.sha256 where the plugin knows it anyway (a host can hash the file);
 *   capability.{confidence,pose,pose_input,ray,gaussians,metric,metric_by_focal,sky,features} as true|false (metric:
 *   depth and poses are metres; metric_by_focal: depth times focal / 300 is, focal in pixels of H x W); input.<name>
 *   and output.<name> as "float32 [B,S,H,W]". */
#ifndef DA3_PLUGIN_H
#define DA3_PLUGIN_H
#include <stddef.h>
#include <stdint.h>
#ifdef _WIN32
#define DA3_CALL __cdecl
#define DA3_EXPORT __declspec(dllexport)
#else
#define DA3_CALL
#define DA3_EXPORT __attribute__((visibility("default")))
#endif
#ifdef __cplusplus
extern "C" {
#endif
#define DA3_ABI_MAJOR 1u /* bump = old plugins refused (aim: never)      */
#define DA3_ABI_MINOR 0u /* bump = fields appended; old plugins still load */
#define DA3_ABI_STATUS "rc" /* frozen when three plugins of different nature pass the checker */
#define DA3_HAS(p, T, f) ((p) && (p)->struct_size >= offsetof(T, f) + sizeof((p)->f))
#define DA3_HEAD uint32_t struct_size; uint32_t head_reserved /* must be 0 */

enum { DA3_OK = 0, DA3_E_INVALID = -1, DA3_E_ABI = -2, DA3_E_UNAVAILABLE = -3, DA3_E_UNKNOWN_KEY = -4,
       DA3_E_BAD_VALUE = -5, DA3_E_NOT_FOUND = -6, DA3_E_MODEL = -7, DA3_E_SHAPE = -8, DA3_E_NOMEM_HOST = -9,
       DA3_E_NOMEM_DEVICE = -10, DA3_E_CANCELLED = -11, DA3_E_UNSUPPORTED = -12, DA3_E_DEVICE_LOST = -13,
       DA3_E_TIMEOUT = -14, DA3_E_BUSY = -15, DA3_E_NUMERIC = -16 /* non-finite output */,
       DA3_E_INTERNAL = -99 }; /* codes are append-only; unknown negative code = DA3_E_INTERNAL */

typedef struct da3_error { DA3_HEAD;
  int32_t code;     /* same value the call returned */
  uint32_t msg_cap; /* bytes at msg, set by caller; plugin truncates and always terminates */
  char *msg;        /* UTF-8: "what failed: why; what to do". May be NULL: then code only */
  int32_t kind;     /* what index counts: 0 nothing, 1 option, 2 input, 3 output, 4 device */
  int32_t native;   /* cudaError_t, NSError code, errno; 0 if none */
  int64_t index;    /* offending option, tensor or device; -1 if none */
} da3_error;

typedef struct da3_kv { DA3_HEAD; /* one flattened YAML leaf: "cpu.threads" -> "8" */
  const char *key, *value;        /* value in YAML 1.2 core scalar text; lists as "[a, b]" */
  const char *origin;             /* "profile.yaml:12:5", "cli", "default"; may be NULL */
} da3_kv;
typedef void(DA3_CALL *da3_kv_sink)(void *ctx, const da3_kv *kv); /* a sink never fails and never throws */

enum { DA3_SCOPE_OPTIMIZER = 1, DA3_SCOPE_RUN = 2 };
typedef struct da3_option { DA3_HEAD;  /* schema; also written into the manifest, so that profiles are checked without a load */
  const char *key, *type, *def, *help; /* type: "bool" "int[1,512]" "enum{fp32,bf16,fp16}" "path" ... */
  uint32_t deprecated;                 /* 1: accepted with a warning, removed next major */
  uint32_t scope;                      /* DA3_SCOPE_*: given to optimizer_create, or in da3_run.opts */
} da3_option;
typedef void(DA3_CALL *da3_option_sink)(void *ctx, const da3_option *opt);

/* Services the host lends. Valid from entry until shutdown returns. All [any], none may block on the
 * plugin, none re-enter it. Optional members may be NULL: test DA3_HAS and non-NULL before each use. */
typedef struct da3_host { DA3_HEAD;
  uint32_t abi_major, abi_minor;
  void *ctx;
  const char *name, *version; /* for logs only; never branch on them */
  void(DA3_CALL *log)(void *ctx, int32_t level, const char *utf8);             /* 0 trace..5 fatal */
  void *(DA3_CALL *alloc)(void *ctx, uint64_t size, uint64_t align);           /* host memory, may fail */
  void(DA3_CALL *dealloc)(void *ctx, void *p);                                 /* pairs with alloc only */
  uint32_t(DA3_CALL *cpu_budget)(void *ctx, const char **cpus); /* threads to use; "0-7" or NULL; YAML wins */
  const char *(DA3_CALL *cache_dir)(void *ctx);           /* per-plugin dir, or NULL = do not write */
  const char *library_path;                               /* absolute path of the plugin that is being entered */
  const void *(DA3_CALL *extension)(void *ctx, const char *id); /* "da3.trace/1"; NULL if absent */
} da3_host; /* this struct's and da3_error's first version are read before a major is agreed: frozen over majors too */

typedef struct da3_device { DA3_HEAD;
  int32_t dl_type, dl_id;         /* DLPack device type and index: 1 cpu, 2 cuda, 8 metal */
  int32_t score;                  /* 0 unusable; 1-99 emulated/fallback; 100-199 CPU; 200-299 iGPU; 300+ dGPU */
  uint32_t precisions;            /* bits: 1 fp32, 2 tf32, 4 fp16, 8 bf16, 16 int8 */
  uint64_t mem_total, mem_free;   /* bytes; UINT64_MAX = not known without making a context */
  uint8_t uuid[16];               /* zero if the device has none */
  int32_t numa_node;              /* -1 unknown */
  uint32_t flags;                 /* bits: 1 unified memory, 2 integrated, 4 MIG slice, 8 virtual */
  const char *name, *driver, *arch, *bus; /* arch: "sm_90" "apple9" "avx512_bf16"; bus: PCI id or NULL */
  const char *reason;             /* REQUIRED when score is 0: "driver 550 < 580 needed by CUDA 13" */
} da3_device;
typedef void(DA3_CALL *da3_device_sink)(void *ctx, const da3_device *dev);

typedef struct da3_tensor { DA3_HEAD; /* fields from data to byte_offset are laid out as DLPack DLTensor */
  const char *name;                   /* "image" "intrinsics" "depth" "confidence" "extrinsics" "ray" ... */
  void *data; int32_t dl_type, dl_id; int32_t ndim; uint8_t code, bits; uint16_t lanes;
  int64_t *shape, *strides;           /* strides NULL = C-contiguous; shape owned like data */
  uint64_t byte_offset;
  void *owner; void(DA3_CALL *release)(struct da3_tensor *t); /* NULL = borrowed for the call only */
} da3_tensor;

typedef struct da3_watch { DA3_HEAD; /* both callbacks may be NULL and may run on any thread */
  void *ctx;
  int32_t(DA3_CALL *should_cancel)(void *ctx); /* poll between blocks/views; non-zero = stop, DA3_E_CANCELLED */
  void(DA3_CALL *progress)(void *ctx, uint64_t done, uint64_t total, const char *stage);
} da3_watch;

typedef struct da3_run { DA3_HEAD;
  const da3_tensor *const *in;
  /* out: data set: the plugin writes there (host owns). data NULL: host sets name and dl_type/dl_id, plugin sets the
   * rest and release; that memory lives until its release, even after session and model are gone. release may be
   * called on any thread, once. */
  da3_tensor *const *out;
  const da3_kv *const *opts; /* options of scope RUN: "ref_view_strategy", "use_ray_pose", "seed"... */
  uint32_t n_in, n_out, n_opts, reserved;
  uint64_t id;               /* the host's, for logs and traces */
  const da3_watch *watch;    /* may be NULL */
} da3_run; /* outputs are ready when the call that runs or waits returns; device streams come as an extension */

typedef struct da3_memory { DA3_HEAD;
  uint64_t weights, activations, pool_idle, peak, host_pinned, cache_disk; /* bytes; UINT64_MAX = not known */
  uint64_t limit; /* what the policy allows a run in all, weights too; a run whose estimate's peak is above it fails with
                   * DA3_E_NOMEM_HOST or DA3_E_NOMEM_DEVICE before any work. UINT64_MAX = no limit */
} da3_memory;

typedef struct da3_optimizer da3_optimizer; /* device + policy: precision, threads, cache, compile */
typedef struct da3_model da3_model;         /* weights on that device; immutable, shareable      */
typedef struct da3_session da3_session;     /* scratch, stream, graphs; runs one after the other */
typedef struct da3_ticket da3_ticket;       /* a submitted run                                  */

typedef struct da3_plugin { DA3_HEAD; /* owned by plugin; constant until shutdown */
  uint32_t abi_major, abi_minor;      /* headers it was built with */
  const char *name;                   /* short: "cpu"; what `backend:` in a profile says, and the prefix of own keys */
  const char *id, *version, *vendor, *license; /* id "org.example.da3-cuda", stable for ever */
  const char *runtime_id; /* "libtorch/2.11.0+cu130"; two plugins with different libtorch may not share a process */
  void(DA3_CALL *shutdown)(void);     /* [once] after every object is destroyed; library stays mapped */
  int32_t(DA3_CALL *probe)(da3_device_sink, void *ctx, da3_error *);       /* [any] <100 ms, no model, no allocation on device */
  int32_t(DA3_CALL *options)(da3_option_sink, void *ctx, da3_error *);     /* [any] full schema */
  int32_t(DA3_CALL *optimizer_create)(const da3_kv *const *opts, uint32_t n, int32_t dl_type, int32_t dl_id,
                                      da3_optimizer **out, da3_error *);   /* [any] unknown key = DA3_E_UNKNOWN_KEY + index */
  int32_t(DA3_CALL *optimizer_describe)(da3_optimizer *, da3_kv_sink, void *ctx, da3_error *); /* [any] EFFECTIVE policy */
  void(DA3_CALL *optimizer_destroy)(da3_optimizer *);                      /* [obj] NULL ok; models gone first */
  int32_t(DA3_CALL *model_load)(da3_optimizer *, const char *path, const da3_watch *, da3_model **out, da3_error *); /* [any] */
  int32_t(DA3_CALL *model_describe)(da3_model *, da3_kv_sink, void *ctx, da3_error *);  /* [any] model.*, capability.*, inputs, outputs */
  void(DA3_CALL *model_destroy)(da3_model *);                              /* [obj] sessions gone first */
  int32_t(DA3_CALL *session_create)(da3_model *, da3_session **out, da3_error *);       /* [any] */
  int32_t(DA3_CALL *session_run)(da3_session *, da3_run *, da3_error *);   /* [obj]; different sessions run in parallel */
  /* Optional pair (NULL = not supported): submit returns at once, so that the next run's upload overlaps this one's work.
   * Runs of a session are done in the order of submit; what is wrong with one is told by its wait. wait frees the ticket
   * unless it returns DA3_E_TIMEOUT (UINT64_MAX waits for ever); until then the run, its tensors, options and watch must
   * live, and so must the session. A submitted run is cancelled by its watch, also while it still waits for its turn. */
  int32_t(DA3_CALL *session_submit)(da3_session *, da3_run *, da3_ticket **out, da3_error *); /* [obj]; DA3_E_BUSY when full */
  int32_t(DA3_CALL *ticket_wait)(da3_ticket *, uint64_t timeout_ms, da3_error *);             /* [obj] */
  void(DA3_CALL *session_destroy)(da3_session *);                          /* [obj] */
  int32_t(DA3_CALL *estimate)(da3_model *, const da3_run *, da3_memory *out, da3_error *); /* [any] before a run: shapes only, data may be NULL */
  int32_t(DA3_CALL *memory)(da3_optimizer *, da3_memory *out, da3_error *);              /* [any] also during a run */
  int32_t(DA3_CALL *trim)(da3_optimizer *, uint32_t level, uint64_t *freed, da3_error *); /* [any] 0 idle, 1 caches, 2 all but weights */
  const void *(DA3_CALL *extension)(const char *id);                       /* [any] "vendor.name/rev" -> vtable or NULL */
  /* new members go here, at the end, never above; a NULL member means "not supported" */
} da3_plugin;

/* The only exported symbol; its name and signature are frozen for ever. Host offers a range of majors;
 * plugin answers with the table for the highest one it knows, or DA3_E_ABI naming its own range. Cheap:
 * no threads, no GPU, no file. Entries are counted: the same host may enter again (same table) and each entry is
 * matched by one shutdown; a different host while one is live gets DA3_E_UNAVAILABLE with a reason; an entry after the
 * last shutdown starts afresh. [any] */
typedef int32_t(DA3_CALL *da3_plugin_entry_fn)(uint32_t host_major_min, uint32_t host_major_max,
                                               const da3_host *, const da3_plugin **out, da3_error *);
DA3_EXPORT int32_t DA3_CALL da3_plugin_entry(uint32_t, uint32_t, const da3_host *, const da3_plugin **, da3_error *);
#ifdef __cplusplus
}
#endif
#endif

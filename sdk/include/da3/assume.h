/* clang-format off */
/* SPDX-License-Identifier: Apache-2.0
 * da3/assume.h - extension "da3.assume/1" of a plugin: what it would do on a machine that is only written down.
 *
 * da3_plugin.extension("da3.assume/1") gives a const da3_assume *, or NULL: the plugin cannot tell about other machines.
 * A RECORD is a flat list of key/values like a profile's: "cpu.online" -> "64", "nvidia.devices.0.name" -> "NVIDIA A100".
 * A plugin reads what concerns it and leaves the rest to others; below the prefix that is its own an unknown key or a value
 * that cannot be is an error. The keys of our plugins: docs/machines.md. Both functions touch no device, read nothing of this
 * machine, open no engine, and give the same for the same input.
 */
#ifndef DA3_ASSUME_H
#define DA3_ASSUME_H
#include <da3/plugin.h>
#ifdef __cplusplus
extern "C" {
#endif
#define DA3_ASSUME_ID "da3.assume/1"

typedef struct da3_assume { DA3_HEAD; /* owned by plugin; constant until shutdown */
  int32_t(DA3_CALL *probe)(const da3_kv *const *record, uint32_t n_record, da3_device_sink, void *ctx, da3_error *); /* [any]
                           as da3_plugin.probe, on the machine of the record */
  int32_t(DA3_CALL *describe)(const da3_kv *const *record, uint32_t n_record, const da3_kv *const *opts, uint32_t n,
                              int32_t dl_type, int32_t dl_id, da3_kv_sink, void *ctx, da3_error *); /* [any]
                              as optimizer_create and then optimizer_describe, on the machine of the record: the same errors
                              for the same options, the same keys */
} da3_assume; /* new members go to the end */
#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: Apache-2.0
 * The layout of ABI 1.0-rc with pointers of 64 bits, member by member. Written by layout.py when that version
 * was released and never edited: what fails to compile here breaks plugins that exist. Other data models:
 * layout/. */
#include <da3/assume.h>
#include <da3/plugin.h>
#include <da3/self_test.h>
#include <da3/trace.h>

#define AT(type, member, offset) \
  _Static_assert(offsetof(type, member) == (offset), #type "." #member " has moved")
#define SIZE(type, member, bytes) \
  _Static_assert(sizeof(((type*)0)->member) == (bytes), #type "." #member " is resized")
#define END(type, last, bytes)                                               \
  _Static_assert(sizeof(type) >= (bytes), #type " has shrunk");              \
  _Static_assert(offsetof(type, last) + sizeof(((type*)0)->last) == (bytes), \
                 #type " has padding before new members")

#if UINTPTR_MAX == UINT64_MAX

AT(da3_error, struct_size, 0);
SIZE(da3_error, struct_size, 4);
AT(da3_error, head_reserved, 4);
SIZE(da3_error, head_reserved, 4);
AT(da3_error, code, 8);
SIZE(da3_error, code, 4);
AT(da3_error, msg_cap, 12);
SIZE(da3_error, msg_cap, 4);
AT(da3_error, msg, 16);
SIZE(da3_error, msg, 8);
AT(da3_error, kind, 24);
SIZE(da3_error, kind, 4);
AT(da3_error, native, 28);
SIZE(da3_error, native, 4);
AT(da3_error, index, 32);
SIZE(da3_error, index, 8);
END(da3_error, index, 40);

AT(da3_kv, struct_size, 0);
SIZE(da3_kv, struct_size, 4);
AT(da3_kv, head_reserved, 4);
SIZE(da3_kv, head_reserved, 4);
AT(da3_kv, key, 8);
SIZE(da3_kv, key, 8);
AT(da3_kv, value, 16);
SIZE(da3_kv, value, 8);
AT(da3_kv, origin, 24);
SIZE(da3_kv, origin, 8);
END(da3_kv, origin, 32);

AT(da3_option, struct_size, 0);
SIZE(da3_option, struct_size, 4);
AT(da3_option, head_reserved, 4);
SIZE(da3_option, head_reserved, 4);
AT(da3_option, key, 8);
SIZE(da3_option, key, 8);
AT(da3_option, type, 16);
SIZE(da3_option, type, 8);
AT(da3_option, def, 24);
SIZE(da3_option, def, 8);
AT(da3_option, help, 32);
SIZE(da3_option, help, 8);
AT(da3_option, deprecated, 40);
SIZE(da3_option, deprecated, 4);
AT(da3_option, scope, 44);
SIZE(da3_option, scope, 4);
END(da3_option, scope, 48);

AT(da3_host, struct_size, 0);
SIZE(da3_host, struct_size, 4);
AT(da3_host, head_reserved, 4);
SIZE(da3_host, head_reserved, 4);
AT(da3_host, abi_major, 8);
SIZE(da3_host, abi_major, 4);
AT(da3_host, abi_minor, 12);
SIZE(da3_host, abi_minor, 4);
AT(da3_host, ctx, 16);
SIZE(da3_host, ctx, 8);
AT(da3_host, name, 24);
SIZE(da3_host, name, 8);
AT(da3_host, version, 32);
SIZE(da3_host, version, 8);
AT(da3_host, log, 40);
SIZE(da3_host, log, 8);
AT(da3_host, alloc, 48);
SIZE(da3_host, alloc, 8);
AT(da3_host, dealloc, 56);
SIZE(da3_host, dealloc, 8);
AT(da3_host, cpu_budget, 64);
SIZE(da3_host, cpu_budget, 8);
AT(da3_host, cache_dir, 72);
SIZE(da3_host, cache_dir, 8);
AT(da3_host, library_path, 80);
SIZE(da3_host, library_path, 8);
AT(da3_host, extension, 88);
SIZE(da3_host, extension, 8);
END(da3_host, extension, 96);

AT(da3_device, struct_size, 0);
SIZE(da3_device, struct_size, 4);
AT(da3_device, head_reserved, 4);
SIZE(da3_device, head_reserved, 4);
AT(da3_device, dl_type, 8);
SIZE(da3_device, dl_type, 4);
AT(da3_device, dl_id, 12);
SIZE(da3_device, dl_id, 4);
AT(da3_device, score, 16);
SIZE(da3_device, score, 4);
AT(da3_device, precisions, 20);
SIZE(da3_device, precisions, 4);
AT(da3_device, mem_total, 24);
SIZE(da3_device, mem_total, 8);
AT(da3_device, mem_free, 32);
SIZE(da3_device, mem_free, 8);
AT(da3_device, uuid, 40);
SIZE(da3_device, uuid, 16);
AT(da3_device, numa_node, 56);
SIZE(da3_device, numa_node, 4);
AT(da3_device, flags, 60);
SIZE(da3_device, flags, 4);
AT(da3_device, name, 64);
SIZE(da3_device, name, 8);
AT(da3_device, driver, 72);
SIZE(da3_device, driver, 8);
AT(da3_device, arch, 80);
SIZE(da3_device, arch, 8);
AT(da3_device, bus, 88);
SIZE(da3_device, bus, 8);
AT(da3_device, reason, 96);
SIZE(da3_device, reason, 8);
END(da3_device, reason, 104);

AT(da3_tensor, struct_size, 0);
SIZE(da3_tensor, struct_size, 4);
AT(da3_tensor, head_reserved, 4);
SIZE(da3_tensor, head_reserved, 4);
AT(da3_tensor, name, 8);
SIZE(da3_tensor, name, 8);
AT(da3_tensor, data, 16);
SIZE(da3_tensor, data, 8);
AT(da3_tensor, dl_type, 24);
SIZE(da3_tensor, dl_type, 4);
AT(da3_tensor, dl_id, 28);
SIZE(da3_tensor, dl_id, 4);
AT(da3_tensor, ndim, 32);
SIZE(da3_tensor, ndim, 4);
AT(da3_tensor, code, 36);
SIZE(da3_tensor, code, 1);
AT(da3_tensor, bits, 37);
SIZE(da3_tensor, bits, 1);
AT(da3_tensor, lanes, 38);
SIZE(da3_tensor, lanes, 2);
AT(da3_tensor, shape, 40);
SIZE(da3_tensor, shape, 8);
AT(da3_tensor, strides, 48);
SIZE(da3_tensor, strides, 8);
AT(da3_tensor, byte_offset, 56);
SIZE(da3_tensor, byte_offset, 8);
AT(da3_tensor, owner, 64);
SIZE(da3_tensor, owner, 8);
AT(da3_tensor, release, 72);
SIZE(da3_tensor, release, 8);
END(da3_tensor, release, 80);

AT(da3_watch, struct_size, 0);
SIZE(da3_watch, struct_size, 4);
AT(da3_watch, head_reserved, 4);
SIZE(da3_watch, head_reserved, 4);
AT(da3_watch, ctx, 8);
SIZE(da3_watch, ctx, 8);
AT(da3_watch, should_cancel, 16);
SIZE(da3_watch, should_cancel, 8);
AT(da3_watch, progress, 24);
SIZE(da3_watch, progress, 8);
END(da3_watch, progress, 32);

AT(da3_run, struct_size, 0);
SIZE(da3_run, struct_size, 4);
AT(da3_run, head_reserved, 4);
SIZE(da3_run, head_reserved, 4);
AT(da3_run, in, 8);
SIZE(da3_run, in, 8);
AT(da3_run, out, 16);
SIZE(da3_run, out, 8);
AT(da3_run, opts, 24);
SIZE(da3_run, opts, 8);
AT(da3_run, n_in, 32);
SIZE(da3_run, n_in, 4);
AT(da3_run, n_out, 36);
SIZE(da3_run, n_out, 4);
AT(da3_run, n_opts, 40);
SIZE(da3_run, n_opts, 4);
AT(da3_run, reserved, 44);
SIZE(da3_run, reserved, 4);
AT(da3_run, id, 48);
SIZE(da3_run, id, 8);
AT(da3_run, watch, 56);
SIZE(da3_run, watch, 8);
END(da3_run, watch, 64);

AT(da3_memory, struct_size, 0);
SIZE(da3_memory, struct_size, 4);
AT(da3_memory, head_reserved, 4);
SIZE(da3_memory, head_reserved, 4);
AT(da3_memory, weights, 8);
SIZE(da3_memory, weights, 8);
AT(da3_memory, activations, 16);
SIZE(da3_memory, activations, 8);
AT(da3_memory, pool_idle, 24);
SIZE(da3_memory, pool_idle, 8);
AT(da3_memory, peak, 32);
SIZE(da3_memory, peak, 8);
AT(da3_memory, host_pinned, 40);
SIZE(da3_memory, host_pinned, 8);
AT(da3_memory, cache_disk, 48);
SIZE(da3_memory, cache_disk, 8);
AT(da3_memory, limit, 56);
SIZE(da3_memory, limit, 8);
END(da3_memory, limit, 64);

AT(da3_plugin, struct_size, 0);
SIZE(da3_plugin, struct_size, 4);
AT(da3_plugin, head_reserved, 4);
SIZE(da3_plugin, head_reserved, 4);
AT(da3_plugin, abi_major, 8);
SIZE(da3_plugin, abi_major, 4);
AT(da3_plugin, abi_minor, 12);
SIZE(da3_plugin, abi_minor, 4);
AT(da3_plugin, name, 16);
SIZE(da3_plugin, name, 8);
AT(da3_plugin, id, 24);
SIZE(da3_plugin, id, 8);
AT(da3_plugin, version, 32);
SIZE(da3_plugin, version, 8);
AT(da3_plugin, vendor, 40);
SIZE(da3_plugin, vendor, 8);
AT(da3_plugin, license, 48);
SIZE(da3_plugin, license, 8);
AT(da3_plugin, runtime_id, 56);
SIZE(da3_plugin, runtime_id, 8);
AT(da3_plugin, shutdown, 64);
SIZE(da3_plugin, shutdown, 8);
AT(da3_plugin, probe, 72);
SIZE(da3_plugin, probe, 8);
AT(da3_plugin, options, 80);
SIZE(da3_plugin, options, 8);
AT(da3_plugin, optimizer_create, 88);
SIZE(da3_plugin, optimizer_create, 8);
AT(da3_plugin, optimizer_describe, 96);
SIZE(da3_plugin, optimizer_describe, 8);
AT(da3_plugin, optimizer_destroy, 104);
SIZE(da3_plugin, optimizer_destroy, 8);
AT(da3_plugin, model_load, 112);
SIZE(da3_plugin, model_load, 8);
AT(da3_plugin, model_describe, 120);
SIZE(da3_plugin, model_describe, 8);
AT(da3_plugin, model_destroy, 128);
SIZE(da3_plugin, model_destroy, 8);
AT(da3_plugin, session_create, 136);
SIZE(da3_plugin, session_create, 8);
AT(da3_plugin, session_run, 144);
SIZE(da3_plugin, session_run, 8);
AT(da3_plugin, session_submit, 152);
SIZE(da3_plugin, session_submit, 8);
AT(da3_plugin, ticket_wait, 160);
SIZE(da3_plugin, ticket_wait, 8);
AT(da3_plugin, session_destroy, 168);
SIZE(da3_plugin, session_destroy, 8);
AT(da3_plugin, estimate, 176);
SIZE(da3_plugin, estimate, 8);
AT(da3_plugin, memory, 184);
SIZE(da3_plugin, memory, 8);
AT(da3_plugin, trim, 192);
SIZE(da3_plugin, trim, 8);
AT(da3_plugin, extension, 200);
SIZE(da3_plugin, extension, 8);
END(da3_plugin, extension, 208);

AT(da3_assume, struct_size, 0);
SIZE(da3_assume, struct_size, 4);
AT(da3_assume, head_reserved, 4);
SIZE(da3_assume, head_reserved, 4);
AT(da3_assume, probe, 8);
SIZE(da3_assume, probe, 8);
AT(da3_assume, describe, 16);
SIZE(da3_assume, describe, 8);
END(da3_assume, describe, 24);

AT(da3_test_row, struct_size, 0);
SIZE(da3_test_row, struct_size, 4);
AT(da3_test_row, head_reserved, 4);
SIZE(da3_test_row, head_reserved, 4);
AT(da3_test_row, status, 8);
SIZE(da3_test_row, status, 4);
AT(da3_test_row, reserved, 12);
SIZE(da3_test_row, reserved, 4);
AT(da3_test_row, name, 16);
SIZE(da3_test_row, name, 8);
AT(da3_test_row, reason, 24);
SIZE(da3_test_row, reason, 8);
AT(da3_test_row, unit, 32);
SIZE(da3_test_row, unit, 8);
AT(da3_test_row, value, 40);
SIZE(da3_test_row, value, 8);
AT(da3_test_row, limit, 48);
SIZE(da3_test_row, limit, 8);
END(da3_test_row, limit, 56);

AT(da3_self_test, struct_size, 0);
SIZE(da3_self_test, struct_size, 4);
AT(da3_self_test, head_reserved, 4);
SIZE(da3_self_test, head_reserved, 4);
AT(da3_self_test, tests, 8);
SIZE(da3_self_test, tests, 8);
AT(da3_self_test, run, 16);
SIZE(da3_self_test, run, 8);
END(da3_self_test, run, 24);

AT(da3_span, struct_size, 0);
SIZE(da3_span, struct_size, 4);
AT(da3_span, head_reserved, 4);
SIZE(da3_span, head_reserved, 4);
AT(da3_span, run, 8);
SIZE(da3_span, run, 8);
AT(da3_span, begin_ns, 16);
SIZE(da3_span, begin_ns, 8);
AT(da3_span, duration_ns, 24);
SIZE(da3_span, duration_ns, 8);
AT(da3_span, bytes, 32);
SIZE(da3_span, bytes, 8);
AT(da3_span, flops, 40);
SIZE(da3_span, flops, 8);
AT(da3_span, category, 48);
SIZE(da3_span, category, 4);
AT(da3_span, track, 52);
SIZE(da3_span, track, 4);
AT(da3_span, name, 56);
SIZE(da3_span, name, 8);
AT(da3_span, kind, 64);
SIZE(da3_span, kind, 8);
END(da3_span, kind, 72);

AT(da3_trace, struct_size, 0);
SIZE(da3_trace, struct_size, 4);
AT(da3_trace, head_reserved, 4);
SIZE(da3_trace, head_reserved, 4);
AT(da3_trace, ctx, 8);
SIZE(da3_trace, ctx, 8);
AT(da3_trace, now, 16);
SIZE(da3_trace, now, 8);
AT(da3_trace, wanted, 24);
SIZE(da3_trace, wanted, 8);
AT(da3_trace, span, 32);
SIZE(da3_trace, span, 8);
END(da3_trace, span, 40);

#endif

int da3_layout_1_0_rc_is_kept; /* so that the file is not empty */

/* SPDX-License-Identifier: Apache-2.0
 * Evil at entry, in probe, and towards the process; FAULT_<NAME> says which. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "evil.h"

#if defined(FAULT_wrong_size)
static void spoil(da3_plugin* t) { t->struct_size = offsetof(da3_plugin, estimate); }
#elif defined(FAULT_huge_size)
static void spoil(da3_plugin* t) { t->struct_size = 0xFFFFFFFFu; }
#elif defined(FAULT_missing_member)
static void spoil(da3_plugin* t) { t->session_run = NULL; }
#elif defined(FAULT_half_a_pair)
static int32_t DA3_CALL submit(da3_session* s, da3_run* r, da3_ticket** out, da3_error* e) {
  return *out = NULL, -12;
}
static void spoil(da3_plugin* t) { t->session_submit = submit; }
#elif defined(FAULT_wrong_abi)
static void spoil(da3_plugin* t) { t->abi_major = 2; }
#elif defined(FAULT_any_abi)
#define LOW 1
#define HIGH 1
static void spoil(da3_plugin* t) {}
#elif defined(FAULT_hangs_in_entry)
#define BEFORE_ENTRY() \
  for (;;) pause()
static void spoil(da3_plugin* t) {}
#elif defined(FAULT_exits_in_entry)
#define BEFORE_ENTRY() exit(0)
static void spoil(da3_plugin* t) {}
#elif defined(FAULT_thread_in_entry)
static void* idle(void* unused) { return pause(), unused; }
static void start(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, idle, NULL);
}
#define BEFORE_ENTRY() start()
static void spoil(da3_plugin* t) {}
#elif defined(FAULT_slow_entry)
#define BEFORE_ENTRY() usleep(300 * 1000)
static void spoil(da3_plugin* t) {}
#elif defined(FAULT_exports_too_much)
__attribute__((visibility("default"))) int da3_secret_helper(void) { return 1; }
static void spoil(da3_plugin* t) {}
#elif defined(FAULT_needs_a_symbol)
int function_of_a_missing_library(void);
#define BEFORE_ENTRY() function_of_a_missing_library()
static void spoil(da3_plugin* t) {}
#elif defined(FAULT_executable_stack) /* by a linker option */
static void spoil(da3_plugin* t) {}
#elif defined(FAULT_imports_host)
__attribute__((weak)) int da3_log_level(void);
#define BEFORE_ENTRY() \
  if (da3_log_level) da3_log_level()
static void spoil(da3_plugin* t) {}
#elif defined(FAULT_other_table)
#define TABLES 2
static void spoil(da3_plugin* t) {}
#elif defined(FAULT_exact_host)
#define BEFORE_ENTRY()                           \
  if (new_host->struct_size != sizeof *new_host) \
  return *out = NULL, fail(error, DA3_E_ABI, 0, -1, "da3_host has another size; rebuild the plugin")
static void spoil(da3_plugin* t) {}
#elif defined(FAULT_any_host)
#define BEFORE_ENTRY() (host = new_host)
static void spoil(da3_plugin* t) {}
#elif defined(FAULT_never_leaves)
static void DA3_CALL stay(void) {}
static void spoil(da3_plugin* t) { t->shutdown = stay; }
#elif defined(FAULT_bad_id)
static void spoil(da3_plugin* t) { t->id = "my plugin"; }
#elif defined(FAULT_lies_in_manifest)
static void spoil(da3_plugin* t) { t->version = "9.9.9"; }
#elif defined(FAULT_no_reason) || defined(FAULT_boasts) || defined(FAULT_changing_probe)
static int32_t DA3_CALL bad_probe(da3_device_sink sink, void* ctx, da3_error* error) {
  static int calls;
  da3_device device = {0};
  device.struct_size = sizeof device;
  device.dl_type = 1;
  device.precisions = 1;
  device.name = "evil device";
#if defined(FAULT_boasts)
  device.score = 2147483647;
#elif defined(FAULT_changing_probe)
  device.score = 1 + calls++;
#endif
  sink(ctx, &device);
  return DA3_OK;
}
static void spoil(da3_plugin* t) { t->probe = bad_probe; }
#elif defined(FAULT_ignores_hiding) /* CUDA_VISIBLE_DEVICES */
static int32_t DA3_CALL two_devices(da3_device_sink sink, void* ctx, da3_error* error) {
  da3_device device = {0};
  device.struct_size = sizeof device;
  device.dl_type = 2;
  device.score = 400;
  device.precisions = 1;
  device.name = "evil GPU";
  probe(sink, ctx, error);
  return sink(ctx, &device), DA3_OK;
}
static void spoil(da3_plugin* t) { t->probe = two_devices; }
#elif defined(FAULT_slow_probe)
static int32_t DA3_CALL slow_probe(da3_device_sink sink, void* ctx, da3_error* error) {
  return usleep(200 * 1000), probe(sink, ctx, error);
}
static void spoil(da3_plugin* t) { t->probe = slow_probe; }
#elif defined(FAULT_keeps_pointers)
static void* later(void* ctx) {
  usleep(30 * 1000);
  return *(volatile char*)ctx, NULL;
}
static int32_t DA3_CALL late_probe(da3_device_sink sink, void* ctx, da3_error* error) {
  pthread_t thread;
  if (!pthread_create(&thread, NULL, later, ctx)) pthread_detach(thread);
  return probe(sink, ctx, error);
}
static void spoil(da3_plugin* t) { t->probe = late_probe; }
#elif defined(FAULT_crashes_at_exit)
static void spoil(da3_plugin* t) { atexit(abort); }
#elif defined(FAULT_crashes_when_alive)
static void at_end(void) {
  if (entries) abort();
}
static void spoil(da3_plugin* t) { atexit(at_end); }
#else /* something of the process is changed when an optimizer is made */
static void change(void) {
#if defined(FAULT_changes_locale)
  setlocale(LC_ALL, "C.UTF-8");
#elif defined(FAULT_changes_signals)
  signal(SIGINT, SIG_IGN);
#elif defined(FAULT_changes_umask)
  umask(077);
#elif defined(FAULT_changes_folder)
  (void)!chdir("/");
#elif defined(FAULT_changes_environment)
  setenv("OMP_NUM_THREADS", "1", 1);
#elif defined(FAULT_changes_rounding)
  fesetround(FE_DOWNWARD);
#elif defined(FAULT_prints)
  printf("evil plugin, ready to serve\n");
#elif defined(FAULT_writes_files)
  close(open("evil.log", O_CREAT | O_WRONLY, 0600));
#elif defined(FAULT_opens_a_socket)
  (void)socket(AF_INET, SOCK_DGRAM, 0);
#elif defined(FAULT_needs_log)
  host->log(host->ctx, 2, "an optimizer is made");
#elif defined(FAULT_writes_to_descriptors)
  for (int fd = 3; fd < 10; ++fd) (void)!write(fd, "log line\n", 9);
#elif defined(FAULT_leaks_files)
  (void)open("/dev/null", O_RDONLY);
#else
#error "no such fault"
#endif
}
static int32_t DA3_CALL changing_create(const da3_kv* const* opts, uint32_t n, int32_t type, int32_t id,
                                        da3_optimizer** out, da3_error* error) {
  const int32_t status = optimizer_create(opts, n, type, id, out, error);
  if (!status) change();
  return status;
}
static void spoil(da3_plugin* t) { t->optimizer_create = changing_create; }
#endif

#include "evil_entry.h"

/* SPDX-License-Identifier: Apache-2.0
 * A CUDA driver as the environment wants it:
 *   FAKE_CUDA_INIT      what cuInit returns; "hang", "crash", "exit"
 *   FAKE_CUDA_OPEN      the same when the library is opened: "hang", "crash"
 *   FAKE_CUDA_VERSION   what cuDriverGetVersion says, 13000; "hang"
 *   FAKE_CUDA_DEVICES   names joined by ';', each "name:major.minor:MiB:flags", flags of m (MIG), i
 * (integrated) FAKE_CUDA_COUNT     what cuDeviceGetCount returns as its error FAKE_CUDA_LOG       a file that
 * gets a line for each cuInit */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define API __attribute__((visibility("default")))

static int obey(const char* variable) {
  const char* word = getenv(variable);
  if (!word) return 0;
  if (!strcmp(word, "hang"))
    for (;;) pause();
  if (!strcmp(word, "crash")) raise(SIGSEGV);
  if (!strcmp(word, "exit")) exit(7);
  return atoi(word);
}

__attribute__((constructor)) static void opened(void) { obey("FAKE_CUDA_OPEN"); }

API int cuDriverGetVersion(int* version) {
  *version = getenv("FAKE_CUDA_VERSION") ? obey("FAKE_CUDA_VERSION") : 13000;
  return 0;
}

API int cuInit(unsigned flags) {
  (void)flags;
  const char* log = getenv("FAKE_CUDA_LOG");
  FILE* file = log ? fopen(log, "a") : NULL;
  if (file) fputs("cuInit\n", file), fclose(file);
  printf("a driver that prints\n");
  fflush(stdout);
  return obey("FAKE_CUDA_INIT");
}

/* The fields of device number index; 0 when there is none. */
static int find(int index, char* name, int* major, int* minor, unsigned long* mib, char* flags) {
  const char* at = getenv("FAKE_CUDA_DEVICES");
  if (!at) return 0;
  for (; index > 0; --index) {
    at = strchr(at, ';');
    if (!at) return 0;
    ++at;
  }
  flags[0] = 0;
  return sscanf(at, "%127[^:;]:%d.%d:%lu:%7[^;]", name, major, minor, mib, flags) >= 4;
}

static char name[128], flags[8];
static int major, minor;
static unsigned long mib;

API int cuDeviceGetCount(int* count) {
  for (*count = 0; find(*count, name, &major, &minor, &mib, flags);) ++*count;
  return obey("FAKE_CUDA_COUNT");
}
API int cuDeviceGet(int* device, int index) { return *device = index, 0; }
API int cuDeviceGetName(char* out, int size, int device) {
  if (!find(device, name, &major, &minor, &mib, flags)) return 101;
  snprintf(out, (size_t)size, "%s", name);
  return 0;
}
API int cuDeviceGetAttribute(int* value, int which, int device) {
  if (!find(device, name, &major, &minor, &mib, flags)) return 101;
  *value = which == 75 ? major : which == 76 ? minor : which == 18 ? strchr(flags, 'i') != NULL : 0;
  return 0;
}
API int cuDeviceTotalMem_v2(size_t* bytes, int device) {
  if (!find(device, name, &major, &minor, &mib, flags)) return 101;
  *bytes = (size_t)mib << 20;
  return 0;
}
API int cuDeviceGetPCIBusId(char* out, int size, int device) {
  snprintf(out, (size_t)size, "0000:%02X:00.0", 0x65 + device);
  return 0;
}
API int cuDeviceGetUuid(char* uuid, int device) {
  for (int i = 0; i < 16; ++i) uuid[i] = (char)(16 * (device + 1) + i);
  return 0;
}
#ifndef OLD_DRIVER
API int cuDeviceGetUuid_v2(char* uuid, int device) {
  cuDeviceGetUuid(uuid, device);
  find(device, name, &major, &minor, &mib, flags);
  if (strchr(flags, 'm')) uuid[0] = (char)0xAB;
  return 0;
}
#endif

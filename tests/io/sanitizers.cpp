// SPDX-License-Identifier: Apache-2.0
// Debian's OpenCV starts GDAL, whose two locks are taken in both orders while it registers its drivers. Not
// our code.
#if defined(__SANITIZE_THREAD__)
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_suppressions() {
  return "deadlock:libgdal\n";
}
#endif

/* SPDX-License-Identifier: Apache-2.0
 * The null plugin under its own name, but not exported. A file that includes this replaces some of it in
 * spoil() and ends with evil_entry.h. */
#ifndef DA3_EVIL_H
#define DA3_EVIL_H
#include <da3/plugin.h>
#undef DA3_EXPORT
#define DA3_EXPORT static
#define da3_plugin_entry good_entry
#include "null_plugin.c"
#undef da3_plugin_entry
#include <unistd.h>

static void spoil(da3_plugin* table);

/* Memory that nobody frees; the compiler may not leave it out. */
static void leak(size_t bytes) {
  volatile char* memory = malloc(bytes);
  for (size_t i = 0; i < bytes; i += 512) memory[i] = 1;
}
#endif

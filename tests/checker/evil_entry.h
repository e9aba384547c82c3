/* SPDX-License-Identifier: Apache-2.0
 * The entry of an evil plugin: that of the null plugin, with a table that spoil() has changed. */
#ifndef TABLES
#define TABLES 1
#endif
static da3_plugin evil_tables[TABLES];
static unsigned evil_entries;

#ifndef BEFORE_ENTRY
#define BEFORE_ENTRY() (void)0
#endif
#ifndef LOW
#define LOW major_min
#define HIGH major_max
#endif

__attribute__((visibility("default"))) int32_t DA3_CALL da3_plugin_entry(uint32_t major_min,
                                                                         uint32_t major_max,
                                                                         const da3_host* new_host,
                                                                         const da3_plugin** out,
                                                                         da3_error* error) {
  BEFORE_ENTRY();
  const da3_plugin* good;
  const int32_t status = good_entry(LOW, HIGH, new_host, &good, error);
  *out = NULL;
  if (status) return status;
  da3_plugin* table_of_evil = &evil_tables[evil_entries++ % TABLES];
  *table_of_evil = *good;
  spoil(table_of_evil);
  *out = table_of_evil;
  return DA3_OK;
}

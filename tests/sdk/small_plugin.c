/* SPDX-License-Identifier: Apache-2.0
 * As little of a plugin as da3_add_plugin() looks at: entry, table, options. SMALL_NAME is what the table
 * says; each of the other SMALL_* makes one thing wrong or strange. */
#include <da3/plugin.h>

#ifndef SMALL_NAME
#define SMALL_NAME DA3_PLUGIN_NAME
#endif

static const da3_option schema[] = {
#ifdef SMALL_HOSTILE
    {sizeof(da3_option), 0, "hostile.text", "string", "a: \"b\" \\ {c} # d\t\xC3\xA9\n'e'",
     "%s & *x !y\r\n- \x7F \x1B, \xE2\x82\xAC \xF0\x9F\x8C\xB2", 0, DA3_SCOPE_OPTIMIZER},
    {sizeof(da3_option), 0, "hostile.empty", "string", "", "null", 1, DA3_SCOPE_RUN},
    {sizeof(da3_option), 0, "hostile.off", "enum{off,on}", "off", "yes", 0, DA3_SCOPE_OPTIMIZER},
#endif
#ifdef SMALL_BAD_DEFAULT
    {sizeof(da3_option), 0, "threads", "int[1,64]", "many", "threads of a run", 0, DA3_SCOPE_OPTIMIZER},
#endif
#ifdef SMALL_OTHERS_KEY
    {sizeof(da3_option), 0, "cuda.graphs", "bool", "true", "somebody else's", 0, DA3_SCOPE_OPTIMIZER},
#endif
#ifdef SMALL_NOT_UTF8
    {sizeof(da3_option), 0, "threads", "int[1,64]", "1", "\xC0\x80", 0, DA3_SCOPE_OPTIMIZER},
#endif
    {sizeof(da3_option), 0, "seed", "int", "0", "accepted and not used", 0, DA3_SCOPE_RUN}};

static int32_t DA3_CALL options(da3_option_sink sink, void* ctx, da3_error* error) {
  (void)error;
  for (size_t i = 0; i < sizeof schema / sizeof *schema; ++i) sink(ctx, &schema[i]);
  return DA3_OK;
}

static void DA3_CALL leave(void) {}

static const da3_plugin table = {.struct_size = sizeof(da3_plugin),
                                 .abi_major = DA3_ABI_MAJOR,
                                 .abi_minor = DA3_ABI_MINOR,
                                 .name = SMALL_NAME,
                                 .id = "org.example.da3-" SMALL_NAME,
                                 .version = "0.1.0",
                                 .vendor = "\"quoted\" \\ vendor",
                                 .license = "Apache-2.0",
                                 .runtime_id = "",
                                 .shutdown = leave,
                                 .options = options};

#ifdef SMALL_NO_ENTRY
int32_t da3_plugin_entry_of_mine(void);
DA3_EXPORT int32_t da3_plugin_entry_of_mine(void) { return table.abi_major == 1; }
#else
DA3_EXPORT int32_t DA3_CALL da3_plugin_entry(uint32_t low, uint32_t high, const da3_host* host,
                                             const da3_plugin** out, da3_error* error) {
  (void)low, (void)high, (void)host, (void)error;
  *out = &table;
  return DA3_OK;
}
#endif

#ifdef SMALL_TWO
DA3_EXPORT int da3_mine_helper(void) { return 1; }
DA3_EXPORT int another_name = 2;
#endif

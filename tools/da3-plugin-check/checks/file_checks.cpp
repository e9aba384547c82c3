// SPDX-License-Identifier: Apache-2.0
// The library's file, read without loading it.
#include <algorithm>

#include "checks/checks.hpp"
#include "elf_file.hpp"

namespace da3::check {
namespace {

ElfFile read(const Context& context) {
#if defined(__linux__)
  try {
    return ElfFile::read(context.plugin);
  } catch (const std::exception& error) {
    fail(error.what());
  }
#else
  (void)context;
  skip("this system's libraries are not ELF; nm and otool show the same");
#endif
}

std::string joined(const std::vector<std::string>& names, size_t most = 8) {
  std::string text;
  for (size_t i = 0; i < names.size() && i < most; ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
  return text;
}

std::string exports(Context& context) {
  const ElfFile file = read(context);
  std::vector<std::string> others;
  bool entry = false;
  for (const std::string& name : file.exports) {
    if (name == "da3_plugin_entry")
      entry = true;
    else
      others.push_back(name);
  }
  if (!entry) fail("it does not export da3_plugin_entry; declare it with DA3_EXPORT");
  if (!others.empty())
    fail("it also exports " + joined(others) + "; build with -fvisibility=hidden and a version script");
  return "";
}

std::string imports(Context& context) {
  const ElfFile file = read(context);
  std::vector<std::string> bad;
  for (const std::string& name : file.imports)
    if (name.starts_with("da3_")) bad.push_back(name);
  if (!bad.empty()) fail("it imports " + joined(bad) + "; a plugin takes everything from the da3_host table");
  for (const std::string& library : file.needed)
    for (const char* forbidden : {"libda3_core", "libda3_io", "libspdlog", "libfmt", "libyaml-cpp"})
      if (library.starts_with(forbidden)) bad.push_back(library);
  if (!bad.empty())
    fail("it needs " + joined(bad) +
         ", which are the host's own; log through host->log and take options as they are given");
  return "needs " + (file.needed.empty() ? std::string("nothing") : joined(file.needed));
}

std::string hardening(Context& context) {
  const ElfFile file = read(context);
  if (file.executable_stack) fail("its stack is executable; link with -z noexecstack");
  if (file.text_relocations) fail("it has text relocations; compile everything with -fPIC");
  if (!file.relro) context.warn("its tables stay writable; link with -z relro -z now");
  if (!file.bind_now) context.note("it is not linked with -z now, which would make its tables read-only");
  if (!file.soname.empty()) context.note("it has the SONAME " + file.soname + "; a plugin needs none");
  for (const std::string& path : {file.runpath, file.rpath})
    for (size_t start = 0; start < path.size();) {
      const size_t end = std::min(path.find(':', start), path.size());
      const std::string folder = path.substr(start, end - start);
      if (!folder.starts_with("$ORIGIN") && !folder.starts_with("${ORIGIN}"))
        context.warn("its RUNPATH names \"" + folder +
                     "\", which is another place on other machines; install it with $ORIGIN paths");
      start = end + 1;
    }
  return "";
}

}  // namespace

std::vector<Check> file_checks() {
  return {
      {2, "one exported symbol", "the library exports da3_plugin_entry and nothing else",
       "plugin.h, da3_plugin_entry; docs/writing-a-plugin.md, rule 27", Needs::file, true, exports},
      {3, "no symbols of the host", "it imports no da3_* symbol and needs none of the host's libraries",
       "docs/writing-a-plugin.md, rule 26", Needs::file, true, imports},
      {4, "a hardened library",
       "no executable stack, no text relocations, read-only tables, RUNPATH relative to $ORIGIN",
       "docs/plugin-check.md; docs/writing-a-plugin.md, rule 29", Needs::file, true, hardening},
  };
}

}  // namespace da3::check

// SPDX-License-Identifier: Apache-2.0
// Build tool of da3_add_plugin(): loads a plugin and writes what it says about itself.
//   da3_write_manifest LIBRARY MANIFEST --name N --device D [--version V] [--id I] [--vendor V] [--license L]
//                      [--runtime_id R] [--needs SENTENCE]... [--requires NAME=VALUE]...
// A fact that is given must be what the plugin's table says. C++17 and the system's loader, nothing else: it
// is compiled in the plugin author's build tree, where there may be no YAML library. It writes YAML's JSON
// subset: flow maps and double-quoted texts.
#include <da3/plugin.h>
#include <dlfcn.h>
#include <unistd.h>
#include <da3/error.hpp>
#include <da3/option_type.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace option_type = da3::option_type;

struct Wanted {
  std::string library, manifest;
  std::map<std::string, std::string> facts;  // "name", "device", "id", ...
  std::vector<std::string> needs;
  std::vector<std::pair<std::string, std::string>> requirements;
};

[[noreturn]] void fail(const std::string& why) { throw da3::Error(DA3_E_INVALID, why); }

std::string text(const char* s) { return s ? s : ""; }

/// Length of the UTF-8 character at i, 0 when there is none.
size_t utf8_length(const std::string& s, size_t i) {
  const auto byte = [&](size_t k) -> unsigned {
    return k < s.size() ? static_cast<unsigned char>(s[k]) : 0u;
  };
  const unsigned first = byte(i), second = byte(i + 1);
  const size_t n = first < 0x80   ? 1
                   : first < 0xC2 ? 0
                   : first < 0xE0 ? 2
                   : first < 0xF0 ? 3
                   : first < 0xF5 ? 4
                                  : 0;
  for (size_t k = 1; k < n; ++k)
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool outside = (first == 0xED && second >= 0xA0) || (first == 0xF4 && second >= 0x90);
  return n > 1 && (overlong || outside) ? 0 : n;
}

std::string quoted(const std::string& what, const std::string& s) {
  std::string out = "\"";
  for (size_t i = 0; i < s.size();) {
    const size_t n = utf8_length(s, i);
    if (n == 0) fail(what + " is not UTF-8; correct it");
    const unsigned char c = static_cast<unsigned char>(s[i]);
    char escape[8];
    if (c == '"' || c == '\\')
      out += std::string("\\") + s[i];
    else if (c < 0x20 || c == 0x7F)
      std::snprintf(escape, sizeof escape, "\\u%04x", c), out += escape;
    else
      out += s.substr(i, n);
    i += n;
  }
  return out + "\"";
}

/// An option as the plugin tells it; the pointers die with the sink's call.
struct Option {
  std::string key, type, def, help;
  bool deprecated, run;
};

void DA3_CALL collect(void* ctx, const da3_option* option) {
  if (!DA3_HAS(option, da3_option, scope)) return;
  static_cast<std::vector<Option>*>(ctx)->push_back({text(option->key), text(option->type), text(option->def),
                                                     text(option->help), option->deprecated != 0,
                                                     option->scope == DA3_SCOPE_RUN});
}

void DA3_CALL print_log(void*, int32_t level, const char* line) {
  if (level >= 3) std::fprintf(stderr, "plugin: %s\n", line);
}

const da3_plugin& enter(const std::string& library, const da3_host& host) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    fail("it cannot be loaded: " + text(dlerror()) +
         "; link what is missing, or give da3_add_plugin a MANIFEST");
  da3_plugin_entry_fn entry = nullptr;
  *reinterpret_cast<void**>(&entry) = dlsym(handle, "da3_plugin_entry");
  if (!entry) fail("it has no function da3_plugin_entry");
  char sentence[1024] = "";
  da3_error error{};
  error.struct_size = sizeof error;
  error.msg = sentence, error.msg_cap = sizeof sentence, error.index = -1;
  const da3_plugin* table = nullptr;
  const int32_t status = entry(DA3_ABI_MAJOR, DA3_ABI_MAJOR, &host, &table, &error);
  if (status != DA3_OK)
    fail("its da3_plugin_entry fails with " + text(da3::code_name(status)) + ": " + sentence);
  if (!table || table->struct_size < sizeof(da3_plugin))
    fail("its table is missing or smaller than version 1.0's; set struct_size to sizeof(da3_plugin)");
  if (!table->options) fail("its table has no options()");
  return *table;
}

/// The same rules as the core's, so that a bad schema ends the build and not somebody's run.
void check_options(const std::string& name, const std::vector<Option>& options) {
  std::set<std::string> seen;
  for (const Option& option : options) {
    const auto refuse = [&](const std::string& why) { fail("its option \"" + option.key + "\" " + why); };
    const size_t dot = option.key.find('.');
    if (option.key.empty()) refuse("has no key");
    if (!seen.insert(option.key).second) refuse("is there twice");
    if (dot != std::string::npos && option.key.substr(0, dot) != name)
      refuse("must begin with \"" + name + ".\", or have no dot and be common to all backends");
    if (!option_type::valid_type(option.type))
      refuse("has the type \"" + option.type + "\", which is none (see da3/plugin.h)");
    if (!option.def.empty() && !option_type::accepts(option.type, option.def))
      refuse("has the default \"" + option.def + "\", which is not " + option_type::in_words(option.type));
    if (option.help.empty()) refuse("has no help; say what it does");
  }
}

const char* this_arch() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "any";
#endif
}

const char* this_os() {
#if defined(__APPLE__)
  return "macos";
#elif defined(__linux__)
  return "linux";
#else
  return "any";
#endif
}

std::string manifest_of(const Wanted& wanted, const da3_plugin& table, const std::vector<Option>& options) {
  const std::string file = wanted.library.substr(wanted.library.rfind('/') + 1);
  const std::pair<const char*, std::string> fields[] = {
      {"name", text(table.name)},
      {"id", text(table.id)},
      {"version", text(table.version)},
      {"abi", std::to_string(table.abi_major) + "." + std::to_string(table.abi_minor)},
      {"vendor", text(table.vendor)},
      {"license", text(table.license)},
      {"runtime_id", text(table.runtime_id)},
      {"library", file},
      {"device", wanted.facts.at("device")},
      {"arch", this_arch()},
      {"os", this_os()}};
  std::string out =
      "# Written by da3_add_plugin() from the plugin's own table; the core reads it instead of loading the "
      "plugin.\n";
  for (const auto& [key, value] : fields) {
    const auto given = wanted.facts.find(key);
    if (given != wanted.facts.end() && given->second != value)
      fail("its table says " + text(key) + " \"" + value + "\", da3_add_plugin says \"" + given->second +
           "\"; put DA3_PLUGIN_NAME, DA3_PLUGIN_ID and so on into the table");
    if (value.empty() &&
        (std::strcmp(key, "name") == 0 || std::strcmp(key, "id") == 0 || std::strcmp(key, "version") == 0))
      fail("its table has no " + text(key));
    out += text(key) + ": " + quoted(key, value) + "\n";
  }
  out += "needs: [";
  for (size_t i = 0; i < wanted.needs.size(); ++i) out += (i ? ", " : "") + quoted("NEEDS", wanted.needs[i]);
  out += "]\n";
  for (size_t i = 0; i < wanted.requirements.size(); ++i)
    out += (i ? ", " : "requires: {") + quoted("REQUIRES", wanted.requirements[i].first) + ": " +
           quoted("REQUIRES", wanted.requirements[i].second);
  if (!wanted.requirements.empty()) out += "}\n";
  out += options.empty() ? "options: []\n" : "options:\n";
  for (const Option& o : options)
    out += "  - {\"key\": " + quoted("a key", o.key) + ", \"type\": " + quoted(o.key, o.type) +
           ", \"default\": " + quoted(o.key, o.def) + ", \"help\": " + quoted(o.key, o.help) +
           ", \"scope\": \"" + (o.run ? "run" : "optimizer") +
           "\", \"deprecated\": " + (o.deprecated ? "true" : "false") + "}\n";
  return out;
}

/// What a core knows to check: core/include/da3/manifest.hpp.
std::pair<std::string, std::string> requirement(const std::string& word) {
  constexpr const char* names = "enum{nvidia_driver,cuda,compute_capability,cpu_features,macos,metal}";
  const size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  if (equals == std::string::npos || equals + 1 == word.size() || !option_type::accepts(names, name))
    fail("REQUIRES \"" + word + "\" is not <name>=<value> with a name of " + option_type::in_words(names));
  return {name, word.substr(equals + 1)};
}

Wanted parse(int argc, char** argv) {
  if (argc < 3 || argc % 2 == 0) fail("usage: da3_write_manifest LIBRARY MANIFEST [--fact TEXT]...");
  Wanted wanted{argv[1], argv[2], {}, {}, {}};
  for (int i = 3; i < argc; i += 2) {
    const std::string word = argv[i];
    if (word == "--needs")
      wanted.needs.emplace_back(argv[i + 1]);
    else if (word == "--requires")
      wanted.requirements.push_back(requirement(argv[i + 1]));
    else
      wanted.facts[word.substr(std::min<size_t>(2, word.size()))] = argv[i + 1];
  }
  if (!wanted.facts.count("device")) wanted.facts["device"] = "any";
  return wanted;
}

void write(const Wanted& wanted) {
  da3_host host{};
  host.struct_size = sizeof host;
  host.abi_major = DA3_ABI_MAJOR, host.abi_minor = DA3_ABI_MINOR;
  host.name = "da3_add_plugin", host.version = "1";
  host.log = print_log;
  host.library_path = wanted.library.c_str();  // every other service is optional: a plugin has to do without
  const da3_plugin& table = enter(wanted.library, host);
  std::vector<Option> options;
  da3_error error{};
  error.struct_size = sizeof error;
  if (table.options(collect, &options, &error) != DA3_OK) fail("its options() fails");
  check_options(text(table.name), options);
  const std::string manifest = manifest_of(wanted, table, options);
  if (table.shutdown) table.shutdown();
  std::ofstream file(wanted.manifest);
  file << manifest;
  file.close();
  if (!file) fail("the manifest " + wanted.manifest + " cannot be written; check the folder");
}

extern "C" void too_slow(int) {
  static const char line[] =
      "da3_add_plugin: the plugin did not return from da3_plugin_entry and options() in 60 s\n";
  if (::write(2, line, sizeof line - 1) < 0) _exit(1);
  _exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGALRM, too_slow);
  alarm(60);
  std::string manifest = argc > 2 ? argv[2] : "";
  try {
    const Wanted wanted = parse(argc, argv);
    std::remove(manifest.c_str());  // an old one must not outlive a failure
    write(wanted);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "da3_add_plugin: no manifest for %s: %s\n", argc > 1 ? argv[1] : "", error.what());
    std::fflush(nullptr);
    _exit(1);
  }
  std::fflush(nullptr);
  _exit(0);  // the end of the process is not what is tested here: a runtime's own clean-up is left out
}

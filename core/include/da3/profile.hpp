// SPDX-License-Identifier: Apache-2.0
// Profile: settings as flat key/values, each with its origin. Layers, lowest first: built-in default (not
// stored here, see schema.hpp) < profile file < environment < command line. The order of the calls does not
// matter, the layer does.
//
//   da3::Profile profile = da3::Profile::from_file("profiles/cpu-balanced.yaml");
//   profile.apply_environment();             // DA3_SET_threads=4, DA3_SET_cpu__onednn=false
//   profile.set_argument("threads=8");       // --set threads=8
//   profile.find("threads")->origin          // "cli"
//
// THE FILE is one YAML document of UTF-8 text, at most 1 MB, a map at the top. Nested maps become dotted keys
// ("cpu: {threads: 4}" is "cpu.threads"), lists of scalars the text "[a, b]". Refused, each with
// file:line:column: duplicate keys (also "a.b" beside "a: {b}"), a second document, an alias to itself, merge
// keys (<<), keys that are not plain text, lists in lists, more than 32 levels or 10000 leaves, tags other
// than YAML's own. A null (`threads:` or `threads: ~`) means "unset": what an included file said about the
// key, or below it, is dropped and the default holds. `""` is the empty text. `include:` at the top is a path
// or a list of paths, relative to the file that says it: later ones win over earlier ones, the includer over
// all. At most 16 levels; a file that includes itself, directly or not, is refused.
#pragma once

#include <da3/core_export.hpp>

#include <da3/error.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace da3 {

/// Where a value comes from, lowest first.
enum class Layer { built_in = 0, profile, environment, command_line };

/// One effective setting.
struct Setting {
  std::string key;     ///< "cpu.threads"
  std::string value;   ///< YAML scalar text; lists as "[a, b]"
  std::string origin;  ///< "dir/profile.yaml:12:5", "environment", "cli", "default", or a plugin's word
  Layer layer = Layer::built_in;
  std::filesystem::path folder =
      {};  ///< of the file that said it: relative paths are relative to it; empty: current folder
};

class DA3_CORE_API Profile {
 public:
  /// An empty profile: every setting has its default.
  Profile() = default;

  /// Reads a file and what it includes. Throws Error: DA3_E_NOT_FOUND (no such file, a folder, unreadable,
  /// not a regular file) or DA3_E_BAD_VALUE (its content), the message beginning "file:line:column: " ("file:
  /// " when there is no line).
  static Profile from_file(const std::filesystem::path& path);

  /// The same from memory; name stands for the file in origins, folder is what includes are relative to.
  static Profile from_text(std::string_view yaml, const std::string& name,
                           const std::filesystem::path& folder = {});

  /// Takes every variable DA3_SET_<KEY> of the list ("NAME=value", ended by NULL; default: this process's):
  /// "__" in KEY is a dot, and letters are compared without case, so that KEY becomes lower case. An empty
  /// value unsets the profile's. Two variables for one key: Error(DA3_E_BAD_VALUE).
  void apply_environment(const char* const* environment = nullptr);

  /// Takes one "key=value" of the command line; of several for one key the last wins. "key=" unsets it
  /// (default again). Error(DA3_E_BAD_VALUE) without '=' or without a key.
  void set_argument(std::string_view key_value);

  /// Sets a value in a layer, e.g. for a tool's own flags (Layer::command_line, origin "--process-res").
  void set(Layer layer, std::string key, std::string value, std::string origin,
           const std::filesystem::path& folder = {});

  /// The winner of all layers, or nullptr: nobody set it (the default holds). The pointer lives until the
  /// next change.
  const Setting* find(std::string_view key) const;

  /// The winner's value, or fallback.
  std::string get(std::string_view key, std::string_view fallback = {}) const;

  /// The value as a path: relative ones taken from the folder of the file that said it. Empty when unset.
  std::filesystem::path get_path(std::string_view key) const;

  /// The value as a list ("[a, b]", or a scalar as a list of one) of paths, each resolved like get_path.
  std::vector<std::filesystem::path> get_paths(std::string_view key) const;

  /// Everything that was set, by key; one entry for each key.
  std::vector<Setting> settings() const;

 private:
  struct Slot {
    Setting setting;
    bool unset = false;
  };
  std::map<std::string, std::map<Layer, Slot>, std::less<>> slots_;
};

}  // namespace da3

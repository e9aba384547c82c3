// SPDX-License-Identifier: Apache-2.0
// Schema: every key a profile may hold, with its type, default, help and owner; finds typos and bad values.
//
// Keys of a backend: one without a dot in its schema is common ("threads") and may be given at the top
// ("threads: 8", for every backend) or for one ("cpu.threads: 4"). One with a dot ("cuda.graphs") is that
// backend's own. Which one counts, see backend_value.
#pragma once

#include <da3/core_export.hpp>
#include <da3/profile.hpp>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace da3 {

struct Manifest;

/// Who is given the value: the host (core, tools, io), a plugin's optimizer, or each run.
enum class Scope : uint32_t { host = 0, optimizer = DA3_SCOPE_OPTIMIZER, run = DA3_SCOPE_RUN };

/// One key. type is in the language of da3/option_type.hpp: "enum{auto}|int[1,4096]".
struct OptionSpec {
  std::string key, type, default_value, help;
  Scope scope = Scope::host;
  bool deprecated = false;
  std::string owner = {};  ///< "core", "da3-host", "cpu"; set by add()
};

/// Keys of the core: backend, device, isolation, plugins.*, log.level. Besides, plugins.sha256.<name> (64
/// hexadecimal digits) pins the library of any backend.
DA3_CORE_API const std::vector<OptionSpec>& core_options();

/// Keys that hosts share and the shipped profiles use: model, input, output, format, mode, process_res,
/// process_res_method. They are known to every Schema, so that a program that embeds da3 can load the shipped
/// profiles; a tool that adds a key of the same name replaces it.
DA3_CORE_API const std::vector<OptionSpec>& host_options();

class DA3_CORE_API Schema {
 public:
  /// Knows core_options() and host_options().
  Schema();

  /// A host-side owner (a tool, io) publishes its keys. Throws Error(DA3_E_INVALID) when a type is not of the
  /// language, a default is not accepted by its type, or the key is the core's.
  void add(const std::string& owner, std::span<const OptionSpec> options);

  /// A backend publishes its keys; a second call with its name replaces the first.
  void add_backend(const std::string& name, std::span<const OptionSpec> options);

  /// Everything wrong in the profile, in order of keys. Messages begin with the origin: "p.yaml:3:1: unknown
  /// key "thread": did you mean "threads"?". Codes: DA3_E_UNKNOWN_KEY, DA3_E_BAD_VALUE.
  ///
  /// A common key's value must be accepted by every backend that `backend:` names and that has the key; with
  /// `auto` (or when none of the named has it) by any known backend that has it. Keys of known backends that
  /// are not chosen are checked too and are no errors. "<name>.<key>" of a name nobody knows: an error that
  /// says that no manifest of it was found.
  std::vector<Error> problems(const Profile& profile) const;

  /// Throws the first problem (its message says how many more there are); warns once about each deprecated
  /// key in use.
  void check(const Profile& profile) const;

  /// A host-side key's spec, or nullptr.
  const OptionSpec* find(std::string_view key) const;

  /// A host-side key's effective value with origin ("default" when nobody set it). Throws
  /// Error(DA3_E_UNKNOWN_KEY).
  Setting value(const Profile& profile, std::string_view key) const;

  /// What the profile says about a backend's option: key as in the backend's schema ("threads",
  /// "cuda.graphs"). For a common key the later layer wins ("--set threads=2" over the file's "cpu.threads"),
  /// and within one layer "<name>.<key>" wins over
  /// "<key>". nullptr when nobody set it. The returned Setting's key is as the user wrote it.
  const Setting* backend_value(const Profile& profile, std::string_view backend, std::string_view key) const;

  /// The backend's keys as published, empty when unknown.
  std::span<const OptionSpec> backend_options(std::string_view name) const;
  std::vector<std::string> backends() const;

  /// Host-side keys by name.
  std::vector<OptionSpec> host_side() const;

 private:
  std::map<std::string, OptionSpec, std::less<>> host_;
  std::map<std::string, std::vector<OptionSpec>, std::less<>> backends_;
};

}  // namespace da3

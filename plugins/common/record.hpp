// SPDX-License-Identifier: Apache-2.0
// A machine that is only written down: key/values like "cpu.online" -> "64", in docs/machines.md. A backend
// reads its own section.
#pragma once

#include <da3/plugin.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace da3::thin {

/// Every function throws Error(DA3_E_BAD_VALUE) that names the key and where it was written.
class Record {
 public:
  /// Throws DA3_E_INVALID for NULL entries, DA3_E_BAD_VALUE for a key given twice.
  static Record parse(const da3_kv* const* facts, uint32_t n);

  std::string text(const std::string& key, const std::string& otherwise = {}) const;
  int64_t integer(const std::string& key, int64_t otherwise) const;  ///< not negative
  double number(const std::string& key, double otherwise) const;     ///< not negative
  bool flag(const std::string& key) const;                           ///< false where nothing is said
  uint64_t bytes(const std::string& key) const;  ///< "24 GiB", "512 MiB"; UINT64_MAX where nothing is said
  std::set<std::string> words(const std::string& key) const;  ///< separated by blanks or line ends

  /// Numbers that follow prefix, from 0 without a gap: of "nvidia.devices" the {"nvidia.devices.0", ...}.
  std::vector<std::string> items(const std::string& prefix) const;
  bool has(const std::string& prefix) const;  ///< the key, or one below it

  /// What was given below prefix and not asked for since is a mistake: throws DA3_E_UNKNOWN_KEY.
  void check_all_read(const std::string& prefix) const;

 private:
  struct Fact {
    std::string value, origin;
  };
  const Fact* find(const std::string& key) const;
  [[noreturn]] static void bad(const std::string& key, const Fact&, const std::string& wanted);

  std::map<std::string, Fact> facts_;
  mutable std::set<std::string> read_;
};

}  // namespace da3::thin

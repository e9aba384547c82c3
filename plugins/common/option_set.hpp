// SPDX-License-Identifier: Apache-2.0
// Key/values from the host, checked against a backend's option table.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/backend.hpp"

namespace da3::thin {

class OptionSet {
 public:
  struct Value {
    std::string text, origin;  ///< origin "default" when the host gave nothing
  };

  /// Checks opts against the options of that scope. Throws Error of kind 1 with the offender's index:
  /// DA3_E_UNKNOWN_KEY (names the key, its origin and the nearest key), DA3_E_BAD_VALUE (also for a key given
  /// twice), DA3_E_INVALID for NULL entries.
  static OptionSet parse(const BackendInfo&, uint32_t scope, const da3_kv* const* opts, uint32_t n);

  /// The value given, or the default. The key must be one of the table's.
  const std::string& text(std::string_view key) const;
  bool is(std::string_view key, std::string_view value) const { return text(key) == value; }
  bool flag(std::string_view key) const { return is(key, "true"); }
  int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;

  /// Every key of the scope, in the table's order.
  const std::vector<std::pair<std::string, Value>>& all() const { return values_; }

 private:
  std::vector<std::pair<std::string, Value>> values_;
};

}  // namespace da3::thin

// SPDX-License-Identifier: Apache-2.0
// Shipped records of machines and options, as a backend's policy takes them.
#pragma once

#include <gtest/gtest.h>
#include <da3/error.hpp>
#include <da3/profile.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/backend_info.hpp"
#include "common/option_set.hpp"
#include "common/record.hpp"

namespace da3::test {

using Settings = std::vector<std::pair<std::string, std::string>>;

/// Settings in the form the ABI takes.
class KeyValueList {
 public:
  explicit KeyValueList(const Settings& settings) {
    values_.reserve(settings.size());
    for (const auto& [key, value] : settings) {
      values_.push_back({sizeof(da3_kv), 0, key.c_str(), value.c_str(), "test"});
      list_.push_back(&values_.back());
    }
  }
  KeyValueList(const KeyValueList&) = delete;
  const da3_kv* const* data() const { return list_.data(); }
  uint32_t size() const { return static_cast<uint32_t>(list_.size()); }

 private:
  std::vector<da3_kv> values_;
  std::vector<const da3_kv*> list_;
};

/// configs/machines/<name>.yaml; changes win over what it says, an empty one removes.
inline thin::Record record(const std::string& name, const Settings& changes = {}) {
  Profile file =
      Profile::from_file(std::filesystem::path(DA3_SOURCE_DIR) / "configs/machines" / (name + ".yaml"));
  for (const auto& [key, value] : changes) file.set_argument(key + "=" + value);
  // What this build carries code for is its builder's choice.
  if (file.find("nvidia.devices.0.name") && !file.find("nvidia.built_for"))
    file.set_argument("nvidia.built_for=7.5 8.0 8.6 9.0 10.0 12.0");
  Settings facts;
  for (const Setting& fact : file.settings()) facts.emplace_back(fact.key, fact.value);
  const KeyValueList list(facts);
  return thin::Record::parse(list.data(), list.size());
}

inline thin::OptionSet options(const Settings& settings) {
  const KeyValueList list(settings);
  return thin::OptionSet::parse(thin::backend_info(), DA3_SCOPE_OPTIMIZER, list.data(), list.size());
}

struct Decided {
  engine::Policy policy;
  std::map<std::string, std::string> effective;  ///< without "effective."
  std::vector<std::string> warnings;
};

inline Decided decided(const thin::Decision& decision) {
  Decided result{decision.policy, {}, decision.warnings};
  for (const auto& [key, value] : decision.effective) {
    EXPECT_EQ(key.rfind("effective.", 0), 0u) << key;
    EXPECT_TRUE(result.effective.emplace(key.substr(10), value).second) << key;
  }
  return result;
}

/// The sentence of the Error that call throws; its code is compared.
template <class Call>
std::string refusal(int32_t code, Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.message();
  }
  return "not refused";
}

}  // namespace da3::test

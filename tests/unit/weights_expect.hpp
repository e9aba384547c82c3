// SPDX-License-Identifier: Apache-2.0
// A tensor's values against an entry of checkpoint_values.json or weights_values.json: shape, first three,
// sum.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "weights.hpp"

namespace da3::test {

inline std::vector<int64_t> shape_in(const nlohmann::json& entry) {
  return entry.at("shape").get<std::vector<int64_t>>();
}

/// The first three bit for bit; the sum but for the order of its additions.
inline void expect_values(const std::string& name, const std::vector<int64_t>& shape,
                          const std::vector<float>& data, const nlohmann::json& entry) {
  EXPECT_EQ(shape, shape_in(entry)) << name;
  const auto first = entry.at("first").get<std::vector<float>>();
  ASSERT_GE(data.size(), first.size()) << name;
  EXPECT_TRUE(std::equal(first.begin(), first.end(), data.begin())) << name;
  double sum = 0;
  for (const float value : data) sum += value;
  EXPECT_NEAR(sum, entry.at("sum").get<double>(), 1e-11 * double(data.size()) + 1e-12) << name;
}

/// What the generator makes of the whole tensor.
inline void expect_all_values(const std::string& name, const nlohmann::json& entry, bool outliers) {
  const std::vector<int64_t> shape = shape_in(entry);
  int64_t elements = 1;
  for (const int64_t size : shape) elements *= size;
  std::vector<float> data(static_cast<size_t>(elements));
  weights::fill(name, shape, outliers, 0, elements, data.data());
  expect_values(name, shape, data, entry);
}

inline void expect_first_values(const std::string& name, const nlohmann::json& entry, bool outliers) {
  const auto first = entry.at("first").get<std::vector<float>>();
  std::vector<float> data(first.size());
  weights::fill(name, shape_in(entry), outliers, 0, int64_t(first.size()), data.data());
  EXPECT_EQ(data, first) << name;
}

}  // namespace da3::test

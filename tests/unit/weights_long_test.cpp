// SPDX-License-Identifier: Apache-2.0
#include "unit/checkpoint_files.hpp"
#include "unit/weights_expect.hpp"

namespace da3::weights {
namespace {

TEST(WeightsLong, SumsOfDa3Small) {
  const nlohmann::json values = test::read_test_json("checkpoint_values.json").at("da3-small");
  for (const auto& [tensor, value] : values.items()) test::expect_all_values(tensor, value, false);
}

TEST(WeightsLong, SumsOfLargeModels) {
  const nlohmann::json values = test::read_test_json("weights_values.json");
  for (const auto& [model, tensors] : values.items())
    for (const auto& [tensor, value] : tensors.items())
      test::expect_all_values(tensor, value, model.ends_with("-outliers"));
}

}  // namespace
}  // namespace da3::weights

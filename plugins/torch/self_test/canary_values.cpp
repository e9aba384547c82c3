// SPDX-License-Identifier: Apache-2.0
// Printed by Canary.StoredValuesAreTheReferences (tests/plugins/canary_test.cpp) where they are not.
#include "self_test/canary.hpp"

namespace da3::engine {

const std::vector<TapValues>& stored_canary() {
  static const std::vector<TapValues> values{};
  return values;
}

}  // namespace da3::engine

// SPDX-License-Identifier: Apache-2.0
// The extension "da3.self-test/1" of every thin plugin: its engine's tests.
#pragma once

#include <da3/self_test.h>

namespace da3::thin {

const da3_self_test& self_test_table();

}  // namespace da3::thin

// SPDX-License-Identifier: Apache-2.0
// The extension "da3.assume/1" of every thin plugin.
#pragma once

#include <da3/assume.h>

namespace da3::thin {

const da3_assume& assume_table();

}  // namespace da3::thin

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/backend.hpp"

namespace da3::thin {

/// Facts and options of the backend that is linked in; defined once in every plugins/<name>/options.cpp.
const BackendInfo& backend_info();

}  // namespace da3::thin

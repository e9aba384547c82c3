// SPDX-License-Identifier: Apache-2.0
// The program da3-worker, which the core starts for `isolation: process`. Not for programs.
#pragma once

#include <da3/core_export.hpp>

namespace da3 {

/// Serves the host that started this process; does not return while it is there.
DA3_CORE_API int worker_main(int argc, char** argv);

}  // namespace da3

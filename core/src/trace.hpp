// SPDX-License-Identifier: Apache-2.0
// The host's side of "da3.trace/1": brings a plugin's spans to the Watch of the load or run they belong to.
#pragma once

#include <da3/trace.h>

namespace da3::detail {

/// The same for all plugins; never destroyed.
const da3_trace& trace_table();

}  // namespace da3::detail

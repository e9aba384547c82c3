// SPDX-License-Identifier: Apache-2.0
// What a command that takes long says while it works, from its making to its end.
#pragma once

#include "progress.hpp"

namespace da3::host {

/// Sends log lines through the progress and lets signals speak as it does; puts both the log's sink and its
/// level back.
class Messages {
 public:
  explicit Messages(const Arguments& arguments);
  ~Messages();
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;

  const LogLevel level;  ///< asked for
  Progress progress;
};

}  // namespace da3::host

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <vector>

namespace da3::bench {

/// While it lives, what is logged goes to stderr as before, and warnings and worse are kept too.
class KeptWarnings {
 public:
  explicit KeptWarnings(bool quiet);
  ~KeptWarnings();
  KeptWarnings(const KeptWarnings&) = delete;

  /// Those since the last call, each once.
  std::vector<std::string> take();

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace da3::bench

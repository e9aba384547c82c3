// SPDX-License-Identifier: Apache-2.0
// Runs of one model, one after the other.
#pragma once

#include <da3/plugin.h>

#include <memory>

#include "engine/model.hpp"
#include "engine/run_request.hpp"

namespace da3::engine {

class Session {
 public:
  explicit Session(std::shared_ptr<const Model> model) : model_(std::move(model)) {}

  /// Runs and fills the outputs. Throws Error; on failure no output was handed over.
  void run(const da3_run& run) const;

 private:
  std::shared_ptr<const Model> model_;
};

}  // namespace da3::engine

// SPDX-License-Identifier: Apache-2.0
// Runs of one model, one after the other.
#pragma once

#include <da3/plugin.h>

#include <functional>
#include <memory>
#include <vector>

#include "engine/model.hpp"
#include "engine/run_request.hpp"

namespace da3::engine {

/// The run's watch; a run without one is never cancelled.
Watcher watcher_of(const da3_run& run);

class Session {
 public:
  explicit Session(std::shared_ptr<const Model> model);

  /// Runs and fills the outputs. Throws Error; on failure no output was handed over.
  void run(const da3_run& run) const;

  /// The thread that its runs are on.
  Worker& worker() const;

  /// The same without waiting: run must live until the job is done.
  Worker::JobPtr submit(const da3_run& run) const;

 private:
  /// On the lane's thread. upload: of the image, begun before; or NULL.
  void execute(const da3_run& run, std::shared_ptr<DeviceCopy> upload) const;
  std::shared_ptr<DeviceCopy> begin_upload(const da3_run& run) const;
  net::Computed compute(const RunRequest& request, const net::RunControl& control) const;
  std::vector<at::Tensor> results(const RunRequest& request, const net::RunControl& control) const;
  std::vector<at::Tensor> with_less_memory(RunRequest& request,
                                           const std::function<std::vector<at::Tensor>()>& attempt) const;

  std::shared_ptr<const Model> model_;
  size_t lane_;
};

}  // namespace da3::engine

// SPDX-License-Identifier: Apache-2.0
#include "engine/run_request.hpp"

#include "engine/run_parts.hpp"

namespace da3::engine {

RunRequest read_run(const da3_run& run, const Model& model, bool with_data) {
  RunRequest request;
  read_options(run, model, request);
  read_inputs(run, model, with_data, request);
  read_outputs(run, model, request);
  request.network.head_chunk_views = model.context().policy.head_chunk_views;
  return request;
}

}  // namespace da3::engine

// SPDX-License-Identifier: Apache-2.0
// da3/da3.hpp - Depth Anything 3 on any device.
//
//   #include <da3/da3.hpp>
//
//   da3::Profile profile = da3::Profile::from_file("profiles/cpu-balanced.yaml");
//   da3::PluginRegistry registry(profile);      // looks for backends, loads nothing
//   da3::Engine engine(registry, profile);      // checks the profile, chooses a backend, sets up its policy
//   da3::Model model = engine.load_model("models/da3-base");
//   da3::Session session = model.create_session();
//
//   da3::RunRequest request;                    // one scene of two views, 280 x 504, RGB
//   request.inputs = {da3::Tensor::borrow("image", da3::DType::uint8, {1, 2, 280, 504, 3}, pixels)};
//   request.outputs = {"depth", "extrinsics"};
//   da3::RunResult result = session.run(request);
//   std::span<const float> depth = result.at("depth").floats();   // [1, 2, 280, 504]
//
// THREADS  Engine and Model may be used from several threads at once. A Session runs one request at a time:
// give each thread its
//          own. Handles may be copied, moved and destroyed anywhere, in any order: each keeps alive what it
//          needs.
// ERRORS   Every failure is a da3::Error: a code (DA3_E_*), a sentence "what failed: why; what to do", and
// for options, inputs
//          and outputs their kind and index. Names, shapes and units of inputs and outputs: da3/plugin.h.
#pragma once

#include <da3/core_export.hpp>
#include <da3/error.hpp>
#include <da3/log.hpp>
#include <da3/paths.hpp>
#include <da3/plugin_registry.hpp>
#include <da3/profile.hpp>
#include <da3/tensor.hpp>
#include <da3/trace.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace da3 {

namespace detail {
struct OptimizerState;
struct ModelState;
struct SessionState;
}  // namespace detail

/// Progress, cancelling and timing of a load or a run; each may be empty, each may be called on any thread.
/// An exception that one of them throws cancels the call and is thrown again by it.
struct Watch {
  std::function<bool()> should_cancel;  ///< true: stop; the call throws Error(DA3_E_CANCELLED)
  std::function<void(uint64_t done, uint64_t total, std::string_view stage)> progress;
  TraceSink trace;  ///< called by one thread at a time; empty: nothing is measured
  TraceDetail trace_detail = TraceDetail::stages;
};

/// Who allocates the outputs that RunRequest::outputs names.
enum class OutputMemory {
  host,   ///< the core does, by the shapes in model_describe; the plugin where a shape is not known before
  plugin  ///< the plugin does; freed when the last copy of the Tensor goes, even after the session and the
          ///< model
};

struct RunRequest {
  std::vector<Tensor> inputs;        ///< "image", "extrinsics", "intrinsics"
  std::vector<std::string> outputs;  ///< by name; only what is asked for is computed
  std::vector<Tensor> into;          ///< more outputs, written into the caller's memory; shapes must be right
  OutputMemory output_memory = OutputMemory::host;
  /// Options of scope run ("seed", "ref_view_strategy") for this run; they win over the profile's. Unknown
  /// ones are errors.
  std::vector<Setting> options;
  Watch watch;
  uint64_t id = 0;  ///< the caller's, for logs; 0: counted by the core
};

struct DA3_CORE_API RunResult {
  std::vector<Tensor> outputs;  ///< in the order of RunRequest::outputs, then RunRequest::into
  /// Throws Error(DA3_E_INVALID) when the run did not make it.
  const Tensor& at(std::string_view name) const;
  const Tensor* find(std::string_view name) const;
};

/// Bytes; UINT64_MAX: not known.
struct Memory {
  uint64_t weights = UINT64_MAX, activations = UINT64_MAX, pool_idle = UINT64_MAX, peak = UINT64_MAX,
           host_pinned = UINT64_MAX, cache_disk = UINT64_MAX;
  uint64_t limit = UINT64_MAX;  ///< what the policy allows a run in all; UINT64_MAX: no limit
};

/// One setting as it holds now.
struct PlanEntry {
  std::string key, value, origin;
  std::string reason;  ///< where somebody changed what was asked for, or chose: why. May be empty
  std::string owner;   ///< "core", "da3-host", "cpu"
};

/// Reads "float32 [B,S,H/14*8,W]" with the sides of an image tensor [B,S,H,W,3]: the shape, or empty when a
/// side is not known before the run. Products and quotients of B, S, H, W and whole numbers, from left to
/// right. Throws Error(DA3_E_BAD_VALUE).
DA3_CORE_API std::vector<int64_t> output_shape(std::string_view spec,
                                               const std::vector<int64_t>& image_shape);

class DA3_CORE_API Session {
 public:
  /// Runs one request and returns when its outputs are ready. [one thread at a time]
  RunResult run(const RunRequest& request);

 private:
  friend class Model;
  explicit Session(std::shared_ptr<detail::SessionState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::SessionState> state_;
};

class DA3_CORE_API Model {
 public:
  /// model.*, capability.*, input.* and output.* as in plugin.h, in the plugin's order.
  const std::vector<Setting>& describe() const;
  /// One of these values, or "" when the plugin does not give it.
  std::string value(std::string_view key) const;
  /// capability.<name> is true: "pose", "pose_input", "ray", "metric", "sky", "confidence", "gaussians",
  /// "features".
  bool has_capability(std::string_view name) const;
  /// Names of outputs, from output.<name>.
  std::vector<std::string> outputs() const;

  Session create_session() const;

  /// What a run of these shapes would need. Error(DA3_E_UNSUPPORTED) when the plugin cannot tell.
  Memory estimate(const RunRequest& request) const;

 private:
  friend class Engine;
  explicit Model(std::shared_ptr<detail::ModelState> state) : state_(std::move(state)) {}
  std::shared_ptr<detail::ModelState> state_;
};

/// A chosen backend on a device with its policy (precision, threads, ...).
class DA3_CORE_API Engine {
 public:
  /// Checks the profile against registry.schema() (DA3_E_UNKNOWN_KEY, DA3_E_BAD_VALUE), then chooses
  /// (DA3_E_UNAVAILABLE), then sets up. The plugin is given what the profile, the environment or the command
  /// line set; it knows its defaults itself.
  Engine(PluginRegistry& registry, const Profile& profile);

  const std::string& backend() const;  ///< "cpu"
  const PluginInfo& plugin() const;
  const Device& device() const;
  const Choice& choice() const;

  /// The policy as it holds now: the plugin's options and effective.*, with effective.backend first. A
  /// model's load may settle more of it: ask again. [any]
  std::vector<Setting> describe() const;
  /// One of these values, or "": value("effective.workers").
  std::string value(std::string_view key) const;

  /// Every setting of core, host and backend, its origin and why; no model is loaded for it. Host-side keys
  /// first.
  std::vector<PlanEntry> plan() const;

  /// Loads model.safetensors + config.json of a folder (or what the plugin takes). Throws DA3_E_NOT_FOUND,
  /// DA3_E_MODEL, ...
  Model load_model(const std::filesystem::path& path, const Watch& watch = {}) const;

  Memory memory() const;                    ///< [any] also during a run
  uint64_t trim(uint32_t level = 1) const;  ///< bytes freed; 0 idle memory, 1 caches, 2 all but weights

 private:
  std::shared_ptr<detail::OptimizerState> state_;
};

}  // namespace da3

// SPDX-License-Identifier: Apache-2.0
// A backend with a model that is ready to run one scene again and again.
#pragma once

#include <da3/da3.hpp>
#include <da3/trace.hpp>
#include <optional>
#include <string>
#include <vector>

#include "settings.hpp"
#include "stage_times.hpp"
#include "sweep.hpp"

namespace da3::bench {

/// What all cases share: profile, flags and plugins, as da3-host takes them. A case's own settings win.
host::Arguments arguments_for(const host::Arguments& common, const Case& what);

struct RunSample {
  double milliseconds = 0;
  host::StageTimes stages;
  RunResult result;
};

class Subject {
 public:
  /// Chooses the backend, finds and loads the model, makes the input (coloured_squares). Throws
  /// host::PhaseError. operations: hears every span of the load and of the runs, down to single operations.
  Subject(const host::Arguments& common, const Case& what, TraceSink operations = {});

  /// One run of the case's batch, all that da3-host would need of it. [one thread at a time]
  RunSample run() { return run(*session_); }
  /// The same on a session of the caller's.
  RunSample run(Session& session) const;
  Session new_session() const;

  /// Other images; RGB [batch, views, height, width, 3].
  void set_pixels(std::vector<uint8_t> pixels) { pixels_ = std::move(pixels); }

  /// What a run would need, by the backend; nothing where it cannot tell.
  std::optional<Memory> estimate() const;
  /// What the backend holds now; nothing where it cannot tell.
  std::optional<Memory> memory() const;

  const Case& what() const { return what_; }
  const Engine& engine() const { return *engine_; }
  const Model& model() const { return *model_; }
  const std::filesystem::path& model_path() const { return model_path_; }
  double backend_ms() const { return backend_ms_; }  ///< to look for plugins and to set one up
  double load_ms() const { return load_ms_; }
  const host::StageTimes& load_stages() const { return load_stages_; }

 private:
  void find_checkpoint();
  void load();
  void listen(Watch& watch, host::StageTimes& stages) const;
  RunRequest request() const;

  Case what_;
  TraceSink operations_;
  host::Setup setup_;
  std::filesystem::path model_path_;
  std::optional<Engine> engine_;
  std::optional<Model> model_;
  std::optional<Session> session_;
  std::vector<std::string> outputs_;
  std::vector<uint8_t> pixels_;
  double backend_ms_ = 0, load_ms_ = 0;
  host::StageTimes load_stages_;
};

}  // namespace da3::bench

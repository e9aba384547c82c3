// SPDX-License-Identifier: Apache-2.0
#include <da3/da3.hpp>
#include <da3/file_hash.hpp>

#include <algorithm>
#include <exception>
#include <optional>

#include "backend.hpp"
#include "commands.hpp"
#include "exit_code.hpp"
#include "image_library.hpp"
#include "inputs/colmap_folder.hpp"
#include "inputs/input_files.hpp"
#include "live/live_run.hpp"
#include "live/live_source.hpp"
#include "locations.hpp"
#include "messages.hpp"
#include "models/run_demands.hpp"
#include "profile/run_profile.hpp"
#include "run_model.hpp"
#include "run_outcome.hpp"
#include "scenes/dry_run.hpp"
#include "scenes/find_scenes.hpp"
#include "scenes/item_log.hpp"
#include "scenes/output_folder.hpp"
#include "scenes/pipeline_limits.hpp"
#include "scenes/result_files.hpp"
#include "scenes/scene_loop.hpp"
#include "scenes/scene_workers.hpp"
#include "scenes/shard.hpp"
#include "scenes/writing.hpp"
#include "stopwatch.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

/// A run in the order in which things may go wrong: settings, backend, model, inputs, scenes, results.
class Run {
 public:
  explicit Run(const Arguments& arguments)
      : arguments_(arguments),
        setup_(make_setup(arguments)),
        settings_(run_settings(setup_, arguments)),
        devices_(in_phase(Phase::profile, [&] { return wanted_devices(setup_); })),
        messages_(arguments),
        folder_(settings_.output) {
    colmap_folder_ = is_colmap_folder(settings_.inputs);
    poses_by_folder_ = colmap_folder_ && settings_.cameras.poses.empty();
    if (poses_by_folder_ && settings_.exif_rotation)
      throw PhaseError(Phase::profile, Error(DA3_E_BAD_VALUE,
                                             origin_of(setup_, "exif_rotation") +
                                                 ": the cameras of a COLMAP folder are of the images as they "
                                                 "are stored; leave it out"));
    if (poses_by_folder_) settings_.cameras.poses = settings_.inputs.front();
  }

  int go() {
    report_.version = DA3_VERSION;
    report_.started = utc_now();
    if (arguments_.profile_run) context_.profile = &profile_;
    Stopwatch watch;
    Engine engine =
        open_engine(devices_.indexes.empty() ? std::nullopt : std::optional(devices_.indexes.front()), "");
    report_.backend_ms = watch.lap();
    report_.backend = engine.backend();
    report_.plugin = engine.plugin();
    report_.device = engine.device();
    report_.model_path = model_of_run(setup_, settings_.demo_inputs);
    sources_ = result_sources(report_.model_path, settings_.cameras.poses);
    check_before_loading();
    if (!settings_.cameras.poses.empty()) read_cameras();
    // Not before the load: which libraries LibTorch finds in the process does not depend on it.
    const auto begun = [this] { library_.begin(); };
    const Model model = load_model(engine, report_, progress_, context_.profile, model_file_, begun);
    context_.facts = model_facts(model.describe());
    check_demands(setup_, settings_, context_.facts, poses_by_folder_);
    prepare(engine, model);
    Session session = in_phase(Phase::model, [&] { return model.create_session(); });
    context_.model = &model;
    context_.outputs = outputs_needed(context_);
    const PipelineLimits limits = pipeline_limits(engine);
    if (!arguments_.dry_run) open_workers({engine, model, session});
    context_.session = &session;
    if (arguments_.dry_run) return print_dry_run(limits);
    if (arguments_.live.wanted()) return live();
    LoopResult loop = loop_over_scenes(limits);
    report_.scenes = std::move(loop.scenes);
    outcome_.fatal = loop.fatal;
    outcome_.first_failure = loop.first_failure;
    outcome_.images_lack = report_.frames.shortfalls > 0;
    add_scenes(outcome_, report_.scenes);
    if (no_scale_is_known(report_.scenes))
      report_.depth_unit = depth_unit(context_.facts.can, cameras_->has_intrinsics(), false);
    finish();
    return report_.exit_status;
  }

 private:
  /// Without device and with backend "": the first one, which chooses them.
  Engine open_engine(std::optional<int32_t> device, const std::string& backend) {
    Profile profile = worker_profile(setup_, devices_, device, backend);
    // The engine applies log.level; warnings go into run.json even where nobody wants to see them.
    if (messages_.level > LogLevel::warn) profile.set(Layer::command_line, "log.level", "warn", "");
    return make_engine(setup_, profile);
  }

  /// As many more as there are devices and scenes for them.
  void open_workers(SceneWorker first) {
    workers_.push_back(std::move(first));
    const Engine& engine = workers_.front().engine;
    const auto further =
        further_devices(devices_, engine.plugin(), engine.device(), std::max<size_t>(scenes_.size(), 1) - 1);
    const auto open = [this](int32_t device) { return open_engine(device, report_.backend); };
    add_workers(workers_, further, devices_.all, report_.model_path, open);
    for (const SceneWorker& worker : workers_)
      report_.workers.push_back({worker.engine.device().name, worker.engine.device().dl_id});
  }

  /// Opened when it is needed first. A broken installation, not a broken file: so it counts as a plugin that
  /// cannot be loaded.
  const io::Api& images() {
    if (!context_.io) context_.io = in_phase(Phase::backend, [&] { return &library_.get(); });
    return *context_.io;
  }

  void read_cameras() {
    cameras_.emplace(in_phase(Phase::input, [&] { return KnownCameras(images(), settings_.cameras); }));
  }

  bool poses_given() const { return cameras_ && cameras_->has_poses(); }

  /// Where the folder tells what the model can do, nothing has to be loaded to refuse.
  void check_before_loading() {
    check_live_input(arguments_.live);
    if (!arguments_.dry_run && !settings_.formats.empty()) check_output_folder(settings_.output);
    if (!arguments_.dry_run && arguments_.live.stream_to) check_stream_file(*arguments_.live.stream_to);
    if (const auto facts = model_facts(report_.model_path)) {
      context_.facts = *facts;
      check_demands(setup_, settings_, context_.facts, poses_by_folder_);
    }
    check_videos(settings_.formats);
  }

  void prepare(const Engine& engine, const Model& model) {
    const ProcessRes resolution = process_res(settings_.process_res, model.value("model.process_res"));
    report_.process_res = resolution.value;
    report_.process_res_method = settings_.process_res_method;
    report_.mode = settings_.mode == Mode::independent ? "independent" : "multiview";
    report_.output = settings_.output;
    report_.settings = full_plan(engine, setup_, arguments_, model.value("model.process_res"));
    report_.image_libraries = images().libraries;
    if (!cameras_) read_cameras();
    if (poses_given() && !context_.facts.can.pose_input) {
      log(LogLevel::warn, "the model takes no poses: only the intrinsics are used");
      cameras_->forget_poses();
    }
    if (cameras_->has_intrinsics() && !poses_given() && !poses_by_folder_ &&
        !context_.facts.can.metric_by_focal && !intrinsics_serve_a_format(settings_, context_.facts))
      log(LogLevel::warn, "intrinsics without poses change nothing with this model; it predicts its own");
    report_.poses = settings_.cameras.poses;
    report_.depth_unit = depth_unit(context_.facts.can, cameras_->has_intrinsics(),
                                    poses_given() && settings_.cameras.align_to_input_ext_scale);
    context_.progress = &progress_;
    context_.cameras = &*cameras_;
    context_.camera_settings = settings_.cameras;
    context_.formats = settings_.formats;
    context_.features = settings_.features;
    context_.export_options = settings_.export_options;
    context_.export_options.threads = writing_threads(engine);
    report_.export_options = settings_.export_options;
    context_.output = settings_.output;
    if (!settings_.formats.empty()) context_.folder = &folder_;
    context_.preview = preview_for(arguments_.preview, *context_.io, settings_.export_options.colormap);
    context_.preprocess.process_res = resolution.value;
    context_.preprocess.process_res_method = settings_.process_res_method;
    context_.preprocess.exif_rotation = settings_.exif_rotation;
    if (!arguments_.live.wanted()) scenes_ = in_phase(Phase::input, [&] { return look_for_scenes(); });
    for (const Scene& scene : scenes_) context_.images += scene.files.size();
    find_input_files();
    scenes_ = scenes_of(arguments_.shard, std::move(scenes_));
    report_.manifest = shard_name(arguments_.shard, "run", ".json");
    check_results_of_run();
    context_.scenes = scenes_.size();
  }

  /// Those of all shards: none writes over what another one reads.
  void find_input_files() {
    inputs_.add_model(report_.model_path);
    inputs_.add_poses(settings_.cameras.poses);
    if (arguments_.config) inputs_.add(find_profile(*arguments_.config, share_folder()));
    for (const auto& [video, pictures] : report_.frames.of_video) inputs_.add(video);
    for (const Scene& scene : scenes_)
      for (const fs::path& file : scene.files) inputs_.add(file);
    context_.inputs = &inputs_;
  }

  void check_results_of_run() const {
    for (const Scene& scene : scenes_) check_results(inputs_, context_, scene);
    std::vector<std::string> names{report_.manifest, shard_name(arguments_.shard, "items", ".jsonl")};
    if (context_.profile) names.insert(names.end(), {"trace.json", "profile.md"});
    for (const std::string& name : names) check_result(inputs_, settings_.output / name);
  }

  std::vector<Scene> look_for_scenes() {
    SceneSearch search{images(), settings_, progress_};
    search.recursive = arguments_.recursive;
    search.temporary = arguments_.dry_run;
    search.reuse = arguments_.resume || arguments_.shard.count > 1;
    if (colmap_folder_) search.colmap = &*cameras_;
    FoundScenes found = find_scenes(search);
    report_.frames = std::move(found.frames);
    temporary_frames_ = std::move(found.temporary);
    return std::move(found.scenes);
  }

  ItemLog item_log() const {
    return in_phase(Phase::input, [&] {
      return ItemLog(settings_.output / shard_name(arguments_.shard, "items", ".jsonl"),
                     result_settings(report_, setup_.profile) + sources_, arguments_.resume);
    });
  }

  int print_dry_run(const PipelineLimits& limits) const {
    const ItemLog items = item_log();
    print(dry_run(context_, scenes_, limits, done_before(items)));
    return exit_ok;
  }

  LoopResult loop_over_scenes(const PipelineLimits& limits) {
    // A single scene is done or not: a log of it would only lie about.
    const bool logged = scenes_.size() > 1 || arguments_.shard.count > 1 || arguments_.resume;
    ItemLog items = item_log();
    const SceneDone done = [&](const SceneReport& scene) {
      // Where an image was left out, the next run may find it repaired.
      if (logged && scene.skipped.empty())
        in_phase(Phase::output, [&] { items.add(scene.scene, scene_entry(report_, scene)); });
    };
    return run_scenes(worker_contexts(workers_, context_), scenes_, limits, done_before(items), done);
  }

  /// Pictures that come while the program runs.
  int live() {
    LiveResult result = run_live(context_, arguments_.live);
    report_.scenes = std::move(result.scenes);
    report_.earlier_failed = result.failed, report_.earlier_done = result.done;
    for (const SceneReport& scene : report_.scenes)
      --(scene.failure.empty() ? report_.earlier_done : report_.earlier_failed);
    outcome_.fatal = result.fatal;
    outcome_.first_failure = result.first_failure;
    outcome_.any_done = result.done > 0;
    if (!context_.formats.empty()) return finish(), report_.exit_status;
    end_of_fatal();  // all went into the stream
    return exit_status_of(outcome_);
  }

  /// What is done is reported, also where an error ended the run: then as well as it can be, and the error
  /// goes on.
  void finish() {
    report_.exit_status = exit_status_of(outcome_);
    if (!outcome_.any_done) return end_of_fatal();
    report_.warnings = progress_.warnings();
    report_.peak_memory = peak_memory();
    report_.total_ms = total_.lap();
    report_.plugin_sha256 = report_.plugin.file.sha256();
    report_.model_sha256 = model_file_.sha256();
    try {
      folder_.check();
      in_phase(Phase::output,
               [&] { context_.io->write_text_atomic(report_.output / report_.manifest, run_json(report_)); });
      const std::string files = in_phase(Phase::output, [&] { return write_profile(); });
      print((context_.profile ? profile_.table() + "\n" : "") + table(report_) + files);
    } catch (const PhaseError&) {
      if (!outcome_.fatal) throw;  // else the first error is the one to tell
    }
    end_of_fatal();
  }

  /// The files' names, one a line.
  std::string write_profile() const {
    if (!context_.profile) return "";
    const fs::path trace = report_.output / "trace.json", profile = report_.output / "profile.md";
    context_.io->write_text_atomic(trace, profile_.chrome_trace());
    context_.io->write_text_atomic(profile, profile_.table());
    return trace.string() + "\n" + profile.string() + "\n";
  }

  void end_of_fatal() const {
    if (outcome_.fatal) std::rethrow_exception(outcome_.fatal);
  }

  const Arguments& arguments_;
  Stopwatch total_;
  Setup setup_;
  RunSettings settings_;
  WantedDevices devices_;
  Messages messages_;
  Progress& progress_ = messages_.progress;
  RunReport report_;
  RunProfile profile_;
  OutputFolder folder_;
  SceneContext context_;
  ImageLibrary library_;
  bool colmap_folder_ = false, poses_by_folder_ = false;  ///< what the only input is and gives
  std::optional<KnownCameras> cameras_;
  std::shared_ptr<const TemporaryFrames> temporary_frames_;
  std::vector<Scene> scenes_;
  InputFiles inputs_;
  std::vector<SceneWorker> workers_;
  std::string sources_;    ///< the files of the model and the poses, as they were before they were read
  PinnedFile model_file_;  ///< its weights as they were loaded
  RunOutcome outcome_;
};

}  // namespace

int run_command(const Arguments& arguments) { return Run(arguments).go(); }

}  // namespace da3::host

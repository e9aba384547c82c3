// SPDX-License-Identifier: Apache-2.0
#include <da3/da3.hpp>
#include <da3/io/open.hpp>
#include <da3/option_type.hpp>

#include <exception>

#include "../exit_code.hpp"
#include "../find_model.hpp"
#include "../locations.hpp"
#include "../run_scene.hpp"
#include "../signals.hpp"
#include "../stopwatch.hpp"
#include "commands.hpp"

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
        level_(log_level()),
        progress_(arguments.quiet ? ProgressMode::none : arguments.progress, level_, Terminal::of(stderr)) {
    set_log_sink([this](LogLevel level, std::string_view line) { progress_.log(level, line); });
    signals::announce(arguments.quiet                            ? signals::Announcement::none
                      : arguments.progress == ProgressMode::json ? signals::Announcement::json
                                                                 : signals::Announcement::plain);
  }
  ~Run() {
    set_log_sink({});
    set_log_level(level_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  int go() {
    report_.version = DA3_VERSION;
    report_.started = utc_now();
    const Engine engine = open_engine();
    const Model model = load_model(engine);
    prepare(engine, model);
    Session session = in_phase(Phase::model, [&] { return model.create_session(); });
    context_.session = &session;
    run_scenes();
    finish();
    return report_.exit_status;
  }

 private:
  Engine open_engine() {
    Stopwatch watch;
    Profile profile = setup_.profile;
    // The engine applies log.level; warnings go into run.json even where nobody wants to see them.
    if (level_ > LogLevel::warn) profile.set(Layer::command_line, "log.level", "warn", "");
    Engine engine = in_phase(Phase::backend, [&] { return Engine(setup_.registry, profile); });
    for (const PluginInfo& plugin : setup_.registry.plugins())
      if (plugin.found_by == "--plugin" && !plugin.reason.empty())
        log(LogLevel::warn, "--plugin " + plugin.library.string() + " is not used: " + plugin.reason);
    report_.backend_ms = watch.lap();
    report_.backend = engine.backend();
    report_.plugin = engine.plugin();
    report_.device = engine.device();
    report_.policy = engine.describe();
    return engine;
  }

  Model load_model(const Engine& engine) {
    const Setting wanted = setup_.registry.schema().value(setup_.profile, "model");
    const bool demo = wanted.value.empty();
    report_.model_path = in_phase(Phase::model, [&] {
      return demo ? demo_model(share_folder())
                  : find_model(wanted.value, setup_.profile.get_path("model"), share_folder());
    });
    if (demo && !settings_.demo_inputs)
      log(LogLevel::warn,
          "no --model was given: the demo model is used, which is for demonstrations and not for "
          "photographs; get a published model and name its folder");
    progress_.begin(0, 0, report_.model_path.string(), "loading model");
    Watch watch;
    watch.should_cancel = [] { return signals::caught() != 0; };
    watch.progress = [this](uint64_t done, uint64_t total, std::string_view stage) {
      progress_.advance(done, total, stage);
    };
    Stopwatch time;
    Model model = in_phase(Phase::model, [&] { return engine.load_model(report_.model_path, watch); });
    report_.load_ms = time.lap();
    progress_.end(report_.load_ms, "loaded", "");
    report_.model = model.describe();
    return model;
  }

  void prepare(const Engine& engine, const Model& model) {
    const ProcessRes resolution = process_res(settings_.process_res, model.value("model.process_res"));
    report_.process_res = resolution.value;
    report_.process_res_method = settings_.process_res_method;
    report_.mode = settings_.mode == Mode::independent ? "independent" : "multiview";
    report_.output = settings_.output;
    report_.settings = full_plan(engine, setup_, arguments_, model.value("model.process_res"));
    // A broken installation, not a broken file: so it counts as a plugin that cannot be loaded.
    context_.io = in_phase(Phase::backend, [] { return &io::open(); });
    report_.image_libraries = context_.io->libraries;
    context_.progress = &progress_;
    context_.formats = settings_.formats;
    context_.outputs = outputs_needed(model, settings_.formats);
    context_.output = settings_.output;
    context_.preprocess.process_res = resolution.value;
    context_.preprocess.process_res_method = settings_.process_res_method;
    context_.preprocess.workers =
        static_cast<int>(option_type::parse_int(engine.value("effective.workers")).value_or(1));
    scenes_ = in_phase(Phase::input, [&] {
      return list_scenes(settings_.inputs, settings_.mode, context_.io->list_inputs);
    });
    check_output();
  }

  /// Before the work, where it can be seen without writing.
  void check_output() const {
    std::error_code ignored;
    if (fs::exists(settings_.output, ignored) && !fs::is_directory(settings_.output, ignored))
      throw PhaseError(
          Phase::output,
          Error(DA3_E_NOT_FOUND, "writing the results to \"" + settings_.output.string() +
                                     "\" failed: it is a file, not a folder; choose another with -o"));
  }

  void run_scenes() {
    for (size_t i = 0; i < scenes_.size() && signals::caught() == 0; ++i) {
      const Scene& scene = scenes_[i];
      Stopwatch time;
      progress_.begin(i + 1, scenes_.size(), scene.name, "reading");
      try {
        report_.scenes.push_back(run_scene(context_, scene));
        const SceneReport& done = report_.scenes.back();
        progress_.end(time.lap(), std::to_string(done.views) + (done.views == 1 ? " view" : " views"), "");
      } catch (const PhaseError& error) {
        // Where one scene cannot be written the next cannot either, and a stop is a stop.
        const bool fatal = error.phase() == Phase::output || error.code() == DA3_E_CANCELLED;
        if (scenes_.size() == 1) throw;
        SceneReport failed;
        failed.scene = scene;
        failed.failure = error.message();
        failed.phase = phase_name(error.phase());
        progress_.end(time.lap(), "", error.message());
        if (first_failure_ == 0) first_failure_ = error.exit();
        report_.scenes.push_back(std::move(failed));
        if (fatal) {
          fatal_ = std::current_exception();
          report_.exit_status = error.exit();
          return;
        }
      }
    }
  }

  /// What is done is reported, also where an error ended the run: then as well as it can be, and the error
  /// goes on.
  void finish() {
    size_t done = 0;
    for (const SceneReport& scene : report_.scenes) done += scene.failure.empty();
    if (!fatal_ && first_failure_ != 0) report_.exit_status = done > 0 ? exit_some_failed : first_failure_;
    if (signals::caught() != 0) report_.exit_status = exit_signal + signals::caught();
    if (done == 0) return end_of_fatal();
    report_.warnings = progress_.warnings();
    report_.peak_memory = peak_memory();
    report_.total_ms = total_.lap();
    try {
      in_phase(Phase::output,
               [&] { context_.io->write_text_atomic(report_.output / "run.json", run_json(report_)); });
      print(table(report_));
    } catch (const PhaseError&) {
      if (!fatal_) throw;  // else the first error is the one to tell
    }
    end_of_fatal();
  }

  void end_of_fatal() const {
    if (fatal_) std::rethrow_exception(fatal_);
  }

  const Arguments& arguments_;
  Stopwatch total_;
  Setup setup_;
  RunSettings settings_;
  LogLevel level_;
  Progress progress_;
  RunReport report_;
  SceneContext context_;
  std::vector<Scene> scenes_;
  int first_failure_ = 0;
  std::exception_ptr fatal_;  ///< of the scene that ended the run before the others
};

}  // namespace

int run_command(const Arguments& arguments) { return Run(arguments).go(); }

}  // namespace da3::host

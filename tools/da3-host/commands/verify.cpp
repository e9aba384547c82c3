// SPDX-License-Identifier: Apache-2.0
#include <da3/file_hash.hpp>
#include <da3/io/open.hpp>

#include <algorithm>
#include <optional>

#include "commands.hpp"
#include "exit_code.hpp"
#include "locations.hpp"
#include "messages.hpp"
#include "models/find_model.hpp"
#include "report.hpp"
#include "signals.hpp"
#include "stopwatch.hpp"
#include "verify/consistency.hpp"
#include "verify/model_files.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

/// What lies on the disk first, then what it computes: a damaged file is named by its tensor, not by a run.
class Verification {
 public:
  explicit Verification(const Arguments& arguments)
      : arguments_(arguments),
        setup_(make_setup(arguments)),
        settings_(run_settings(setup_, arguments)),
        messages_(arguments) {}

  int go() {
    report_.version = DA3_VERSION;
    report_.started = utc_now();
    check_output();
    find_folder();
    check_files();
    if (report_.exit_status == 0) check_runs();
    write();
    return report_.exit_status;
  }

 private:
  /// Before the work, where it can be seen without writing.
  void check_output() const {
    std::error_code ignored;
    if (arguments_.report && fs::is_directory(*arguments_.report, ignored))
      throw PhaseError(Phase::output,
                       Error(DA3_E_NOT_FOUND, "writing the report to \"" + arguments_.report->string() +
                                                  "\" failed: it is a folder; name a file with -o"));
  }

  void find_folder() {
    const Setting wanted = setup_.registry.schema().value(setup_.profile, "model");
    report_.model_path = in_phase(Phase::model, [&] {
      return wanted.value.empty()
                 ? demo_model(share_folder())
                 : find_model(wanted.value, setup_.profile.get_path("model"), share_folder());
    });
  }

  void check_files() {
    progress_.begin(0, 0, report_.model_path.string(), "hashing");
    report_.files = hash_files(report_.model_path);
    take(check_layout(report_.model_path, report_.facts));
    if (report_.exit_status != 0) return;
    take(check_values(report_.model_path, [&](uint64_t done, uint64_t total) {
      progress_.advance(done, total, "reading the weights");
      if (signals::caught() != 0)
        throw PhaseError(Phase::run, Error(DA3_E_CANCELLED, "the verification was stopped by a signal"));
    }));
  }

  void take(Check check) {
    check.milliseconds = watch_.lap();
    if (check.verdict == Verdict::failed) report_.exit_status = exit_load;
    progress_.end(check.milliseconds, check.name, check.verdict == Verdict::failed ? check.name : "");
    report_.checks.push_back(std::move(check));
  }

  void check_runs() {
    const io::Views views = read_views();
    report_.views = views.views;
    report_.height = views.height;
    report_.width = views.width;
    check_consistency(setup_, views, progress_, report_);
    for (const VerifiedFile& file : report_.files)
      if (file_sha256(report_.model_path / file.name) != file.sha256) {
        report_.checks.push_back(
            {"unchanged", Verdict::failed,
             file.name + " was written to meanwhile: nothing of this counts; verify again"});
        report_.exit_status = exit_load;
      }
  }

  /// Small pictures: nothing that is compared depends on their size, and the largest model shall do on any
  /// machine.
  io::Views read_views() {
    constexpr size_t most_views = 3;
    constexpr int64_t largest = 252;
    const io::Api& io = images();
    return in_phase(Phase::input, [&] {
      std::vector<fs::path> files = io.list_inputs(settings_.inputs);
      if (files.size() > most_views) files.resize(most_views);
      io::PreprocessOptions options;
      options.process_res_method = settings_.process_res_method;
      options.process_res =
          process_res(settings_.process_res, std::to_string(report_.facts->process_res)).value;
      if (settings_.process_res.value == "auto") options.process_res = std::min(options.process_res, largest);
      return io.load_views(files, options, {}, {});
    });
  }

  const io::Api& images() {
    if (!io_) io_ = in_phase(Phase::backend, [] { return &io::open(); });
    return *io_;
  }

  void write() {
    const std::string text = arguments_.json ? verify_json(report_) : verify_text(report_);
    if (arguments_.report) {
      const fs::path file = fs::absolute(*arguments_.report);
      const bool json = arguments_.json || file.extension() == ".json";
      const io::Api& io = images();
      in_phase(Phase::output,
               [&] { io.write_text_atomic(file, json ? verify_json(report_) : verify_text(report_)); });
    }
    print(text);
  }

  const Arguments& arguments_;
  Stopwatch watch_;
  Setup setup_;
  RunSettings settings_;
  Messages messages_;
  Progress& progress_ = messages_.progress;
  VerifyReport report_;
  const io::Api* io_ = nullptr;
};

}  // namespace

int verify_command(const Arguments& arguments) { return Verification(arguments).go(); }

}  // namespace da3::host

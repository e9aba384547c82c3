// SPDX-License-Identifier: Apache-2.0
// Loading models, good and damaged ones.
#include <fstream>
#include <iterator>
#include <random>

#include "checks/checks.hpp"
#include "fixture.hpp"
#include "stopwatch.hpp"
#include "watch.hpp"

namespace da3::check {
namespace {

namespace fs = std::filesystem;

std::string describes(Context& context) {
  Bench bench(context);
  const Values& facts = bench.model->facts();
  for (const char* key : {"name", "family", "license", "parameters"})
    if (!find(facts, std::string("model.") + key))
      context.warn("model_describe leaves out model." + std::string(key));
  for (const char* name : {"confidence", "pose", "pose_input", "ray", "gaussians", "metric",
                           "metric_by_focal", "sky", "features"}) {
    const std::string key = std::string("capability.") + name;
    const std::string* value = find(facts, key);
    if (!value) context.warn("model_describe leaves out " + key);
    if (value && *value != "true" && *value != "false")
      fail(key + " is \"" + *value + "\", not true or false");
  }
  if (const std::string* hash = find(facts, "model.sha256");
      hash && !hash->empty() &&
      (hash->size() != 64 || hash->find_first_not_of("0123456789abcdef") != std::string::npos))
    fail("model.sha256 is \"" + shortened(*hash, 80) + "\", not 64 hexadecimal digits");
  const std::string* image = find(facts, "input.image");
  if (!image || *image != "uint8 [B,S,H,W,3]") fail("input.image is not \"uint8 [B,S,H,W,3]\"");
  if (bench.model->outputs().empty()) fail("the model has no output");
  if (!find(facts, "output.depth")) context.note("the model has no output depth");
  for (const OutputSpec& output : bench.model->outputs()) shape_of(output, small_image());
  for (size_t i = 0; i < facts.size(); ++i)
    for (size_t k = 0; k < i; ++k)
      if (facts[i].first == facts[k].first) fail("model_describe gives " + facts[i].first + " twice");
  if (describe(bench.table(), bench.model->get()) != facts) fail("two calls of model_describe differ");
  const std::string* name = find(facts, "model.name");
  return (name ? *name : "?") + ", " + std::to_string(bench.model->outputs().size()) + " outputs";
}

/// Loads path; destroys what comes. Answers that break a rule are a FAIL.
Answer load(const da3_plugin& table, da3_optimizer* optimizer, const std::string& path,
            const da3_watch* watch = nullptr) {
  da3_model* model = poison<da3_model>();
  const Answer answer = call("model_load", [&](da3_error* e) {
    return table.model_load(optimizer, path.c_str(), watch, &model, e);
  });
  if (!answer.ok() && model) fail(answer.text() + "; but out is not NULL");
  if (!answer.defect.empty()) fail(answer.text() + "; but " + answer.defect);
  if (answer.ok()) call_void("model_destroy", [&] { table.model_destroy(model); });
  return answer;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const fs::path& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A copy of the model's files that fit into memory, one of which is damaged at a time.
class DamagedModel {
 public:
  DamagedModel(const fs::path& model, const fs::path& folder) : folder_(folder) {
    fs::create_directories(folder);
    for (const auto& entry : fs::directory_iterator(model)) {
      if (!entry.is_regular_file()) continue;
      if (entry.file_size() > (64u << 20))
        skip("the model has a file of more than 64 MB; give a small model");
      files_.emplace_back(entry.path().filename(), bytes_of(entry.path()));
      write(folder / files_.back().first, files_.back().second);
    }
    if (files_.empty()) skip("the model's folder has no files");
  }
  const std::vector<std::pair<fs::path, std::string>>& files() const { return files_; }
  void damage(size_t i, const std::string& bytes) const { write(folder_ / files_[i].first, bytes); }
  void repair(size_t i) const { write(folder_ / files_[i].first, files_[i].second); }
  void remove(size_t i) const { fs::remove(folder_ / files_[i].first); }
  std::string path() const { return folder_.string(); }

 private:
  fs::path folder_;
  std::vector<std::pair<fs::path, std::string>> files_;
};

std::string damaged(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  Optimizer optimizer(plugin.table());
  const auto good = [&](const std::string& path) { return load(plugin.table(), optimizer.get(), path); };
  if (good((context.scratch / "no such folder").string()).ok())
    skip("it loads a model from a folder that is not there: it reads no files");
  fs::create_directories(context.scratch / "empty");
  expect_refused(good((context.scratch / "empty").string()), {});
  const DamagedModel model(context.model, context.scratch / "model");
  const Answer whole = good(model.path());
  if (!whole.ok()) throw SetupFailure{26, whole.text()};
  const Stopwatch watch;
  std::mt19937_64 random(context.fuzz.seed);
  size_t loads = 0;
  for (size_t i = 0; i < model.files().size(); ++i) {
    const std::string& bytes = model.files()[i].second;
    const bool largest = std::all_of(model.files().begin(), model.files().end(),
                                     [&](const auto& file) { return file.second.size() <= bytes.size(); });
    model.remove(i);
    if (largest) expect_refused(good(model.path()), {});
    for (size_t size : {size_t{0}, size_t{1}, size_t{7}, size_t{8}, size_t{9}, size_t{100}, bytes.size() / 2,
                        bytes.size() - 1}) {
      if (size >= bytes.size()) continue;
      model.damage(i, bytes.substr(0, size));
      Answer answer = good(model.path());
      answer.what += " of a model whose " + model.files()[i].first.string() + " ends after " +
                     std::to_string(size) + " bytes";
      if (largest) expect_refused(answer, {});
      ++loads;
    }
    for (int k = 0; k < 100 && watch.seconds() < 20; ++k, ++loads) {
      std::string bad = bytes;
      const size_t head = std::min<size_t>(bad.size(), k % 2 ? 64 : 4096);
      if (head == 0) break;
      bad[random() % head] ^= static_cast<char>(1u << (random() % 8));
      model.damage(i, bad);
      good(model.path());
    }
    model.repair(i);
  }
  const Answer again = good(model.path());
  if (!again.ok()) fail("after damaged models the good one no longer loads: " + again.text());
  return std::to_string(loads) + " damaged models";
}

std::string cancelled(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  Optimizer optimizer(plugin.table());
  Watcher watcher;
  watcher.cancel_at_once = true;
  expect_refused(load(plugin.table(), optimizer.get(), context.model.string(), watcher.get()),
                 {DA3_E_CANCELLED});
  const Answer answer = load(plugin.table(), optimizer.get(), context.model.string());
  if (!answer.ok()) fail("after a cancelled load the next one fails: " + answer.text());
  return "";
}

std::string progress(Context& context) {
  TestHost host(context);
  const Plugin plugin(context, host);
  Optimizer optimizer(plugin.table());
  Watcher watcher;
  const Answer answer = load(plugin.table(), optimizer.get(), context.model.string(), watcher.get());
  if (!answer.ok()) throw SetupFailure{26, answer.text()};
  if (const std::string problem = watcher.problem("model_load"); !problem.empty()) fail(problem);
  if (watcher.reports() == 0) context.note("model_load reports no progress");
  da3_watch none = zeroed<da3_watch>();  // both callbacks NULL
  expect_ok(load(plugin.table(), optimizer.get(), context.model.string(), &none));
  return std::to_string(watcher.reports()) + " reports";
}

}  // namespace

std::vector<Check> model_checks() {
  return {
      {26, "a model describes itself",
       "model_describe gives every model.*, capability.*, input.* and output.* in the grammar, the same "
       "twice",
       "plugin.h, DESCRIBE", Needs::model, false, describes},
      {23, "damaged models are refused",
       "missing, empty, cut off or with flipped bits: a code and a sentence, no crash; a good one loads "
       "afterwards",
       "plugin.h, ERRORS; docs/plugin-check.md", Needs::model, false, damaged, 90},
      {24, "loading can be cancelled",
       "model_load ends with DA3_E_CANCELLED when the watch says so, and works the next time",
       "plugin.h, da3_watch", Needs::model, false, cancelled},
      {25, "loading tells its progress",
       "done never falls nor passes total, and ends at it; callbacks may be NULL", "plugin.h, da3_watch",
       Needs::model, false, progress},
  };
}

}  // namespace da3::check

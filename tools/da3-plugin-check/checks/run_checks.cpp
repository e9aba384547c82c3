// SPDX-License-Identifier: Apache-2.0
// Outputs of runs: shapes, memory of both sides, strides, repeatability.
#include <algorithm>
#include <cmath>
#include <thread>

#include "checks/checks.hpp"
#include "fixture.hpp"
#include "watch.hpp"

namespace da3::check {
namespace {

void check_numbers(const Bench& bench, const Shape& image, const std::vector<std::vector<float>>& results) {
  const auto names = bench.known_outputs(image);
  for (size_t i = 0; i < results.size(); ++i)
    for (size_t k = 0; k < results[i].size(); ++k)
      if (!std::isfinite(results[i][k]))
        fail(names[i].name + " of image " + text_of(image) + " is not finite at element " +
             std::to_string(k) + " of " + std::to_string(results[i].size()) +
             ": not written, or not computed");
}

std::string all_outputs(Context& context) {
  Bench bench(context);
  size_t runs = 0;
  for (const Shape& image : {Shape{1, 1, 28, 28, 3}, Shape{1, 2, 28, 42, 3}, Shape{1, 4, 56, 28, 3},
                             Shape{2, 1, 14, 14, 3}, Shape{2, 3, 28, 42, 3}}) {
    Session session(bench.table(), bench.model->get());
    check_numbers(bench, image, bench.results(session.get(), image, 7));
    ++runs;
  }
  Session session(bench.table(), bench.model->get());  // one session for images of several sizes
  for (const Shape& image : {Shape{1, 1, 28, 28, 3}, Shape{1, 2, 42, 28, 3}, Shape{1, 1, 28, 28, 3}})
    check_numbers(bench, image, bench.results(session.get(), image, 7));
  for (const OutputSpec& output : bench.known_outputs(small_image())) {  // only what is asked for
    Run run(small_image());
    run.host_output(output);
    expect_ok(run.run(bench.table(), session.get()));
  }
  return std::to_string(runs) + " shapes of images";
}

std::string both_memories(Context& context) {
  Bench bench(context);
  Session session(bench.table(), bench.model->get());
  const auto mine = bench.results(session.get(), small_image(), 3, true);
  Run run(small_image(), 3);
  for (const OutputSpec& output : bench.known_outputs(small_image())) run.plugin_output(output);
  expect_ok(run.run(bench.table(), session.get()));
  std::vector<std::vector<float>> theirs;
  for (const auto& box : run.outputs()) {
    theirs.push_back(box->floats());
    if (!box->t.release) fail("the output " + box->name + " of the plugin's memory has no release");
  }
  run.release();
  const std::string text = difference(bench.known_outputs(small_image()), mine, theirs);
  if (!text.empty()) {
    if (!bench.repeats()) return "not compared: the plugin promises no repeatable results";
    fail("host memory and plugin memory differ: " + text);
  }
  return "";
}

std::string canaries(Context& context) {
  Bench bench(context);
  Session session(bench.table(), bench.model->get());
  for (const Shape& image : {Shape{1, 1, 14, 14, 3}, Shape{1, 2, 28, 42, 3}, Shape{2, 3, 42, 28, 3}}) {
    Run run(image, 5);
    bench.add_outputs(run, true);
    const Answer answer = run.run(bench.table(), session.get());
    if (!answer.ok()) throw SetupFailure{63, answer.text()};
    if (const std::string damage = run.damage(); !damage.empty()) fail(damage + ", image " + text_of(image));
  }
  return "";
}

std::string same_again(Context& context) {
  Bench bench(context);
  const std::string* said = nullptr;
  const Values told = describe(bench.table(), bench.optimizer->get());
  said = find(told, "effective.deterministic");
  if (!said || *said != "true") skip("effective.deterministic is " + (said ? *said : "not told"));
  Session session(bench.table(), bench.model->get()), other(bench.table(), bench.model->get());
  const auto first = bench.results(session.get(), small_image(), 6);
  for (da3_session* again : {session.get(), session.get(), other.get()}) {
    bench.results(again, Shape{1, 1, 28, 28, 3}, 8);
    if (const std::string text =
            difference(bench.known_outputs(small_image()), first, bench.results(again, small_image(), 6));
        !text.empty())
      fail("the same input gives other results: " + text);
  }
  return "";
}

std::string outlives(Context& context) {
  Bench bench(context);
  auto session = std::make_unique<Session>(bench.table(), bench.model->get());
  Run first(small_image(), 2), second(small_image(), 2), third(small_image(), 2);
  for (Run* run : {&first, &second, &third}) {
    bench.add_outputs(*run, false);
    const Answer answer = run->run(bench.table(), session->get());
    if (!answer.ok()) throw SetupFailure{63, answer.text()};
  }
  const auto numbers = [&] {
    std::vector<std::vector<float>> all;
    for (const Run* run : {&second, &third})
      for (const auto& box : run->outputs()) all.push_back(box->floats());
    return all;
  };
  const auto before = numbers();
  first.release();
  session->destroy();
  bench.model->destroy();
  if (const std::string text = difference(bench.model->outputs(), before, numbers()); !text.empty())
    fail("an output changes when session and model are destroyed: " + text);
  trace("release after session and model are gone, on another thread");
  std::thread([&] { second.release(); }).join();
  describe(bench.table(), bench.optimizer->get());
  bench.optimizer->destroy();
  trace("release after the optimizer is gone");
  third.release();
  return "";
}

template <class T>
struct Larger {
  T known;
  unsigned char more[64];
  explicit Larger(const T& value) : known(value) {
    known.struct_size = sizeof(*this);
    std::fill(std::begin(more), std::end(more), static_cast<unsigned char>(0xA5));
  }
  bool touched() const {
    return std::any_of(std::begin(more), std::end(more), [](unsigned char byte) { return byte != 0xA5; });
  }
};

std::string larger_structs(Context& context) {
  Bench bench(context);
  if (bench.table().abi_minor > DA3_ABI_MINOR) skip("the plugin is of a later minor than this checker");
  Session session(bench.table(), bench.model->get());
  Run source(small_image(), 3);
  const OutputSpec wanted = bench.known_outputs(small_image()).at(0);
  Box& host_box = source.host_output(wanted);
  Watcher watcher;
  Larger<da3_watch> watch(*watcher.get());
  Larger<da3_run> run(*source.get());
  Larger<da3_tensor> image(source.image().t), out(host_box.t);
  const da3_tensor* inputs[] = {&image.known};
  da3_tensor* outputs[] = {&out.known};
  run.known.in = inputs;
  run.known.out = outputs;
  run.known.watch = &watch.known;
  const Answer answer = call(
      "session_run", [&](da3_error* e) { return bench.table().session_run(session.get(), &run.known, e); });
  if (!answer.ok()) fail("structs that are larger than known are refused: " + answer.text());
  if (run.touched() || image.touched() || out.touched() || watch.touched())
    fail("a struct was written beyond what is known of it");
  if (out.known.struct_size != sizeof out || run.known.struct_size != sizeof run)
    fail("a struct_size of the host was changed");
  return "";
}

std::string golden(Context&) {
  skip("it needs the golden numbers of this very model; the plugin's own tests have them");
}

}  // namespace

std::vector<Check> run_checks() {
  constexpr const char* outputs = "plugin.h, OUTPUTS of a run";
  return {
      {63, "a run gives every output",
       "each described output comes, in the described shape, finite, for several sizes, views and scenes, "
       "alone and together",
       outputs, Needs::model, false, all_outputs},
      {27, "golden image", "depth is the reference's within the profile's tolerance", "docs/plugin-check.md",
       Needs::run, false, golden},
      {28, "memory of both sides", "outputs in the host's and in the plugin's memory hold the same bits",
       "plugin.h, da3_run.out", Needs::run, false, both_memories},
      {35, "nothing beyond the outputs", "nothing is written before or after an output, nor into an input",
       "plugin.h, da3_run.out", Needs::run, false, canaries},
      {33, "the same again",
       "with effective.deterministic true the same input gives the same bits, in any session",
       "plugin.h, DESCRIBE; docs/plugin-check.md", Needs::run, false, same_again},
      {34, "outputs outlive their session",
       "the plugin's memory lives until its release, after session, model and optimizer, on any thread, once",
       "plugin.h, da3_run.out", Needs::run, false, outlives},
      {61, "larger structs of a later host",
       "a run whose structs are larger than known works, and nothing beyond is written", "plugin.h, LAYOUT",
       Needs::run, false, larger_structs},
  };
}

}  // namespace da3::check

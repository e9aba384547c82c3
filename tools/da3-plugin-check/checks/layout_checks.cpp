// SPDX-License-Identifier: Apache-2.0
// How tensors may lie in memory: strides, offsets, alignment.
#include <cmath>

#include "checks/checks.hpp"
#include "fixture.hpp"

namespace da3::check {
namespace {

std::string strided_inputs(Context& context) {
  Bench bench(context);
  Session session(bench.table(), bench.model->get());
  const auto dense = bench.results(session.get(), small_image(), 9);
  // The same pixels with 5 more bytes in each row, 64 bytes into the memory.
  Run source(small_image(), 9), run(small_image(), 9);
  const Shape& s = small_image();
  const int64_t row = s[3] * 3 + 5;
  Box& image = run.image();
  auto padded = std::make_unique<Guarded>(static_cast<size_t>(s[0] * s[1] * s[2] * row) + 64);
  for (int64_t i = 0; i < s[0] * s[1] * s[2]; ++i)
    std::memcpy(padded->data() + 64 + i * row, source.image().memory->data() + i * s[3] * 3,
                static_cast<size_t>(s[3] * 3));
  image.strides = {s[1] * s[2] * row, s[2] * row, row, 3, 1};
  image.t.strides = image.strides.data();
  image.t.data = padded->data();
  image.t.byte_offset = 64;
  bench.add_outputs(run, true);
  const Answer answer = run.run(bench.table(), session.get());
  if (!answer.ok()) {
    expect_refused(answer, {DA3_E_SHAPE, DA3_E_UNSUPPORTED}, 2);
    return "an input with strides is refused";
  }
  std::vector<std::vector<float>> results;
  for (const auto& box : run.outputs()) results.push_back(box->floats());
  const std::string text = difference(bench.known_outputs(s), dense, results);
  if (!text.empty() && bench.repeats()) fail("strides or byte_offset of the image are ignored: " + text);
  return "honoured";
}

std::string strided_outputs(Context& context) {
  Bench bench(context);
  Session session(bench.table(), bench.model->get());
  const auto dense = bench.results(session.get(), small_image(), 9);
  const auto names = bench.known_outputs(small_image());
  size_t honoured = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    const Shape shape = shape_of(names[i], small_image());
    if (shape.size() < 2) continue;
    Run run(small_image(), 9);
    Box& box = run.host_output_of(names[i].name, shape);
    const int64_t row = shape.back() + 3, rows = static_cast<int64_t>(count_of(shape)) / shape.back();
    box.memory = std::make_unique<Guarded>(static_cast<size_t>(rows * row) * 4 + 32);
    box.strides.assign(shape.size(), 1);
    box.strides[shape.size() - 2] = row;
    for (size_t k = shape.size() - 2; k-- > 0;) box.strides[k] = box.strides[k + 1] * shape[k + 1];
    box.t.data = box.memory->data();
    box.t.byte_offset = 32;
    box.t.strides = box.strides.data();
    const Answer answer = run.run(bench.table(), session.get());
    if (!answer.ok()) {
      expect_refused(answer, {DA3_E_SHAPE, DA3_E_UNSUPPORTED}, 3, 0);
      continue;
    }
    if (const std::string damage = run.damage(); !damage.empty()) throw SetupFailure{35, damage};
    ++honoured;
    const auto* base = box.memory->data() + 32;
    for (int64_t r = 0; r < rows; ++r) {
      std::vector<float> line(static_cast<size_t>(shape.back())), gap(3);
      std::memcpy(line.data(), base + r * row * 4, line.size() * 4);
      std::memcpy(gap.data(), base + (r * row + shape.back()) * 4, r + 1 < rows ? 12 : 0);
      for (float value : r + 1 < rows ? gap : std::vector<float>{})
        if (!std::isnan(value))
          fail(names[i].name + ": memory between the rows of an output with strides was written");
      const std::vector<float> want(dense[i].begin() + r * shape.back(),
                                    dense[i].begin() + (r + 1) * shape.back());
      if (const std::string text = difference({names[i]}, {want}, {line}); !text.empty() && bench.repeats())
        fail("strides or byte_offset of an output are ignored: " + text);
    }
  }
  return honoured ? "honoured for " + std::to_string(honoured) + " outputs"
                  : "outputs with strides are refused";
}

std::string unaligned(Context& context) {
  Bench bench(context);
  Session session(bench.table(), bench.model->get());
  const auto aligned = bench.results(session.get(), small_image(), 4);
  Run run(small_image(), 4, 1);
  bench.add_outputs(run, true, 4);
  const Answer answer = run.run(bench.table(), session.get());
  if (!answer.ok()) fail("memory that is aligned to 4 bytes is refused: " + answer.text());
  if (const std::string damage = run.damage(); !damage.empty()) throw SetupFailure{35, damage};
  std::vector<std::vector<float>> results;
  for (const auto& box : run.outputs()) results.push_back(box->floats());
  const std::string text = difference(bench.known_outputs(small_image()), aligned, results);
  if (!text.empty() && bench.repeats()) fail("memory of another alignment gives other results: " + text);
  return "";
}

}  // namespace

std::vector<Check> layout_checks() {
  return {
      {29, "strides of inputs",
       "strides and byte_offset of an input are honoured or refused with DA3_E_SHAPE", "plugin.h, da3_tensor",
       Needs::run, false, strided_inputs},
      {65, "strides of outputs",
       "strides and byte_offset of an output are honoured or refused with DA3_E_SHAPE",
       "plugin.h, da3_tensor", Needs::run, false, strided_outputs},
      {31, "unaligned memory", "floats at any multiple of 4 and pixels at any address work",
       "plugin.h, da3_tensor; docs/plugin-check.md", Needs::run, false, unaligned},
  };
}

}  // namespace da3::check

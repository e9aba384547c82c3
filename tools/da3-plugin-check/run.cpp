// SPDX-License-Identifier: Apache-2.0
// Tensors and runs.
#include <algorithm>
#include <da3/option_type.hpp>

#include "fixture.hpp"

namespace da3::check {
namespace {

constexpr int32_t cpu = 1;

/// What model_describe gets wrong is told by its check.
[[noreturn]] void not_described(const std::string& sentence) { throw SetupFailure{26, sentence}; }

/// "H/14*8" for an image; 0 when a letter is not known before the run.
int64_t side(const OutputSpec& output, std::string_view text, const Shape& image) {
  int64_t value = 1;
  char operation = '*';
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find_first_of("*/", start), text.size());
    const std::string_view factor = option_type::trim(text.substr(start, end - start));
    const size_t letter = std::string_view("BSHW").find(factor.empty() ? '?' : factor[0]);
    const auto number = option_type::parse_int(factor);
    if (!number && (factor.size() != 1 || factor[0] < 'A' || factor[0] > 'Z'))
      not_described("output." + output.name + " is \"" + output.spec +
                    "\", which is not of the form \"float32 [B,S,H/14,W/14,C]\"");
    if (!number && letter > 3) return 0;
    const int64_t length = number ? *number : image[letter];
    if (operation == '/' && length == 0) not_described("output." + output.name + " divides by 0");
    value = operation == '*' ? value * length : value / length;
    if (end == text.size()) break;
    operation = text[end];
    start = end + 1;
  }
  return value;
}

uint32_t next(uint32_t& state) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

}  // namespace

uint64_t count_of(const Shape& shape) {
  uint64_t count = 1;
  for (int64_t length : shape) count *= static_cast<uint64_t>(length);
  return count;
}

std::string text_of(const Shape& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? "," : "") + std::to_string(shape[i]);
  return text + "]";
}

Shape shape_of(const OutputSpec& output, const Shape& image) {
  const std::string_view spec = output.spec;
  if (!spec.starts_with("float32 [") || !spec.ends_with("]"))
    not_described("output." + output.name + " is \"" + output.spec + "\", not \"float32 [B,S,H,W]\"");
  Shape shape;
  for (std::string_view part : option_type::split(spec.substr(9, spec.size() - 10), ','))
    shape.push_back(side(output, part, image));
  return std::find(shape.begin(), shape.end(), 0) != shape.end() ? Shape{} : shape;
}

std::vector<float> Box::floats() const {
  if (!t.data) fail("the output " + name + " has no data after a run that succeeded");
  if (t.code != 2 || t.bits != 32 || t.lanes != 1) fail("the output " + name + " is not float32");
  if (t.ndim < 0 || t.ndim > 16 || !t.shape) fail("the output " + name + " has no shape");
  const Shape given(t.shape, t.shape + t.ndim);
  if (!shape.empty() && given != shape)
    fail("the output " + name + " has the shape " + text_of(given) + ", described is " + text_of(shape));
  if (t.strides && !memory) {
    int64_t dense = 1;
    for (size_t i = given.size(); i-- > 0; dense *= given[i])
      if (given[i] > 1 && t.strides[i] != dense) fail("the output " + name + " is not contiguous");
  }
  const auto* bytes = static_cast<const unsigned char*>(t.data) + t.byte_offset;
  std::vector<float> values(count_of(given));
  std::memcpy(values.data(), bytes, values.size() * sizeof(float));
  return values;
}

void Box::release() {
  if (memory || !t.release) return;
  trace("release of " + name);
  const auto release = t.release;
  t.release = nullptr;
  release(&t);
  t.data = nullptr;  // as before the run, so that there may be another
  t.ndim = 0;
  t.shape = t.strides = nullptr;
  t.byte_offset = 0;
  t.owner = nullptr;
}

Run::Run(const Shape& image, uint32_t seed, size_t misalign) : image_shape_(image) {
  Box& box = input("image", image, 1, 8, misalign);
  uint32_t state = seed * 2654435761u + 1;
  for (size_t i = 0; i < box.memory->size(); ++i)
    box.memory->data()[i] = static_cast<unsigned char>(next(state) >> 24);
  pixels_.assign(box.memory->data(), box.memory->data() + box.memory->size());
}

Run::~Run() {
  try {
    release();
  } catch (...) {  // what is wrong with release is the matter of its checks
  }
}

Box& Run::input(const std::string& name, const Shape& shape, uint8_t code, uint8_t bits, size_t misalign) {
  Box& box = *in_.emplace_back(std::make_unique<Box>());
  box.name = name;
  box.shape = shape;
  box.memory = std::make_unique<Guarded>(count_of(shape) * bits / 8, misalign);
  box.t.data = box.memory->data();
  box.t.dl_type = cpu;
  box.t.ndim = static_cast<int32_t>(shape.size());
  box.t.code = code, box.t.bits = bits, box.t.lanes = 1;
  box.t.name = box.name.c_str();
  box.t.shape = box.shape.data();
  return box;
}

Box& Run::host_output_of(const std::string& name, const Shape& shape, size_t misalign) {
  input(name, shape, 2, 32, misalign);
  out_.push_back(std::move(in_.back()));
  in_.pop_back();
  return *out_.back();
}

Box& Run::host_output(const OutputSpec& output, size_t misalign) {
  return host_output_of(output.name, shape_of(output, image_shape_), misalign);
}

Box& Run::plugin_output(const OutputSpec& output) {
  Box& box = *out_.emplace_back(std::make_unique<Box>());
  box.name = output.name;
  box.shape = shape_of(output, image_shape_);
  box.t.name = box.name.c_str();
  box.t.dl_type = cpu;
  return box;
}

void Run::set_options(const Values& values) {
  options_ = std::make_unique<KeyValues>(values);
  run_.opts = options_->data();
  run_.n_opts = options_->size();
}

da3_run* Run::get() {
  in_pointers_.clear();
  out_pointers_.clear();
  for (const auto& box : in_) in_pointers_.push_back(&box->t);
  for (const auto& box : out_) out_pointers_.push_back(&box->t);
  run_.in = in_pointers_.data();
  run_.out = out_pointers_.data();
  run_.n_in = static_cast<uint32_t>(in_.size());
  run_.n_out = static_cast<uint32_t>(out_.size());
  return &run_;
}

Answer Run::run(const da3_plugin& plugin, da3_session* session, const std::string& what) {
  da3_run* run = get();
  const Answer answer = call(what, [&](da3_error* e) { return plugin.session_run(session, run, e); });
  if (!answer.ok())
    for (const auto& box : out_)
      if (!box->memory && box->t.data)
        fail(answer.text() + "; but the output " + box->name + " has data, which nobody will release");
  return answer;
}

void Run::release() {
  for (const auto& box : out_) box->release();
}

std::string Run::damage() const {
  for (const auto* list : {&in_, &out_})
    for (const auto& box : *list)
      if (box->memory)
        if (const std::string what = box->memory->damage(); !what.empty()) return box->name + ": " + what;
  if (in_.empty() || in_.front()->name != "image") return "";
  const auto& image = *in_.front();
  if (image.memory && image.memory->size() == pixels_.size() &&
      std::memcmp(image.memory->data(), pixels_.data(), pixels_.size()) != 0)
    return "image: the input was written";
  return "";
}

}  // namespace da3::check

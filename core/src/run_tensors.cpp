// SPDX-License-Identifier: Apache-2.0
#include "run_tensors.hpp"

#include <algorithm>
#include <da3/option_type.hpp>

#include "text_file.hpp"

namespace da3::detail {
namespace {

constexpr int32_t dl_cpu = 1;
constexpr uint8_t dl_code_uint = 1, dl_code_float = 2;
constexpr int32_t kind_option = 1, kind_input = 2, kind_output = 3;
constexpr int32_t max_dimensions = 16;

da3_tensor host_tensor(const Tensor& tensor, std::vector<int64_t>& shape) {
  da3_tensor abi = zeroed<da3_tensor>();
  abi.name = tensor.name().c_str();
  abi.data = tensor.data();
  abi.dl_type = dl_cpu;
  abi.ndim = static_cast<int32_t>(shape.size());
  abi.code = tensor.dtype() == DType::uint8 ? dl_code_uint : dl_code_float;
  abi.bits = static_cast<uint8_t>(8 * dtype_size(tensor.dtype()));
  abi.lanes = 1;
  abi.shape = shape.data();
  return abi;
}

bool is_contiguous(const da3_tensor& tensor) {
  if (!tensor.strides) return true;
  int64_t expected = 1;
  for (int32_t i = tensor.ndim - 1; i >= 0; --i) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];
  }
  return true;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? "," : "") + std::to_string(shape[i]);
  return text + "]";
}

}  // namespace

RunTensors::RunTensors(const ModelState& model, const RunRequest& request)
    : model_(model), run_(zeroed<da3_run>()) {
  for (const Tensor& input : request.inputs) add_input(input);
  for (const std::string& name : request.outputs) add_output(name, request.output_memory);
  for (const Tensor& tensor : request.into) add_into(tensor);
  options_ = merged_options(request);
  key_values_ = std::make_unique<KeyValues>(options_);
  for (const da3_tensor& input : inputs_) in_.push_back(&input);
  for (Output& output : outputs_) {
    output.abi->name = output.name.c_str();  // only now: short names move with their Output
    out_.push_back(output.abi.get());
  }
  run_.in = in_.data();
  run_.n_in = static_cast<uint32_t>(in_.size());
  run_.out = out_.data();
  run_.n_out = static_cast<uint32_t>(out_.size());
  run_.opts = key_values_->data();
  run_.n_opts = key_values_->size();
  run_.id = request.id;
}

void RunTensors::add_input(const Tensor& tensor) {
  kept_.push_back(tensor);  // a deque: names do not move
  if (tensor.name() == "image") image_shape_ = tensor.shape();
  input_shapes_.push_back(tensor.shape());
  inputs_.push_back(host_tensor(tensor, input_shapes_.back()));
  inputs_.back().name = kept_.back().name().c_str();
}

std::string RunTensors::spec_of(const std::string& name) const {
  const std::string spec = find_value(model_.description, "output." + name);
  // The blocks of a feature are not listed one by one.
  if (spec.empty() && name.starts_with("feature."))
    return find_value(model_.description, "output.feature.<block>");
  return spec;
}

void RunTensors::check_name(const std::string& name) const {
  const auto index = static_cast<int64_t>(outputs_.size());
  for (const Output& output : outputs_)
    if (output.name == name)
      throw Error(DA3_E_INVALID, "the output " + quote(name) + " is asked for twice; ask once", kind_output,
                  index);
  if (!spec_of(name).empty() || name.starts_with("feature.")) return;
  std::vector<std::string> known;
  for (const Setting& setting : model_.description)
    if (setting.key.starts_with("output.")) known.push_back(setting.key.substr(7));
  if (known.empty()) return;  // a plugin that lists nothing decides by itself
  std::string list;
  for (const std::string& output : known) list += (list.empty() ? "" : ", ") + output;
  throw Error(DA3_E_INVALID, "this model has no output " + quote(name) + "; it has " + list, kind_output,
              index);
}

void RunTensors::add_output(const std::string& name, OutputMemory memory) {
  check_name(name);
  Output output{name, {}, true, {}, std::make_unique<da3_tensor>(zeroed<da3_tensor>()), {}};
  if (const std::string spec = spec_of(name); !spec.empty())
    output.expected = output_shape(spec, image_shape_);
  if (memory == OutputMemory::host && !output.expected.empty()) {
    output.from_plugin = false;
    output.tensor = Tensor::allocate(name, DType::float32, output.expected);
    output.shape = output.expected;
    *output.abi = host_tensor(output.tensor, output.shape);
  }
  output.abi->dl_type = dl_cpu;
  outputs_.push_back(std::move(output));
}

void RunTensors::add_into(const Tensor& tensor) {
  check_name(tensor.name());
  const auto index = static_cast<int64_t>(outputs_.size());
  if (!tensor.data())
    throw Error(DA3_E_INVALID, "the output " + quote(tensor.name()) + " has no memory; give some",
                kind_output, index);
  if (tensor.dtype() != DType::float32)
    throw Error(DA3_E_SHAPE,
                "the output " + quote(tensor.name()) + " must be float32; give it float32 memory",
                kind_output, index);
  Output output{tensor.name(), tensor, false, {}, std::make_unique<da3_tensor>(), tensor.shape()};
  if (const std::string spec = spec_of(output.name); !spec.empty())
    output.expected = output_shape(spec, image_shape_);
  if (!output.expected.empty() && output.expected != output.shape)
    throw Error(DA3_E_SHAPE,
                "the output " + quote(output.name) + " has the shape " + shape_text(output.shape) +
                    ", this run makes " + shape_text(output.expected) + "; give it memory of that shape",
                kind_output, index);
  *output.abi = host_tensor(output.tensor, output.shape);
  outputs_.push_back(std::move(output));
}

std::vector<Setting> RunTensors::merged_options(const RunRequest& request) const {
  const OptimizerState& optimizer = *model_.optimizer;
  std::vector<std::string> known;
  for (const OptionSpec& spec : optimizer.settings.schema.backend_options(optimizer.chosen.name))
    if (spec.scope == Scope::run) known.push_back(spec.key);
  std::vector<Setting> merged = request.options;
  for (size_t i = 0; i < merged.size(); ++i) {
    Setting& option = merged[i];
    if (option.origin.empty()) option.origin = "run";
    const auto index = static_cast<int64_t>(i);
    if (std::find(known.begin(), known.end(), option.key) == known.end()) {
      const std::string near = option_type::nearest(option.key, known);
      throw Error(DA3_E_UNKNOWN_KEY,
                  option.origin + ": unknown option of a run " + quote(option.key) + ": " +
                      (near.empty() ? "backend " + optimizer.chosen.name + " does not have it; remove it"
                                    : "did you mean " + quote(near) + "?"),
                  kind_option, index);
    }
  }
  for (const Setting& option : optimizer.run_options)
    if (std::none_of(merged.begin(), merged.end(), [&](const Setting& s) { return s.key == option.key; }))
      merged.push_back(option);
  return merged;
}

Tensor RunTensors::adopt(Output& output) const {
  da3_tensor* abi = output.abi.release();
  // From here the deleter owns it, whatever is wrong with it.
  std::shared_ptr<da3_tensor> owner(abi, [](da3_tensor* tensor) {
    if (tensor->release) tensor->release(tensor);
    delete tensor;
  });
  const auto refuse = [&](const std::string& why) {
    throw Error(DA3_E_INTERNAL, "backend " + model_.optimizer->chosen.name + ": the output " +
                                    quote(output.name) + " " + why + "; report it to the plugin's author");
  };
  if (!abi->data) refuse("was not made");
  if (abi->dl_type != dl_cpu) refuse("does not lie in host memory");
  if (abi->code != dl_code_float || abi->bits != 32 || abi->lanes != 1) refuse("is not float32");
  if (abi->ndim < 0 || abi->ndim > max_dimensions || (abi->ndim > 0 && !abi->shape))
    refuse("has no proper shape");
  std::vector<int64_t> shape(abi->shape, abi->shape + abi->ndim);
  if (!output.expected.empty() && shape != output.expected)
    refuse("has the shape " + shape_text(shape) + " instead of " + shape_text(output.expected));
  if (!is_contiguous(*abi)) refuse("is not contiguous");
  // The name may have pointed into this object; release must not need it, but it must not dangle either.
  abi->name = nullptr;
  void* data = static_cast<char*>(abi->data) + abi->byte_offset;
  return Tensor::adopt(output.name, DType::float32, std::move(shape), std::shared_ptr<void>(owner, data));
}

std::vector<Tensor> RunTensors::take_outputs() {
  std::vector<Tensor> tensors;
  std::exception_ptr failure;
  for (Output& output : outputs_) {
    try {
      tensors.push_back(output.from_plugin ? adopt(output) : std::move(output.tensor));
    } catch (...) {  // go on: every output of the plugin has to be released
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  return tensors;
}

}  // namespace da3::detail

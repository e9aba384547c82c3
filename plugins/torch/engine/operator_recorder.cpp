// SPDX-License-Identifier: Apache-2.0
#include "engine/operator_recorder.hpp"

#include <ATen/core/function_schema.h>
#include <ATen/core/ivalue.h>

#include <memory>

namespace da3::engine {

namespace {

thread_local OperatorRecorder* current = nullptr;

TensorFacts facts_of(const at::Tensor& tensor) {
  return {tensor.scalar_type(), tensor.device(), tensor.sizes().vec(), tensor.strides().vec()};
}

void collect(const c10::IValue& value, std::vector<TensorFacts>& facts) {
  if (value.isTensor()) {
    if (value.toTensor().defined()) facts.push_back(facts_of(value.toTensor()));
  } else if (value.isTensorList()) {
    for (const at::Tensor& tensor : value.toTensorVector())
      if (tensor.defined()) facts.push_back(facts_of(tensor));
  } else if (value.isList()) {
    for (const c10::IValue& element : value.toListRef()) collect(element, facts);
  }
}

std::string list_text(const std::vector<TensorFacts>& tensors) {
  std::string text;
  for (const TensorFacts& tensor : tensors) {
    text += (text.empty() ? "" : ", ") + std::string(c10::toString(tensor.type)) + " [";
    for (size_t i = 0; i < tensor.sizes.size(); ++i)
      text += (i ? ", " : "") + std::to_string(tensor.sizes[i]);
    text += "]";
  }
  return text;
}

}  // namespace

struct RecorderCallbacks {
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    if (!current) return nullptr;
    RecordedOperator recorded;
    const auto name = function.operator_name();
    recorded.name = name ? c10::toString(*name) : function.name();
    if (!current->running_.empty()) recorded.caller = current->running_.back();
    for (const c10::IValue& input : function.inputs()) collect(input, recorded.in);
    if (const auto schema = function.operator_schema())
      for (size_t i = 0; i < schema->arguments().size() && i < function.inputs().size(); ++i) {
        if (schema->arguments()[i].name() != "device") continue;
        recorded.has_device_argument = true;
        const c10::IValue& device = function.inputs()[i];
        if (device.isDevice()) recorded.to_device = device.toDevice();
      }
    current->running_.push_back(current->operators_.size());
    current->operators_.push_back(std::move(recorded));
    return nullptr;
  }

  static void end(const at::RecordFunction& function, at::ObserverContext*) {
    if (!current || current->running_.empty()) return;
    RecordedOperator& recorded = current->operators_[current->running_.back()];
    current->running_.pop_back();
    for (const c10::IValue& output : function.outputs()) collect(output, recorded.out);
  }
};

std::string to_text(const RecordedOperator& recorded) {
  return recorded.name + " (" + list_text(recorded.in) + ") -> " + list_text(recorded.out);
}

OperatorRecorder::OperatorRecorder()
    : outer_(current),
      handle_(at::addThreadLocalCallback(
          at::RecordFunctionCallback(RecorderCallbacks::begin, RecorderCallbacks::end)
              .needsInputs(true)
              .needsOutputs(true)
              .scopes({at::RecordScope::FUNCTION}))) {
  current = this;
}

OperatorRecorder::~OperatorRecorder() {
  at::removeCallback(handle_);
  current = outer_;
}

}  // namespace da3::engine

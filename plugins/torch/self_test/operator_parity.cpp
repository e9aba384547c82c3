// SPDX-License-Identifier: Apache-2.0
#include "self_test/operator_parity.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <sstream>
#include <utility>
#include <variant>
#include <vector>

#include "self_test/checked_kernels.hpp"

namespace da3::engine {

namespace {

/// What an argument was: a floating tensor's facts, the value of whatever else.
struct TensorPlan {
  std::vector<int64_t> sizes, strides;
  at::ScalarType type = at::kFloat;
  at::Tensor values;  ///< of integers and masks, on the CPU
};
using Argument = std::variant<c10::IValue, TensorPlan, std::vector<TensorPlan>>;

struct Call {
  c10::OperatorName name;
  std::vector<Argument> arguments;
  std::string skipped;
  int times = 1;
};

struct Recording {
  std::map<std::string, Call> calls;
  std::vector<std::string> order;
  int depth = 0;
  bool busy = false;  ///< what the recorder itself calls does not count
};
thread_local Recording* recording = nullptr;

TensorPlan plan_of(const at::Tensor& tensor, std::string& skipped) {
  TensorPlan plan;
  plan.type = tensor.scalar_type();
  plan.sizes = tensor.sizes().vec();
  if (tensor.layout() != at::kStrided) {
    skipped = "an argument has a layout that only the device's own kernels read; see the test 'kernels'";
    return plan;
  }
  plan.strides = tensor.strides().vec();
  if (!at::isFloatingType(plan.type)) plan.values = tensor.to(at::kCPU).clone();
  return plan;
}

void add_text(std::string& text, const TensorPlan& plan, bool strides) {
  text += std::string(text.back() == '(' ? "" : ", ") + c10::toString(plan.type) + " [";
  for (size_t i = 0; i < plan.sizes.size(); ++i) text += (i ? ", " : "") + std::to_string(plan.sizes[i]);
  text += "]";
  if (!strides) return;
  text += "/";
  for (int64_t stride : plan.strides) text += std::to_string(stride) + ".";
}

std::string text_of(const Call& call, bool as_key) {
  std::string text = c10::toString(call.name) + " (";
  for (const Argument& argument : call.arguments) {
    if (const auto* plan = std::get_if<TensorPlan>(&argument)) add_text(text, *plan, as_key);
    if (const auto* list = std::get_if<std::vector<TensorPlan>>(&argument))
      for (const TensorPlan& plan : *list) add_text(text, plan, as_key);
    if (const auto* value = std::get_if<c10::IValue>(&argument); value && as_key) {
      std::ostringstream written;
      written << *value;
      text += ", " + written.str();
    }
  }
  return text + ")";
}

Call call_of(const at::RecordFunction& function, const c10::OperatorName& name) {
  Call call{name, {}, {}, 1};
  for (const c10::IValue& input : function.inputs()) {
    if (input.isTensor() && input.toTensor().defined()) {
      call.arguments.emplace_back(plan_of(input.toTensor(), call.skipped));
    } else if (input.isTensorList()) {
      std::vector<TensorPlan> list;
      for (const at::Tensor& tensor : input.toTensorVector()) list.push_back(plan_of(tensor, call.skipped));
      call.arguments.emplace_back(std::move(list));
    } else {
      const bool optional_tensors =
          input.isList() && std::any_of(input.toListRef().begin(), input.toListRef().end(),
                                        [](const c10::IValue& v) { return v.isTensor(); });
      if (optional_tensors) call.skipped = "a list with gaps of tensors is not replayed";
      call.arguments.emplace_back(input);
    }
  }
  return call;
}

struct Callbacks {
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    if (!recording || recording->busy) return nullptr;
    if (recording->depth++ > 0) return nullptr;
    const auto name = function.operator_name();
    if (!name) return nullptr;
    recording->busy = true;
    Call call = call_of(function, *name);
    const std::string key = text_of(call, /*as_key=*/true);
    const auto [at, added] = recording->calls.try_emplace(key, std::move(call));
    if (added)
      recording->order.push_back(key);
    else
      ++at->second.times;
    recording->busy = false;
    return nullptr;
  }
  static void end(const at::RecordFunction&, at::ObserverContext*) {
    if (recording && !recording->busy) --recording->depth;
  }
};

class Recorder {
 public:
  Recorder() {
    recording = &record;
    handle_ = at::addThreadLocalCallback(at::RecordFunctionCallback(Callbacks::begin, Callbacks::end)
                                             .needsInputs(true)
                                             .scopes({at::RecordScope::FUNCTION}));
  }
  ~Recorder() {
    at::removeCallback(handle_);
    recording = nullptr;
  }
  Recording record;

 private:
  at::CallbackHandle handle_;
};

// ---- replaying

/// A tensor of the planned strides on the CPU; elements that lie on each other are made once.
at::Tensor numbers(const TensorPlan& plan, std::mt19937& random) {
  if (plan.values.defined()) return plan.values;
  std::vector<int64_t> once = plan.sizes;
  for (size_t i = 0; i < once.size(); ++i)
    if (plan.strides[i] == 0) once[i] = 1;
  at::Tensor dense = at::empty(once, at::kFloat);
  std::normal_distribution<float> normal;
  auto* values = static_cast<float*>(dense.mutable_data_ptr());
  for (int64_t i = 0; i < dense.numel(); ++i) values[i] = normal(random);
  return dense.to(plan.type);
}

at::Tensor laid_out(const TensorPlan& plan, const at::Tensor& dense, at::Device device, at::ScalarType type) {
  if (dense.numel() == 0 && plan.values.defined()) return dense.to(device);
  at::Tensor made =
      at::empty_strided(dense.sizes(), plan.strides, at::TensorOptions().dtype(type).device(device));
  made.copy_(dense);
  return made.expand(plan.sizes);
}

using Stack = std::vector<c10::IValue>;

/// widened: floating tensors as float64.
Stack stack_of(const Call& call, at::Device device, bool widened, unsigned seed) {
  std::mt19937 random(seed);
  const auto make = [&](const TensorPlan& plan) {
    const at::Tensor dense = numbers(plan, random);
    return laid_out(plan, dense, device, widened && !plan.values.defined() ? at::kDouble : plan.type);
  };
  Stack stack;
  for (const Argument& argument : call.arguments) {
    if (const auto* plan = std::get_if<TensorPlan>(&argument)) {
      stack.emplace_back(make(*plan));
    } else if (const auto* list = std::get_if<std::vector<TensorPlan>>(&argument)) {
      c10::List<at::Tensor> tensors;
      for (const TensorPlan& each : *list) tensors.push_back(make(each));
      stack.emplace_back(tensors);
    } else {
      const auto& value = std::get<c10::IValue>(argument);
      stack.emplace_back(value.isDevice() ? c10::IValue(device) : value);
    }
  }
  return stack;
}

void collect(const c10::IValue& value, std::vector<at::Tensor>& tensors) {
  if (value.isTensor() && value.toTensor().defined()) tensors.push_back(value.toTensor());
  if (value.isTensorList())
    for (const at::Tensor& tensor : value.toTensorVector()) tensors.push_back(tensor);
}

bool is_attention(const c10::OperatorName& name) {
  return name.name.find("scaled_dot_product") != std::string::npos;
}

/// What the operator returns and what it changes, in the schema's order.
std::vector<at::Tensor> results_of(const c10::OperatorHandle& handle, const c10::OperatorName& name,
                                   Stack stack) {
  const Stack arguments = stack;
  handle.callBoxed(&stack);
  std::vector<at::Tensor> results;
  for (const c10::IValue& value : stack) collect(value, results);
  const auto& schema = handle.schema().arguments();
  for (size_t i = 0; i < schema.size() && i < arguments.size(); ++i)
    if (schema[i].alias_info() && schema[i].alias_info()->isWrite()) collect(arguments[i], results);
  if (is_attention(name) && results.size() > 1) results.resize(1);  // the rest is bookkeeping
  return results;
}

std::vector<at::Tensor> attention(const Stack& stack) {
  const at::Tensor q = stack.at(0).toTensor(), k = stack.at(1).toTensor(), v = stack.at(2).toTensor();
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(-1)));
  return {at::matmul(at::softmax(at::matmul(q, k.transpose(-2, -1)) * scale, -1), v)};
}

std::vector<at::Tensor> reference_of(const c10::OperatorHandle& handle, const Call& call, unsigned seed) {
  if (is_attention(call.name)) return attention(stack_of(call, at::kCPU, true, seed));
  try {
    return results_of(handle, call.name, stack_of(call, at::kCPU, true, seed));
  } catch (const c10::Error&) {
    return results_of(handle, call.name, stack_of(call, at::kCPU, false, seed));
  }
}

/// Of the coarsest floating type that takes part.
double limit_of(const Call& call, const std::vector<at::Tensor>& results, at::Device device) {
  double limit = 0;
  const auto see = [&](at::ScalarType type) {
    if (at::isFloatingType(type)) limit = std::max(limit, error_limit(type, net::Arithmetic::float32));
  };
  for (const Argument& argument : call.arguments)
    if (const auto* plan = std::get_if<TensorPlan>(&argument)) see(plan->type);
  for (const at::Tensor& result : results) see(result.scalar_type());
  // Products of float32 may be TF32's on a GPU.
  for (const char* word : {"conv", "linear", "mm", "matmul", "einsum"})
    if (!device.is_cpu() && limit > 0 && call.name.name.find(word) != std::string::npos)
      limit = std::max(limit, error_limit(at::kFloat, net::Arithmetic::tf32));
  return limit;
}

std::string first_line(const std::exception& error) {
  std::string text = error.what();
  if (const auto* of_torch = dynamic_cast<const c10::Error*>(&error))
    text = of_torch->what_without_backtrace();
  return text.substr(0, std::min<size_t>(text.find('\n'), 200));
}

/// Their results are not theirs to decide, or they make something from nothing.
std::string not_replayed(const Call& call) {
  if (!call.skipped.empty()) return call.skipped;
  for (const char* word : {"aten::empty", "aten::new_empty", "aten::resize", "aten::set_",
                           "aten::record_stream", "aten::rand", "aten::normal"})
    if (call.name.name.rfind(word, 0) == 0) return "its result has no defined values";
  const bool reads = std::any_of(call.arguments.begin(), call.arguments.end(),
                                 [](const Argument& a) { return a.index() != 0; });
  return reads ? "" : "it reads no tensor";
}

OperatorResult replay(const Call& call, at::Device device, int seeds) {
  OperatorResult result;
  result.name = text_of(call, false) + " x " + std::to_string(call.times);
  if (result.skipped = not_replayed(call); !result.skipped.empty()) return result;
  const auto handle = c10::Dispatcher::singleton().findSchema(call.name);
  if (!handle) {
    result.skipped = "it is not registered under its name";
    return result;
  }
  for (int seed = 1; seed <= seeds; ++seed) {
    std::vector<at::Tensor> want, got;
    try {
      want = reference_of(*handle, call, static_cast<unsigned>(seed));
    } catch (const std::exception& error) {
      result.skipped = "the CPU has no reference: " + first_line(error);
      return result;
    }
    try {
      got = results_of(*handle, call.name, stack_of(call, device, false, static_cast<unsigned>(seed)));
      result.limit = limit_of(call, got, device);
      if (got.size() != want.size()) result.failure = "it gives another number of tensors than on the CPU";
      for (size_t i = 0; i < std::min(got.size(), want.size()); ++i)
        result.error = std::max(result.error, relative_error(got[i], want[i]));
    } catch (const std::exception& error) {
      result.failure = first_line(error);
    }
    if (!result.failure.empty()) return result;
  }
  return result;
}

}  // namespace

void compare_operators(at::Device device, const std::function<void()>& body, int seeds,
                       const std::function<void()>& poll,
                       const std::function<void(const OperatorResult&)>& sink) {
  Recording recorded;
  {
    Recorder recorder;
    body();
    recorded = std::move(recorder.record);
  }
  for (const std::string& key : recorded.order) {
    poll();
    sink(replay(recorded.calls.at(key), device, seeds));
  }
}

}  // namespace da3::engine

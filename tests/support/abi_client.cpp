// SPDX-License-Identifier: Apache-2.0
#include "support/abi_client.hpp"

#include <dlfcn.h>

#include <stdexcept>

#include <da3/error.hpp>

namespace da3::test {

namespace {

void check(const Answer& answer) {
  if (answer.code != DA3_OK) throw Error(answer.code, answer.message, answer.kind, answer.index);
}

const da3_host& test_host() {
  static const da3_host host = [] {
    da3_host made_host = made<da3_host>();
    made_host.abi_major = DA3_ABI_MAJOR;
    made_host.abi_minor = DA3_ABI_MINOR;
    made_host.name = "da3-tests";
    made_host.version = "0";
    return made_host;
  }();
  return host;
}

/// Key/values as the ABI wants them: an array of pointers. Borrows the strings.
struct KeyValues {
  explicit KeyValues(const Options& options) {
    for (const auto& [key, value] : options) {
      da3_kv kv = made<da3_kv>();
      kv.key = key.c_str();
      kv.value = value.c_str();
      kv.origin = "test";
      values.push_back(kv);
    }
    for (const da3_kv& kv : values) pointers.push_back(&kv);
  }
  std::vector<da3_kv> values;
  std::vector<const da3_kv*> pointers;
};

}  // namespace

const da3_plugin& open_plugin(const std::string& name) {
  const std::string path = std::string(DA3_PLUGIN_FOLDER) + "/libda3_" + name + ".so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw std::runtime_error(dlerror());
  const auto entry = reinterpret_cast<da3_plugin_entry_fn>(dlsym(library, "da3_plugin_entry"));
  if (!entry) throw std::runtime_error(path + ": no da3_plugin_entry");
  const da3_plugin* plugin = nullptr;
  check(ask(
      [&](da3_error* error) { return entry(DA3_ABI_MAJOR, DA3_ABI_MAJOR, &test_host(), &plugin, error); }));
  return *plugin;
}

da3_tensor tensor(const char* name, void* data, uint8_t code, uint8_t bits, std::vector<int64_t>& shape) {
  da3_tensor t = made<da3_tensor>();
  t.name = name;
  t.data = data;
  t.dl_type = 1;
  t.ndim = static_cast<int32_t>(shape.size());
  t.code = code;
  t.bits = bits;
  t.lanes = 1;
  t.shape = shape.data();
  return t;
}

AbiModel::AbiModel(const da3_plugin& plugin, const Options& options, const std::string& folder)
    : plugin_(plugin) {
  const KeyValues kvs(options);
  check(ask([&](da3_error* error) {
    return plugin.optimizer_create(kvs.pointers.data(), static_cast<uint32_t>(kvs.pointers.size()), 1, 0,
                                   &optimizer_, error);
  }));
  try {
    check(ask(
        [&](da3_error* e) { return plugin.model_load(optimizer_, folder.c_str(), nullptr, &model_, e); }));
    check(ask([&](da3_error* e) { return plugin.session_create(model_, &session_, e); }));
  } catch (...) {
    if (model_) plugin.model_destroy(model_);
    plugin.optimizer_destroy(optimizer_);
    throw;
  }
}

AbiModel::~AbiModel() {
  plugin_.session_destroy(session_);
  plugin_.model_destroy(model_);
  plugin_.optimizer_destroy(optimizer_);
}

/// Outputs by name whose memory the plugin is to give.
struct AbiModel::Targets {
  explicit Targets(const std::vector<std::string>& names) : tensors(names.size(), made<da3_tensor>()) {
    for (size_t i = 0; i < names.size(); ++i) {
      tensors[i].name = names[i].c_str();
      tensors[i].dl_type = 1;
      pointers.push_back(&tensors[i]);
    }
  }
  ~Targets() {
    for (da3_tensor& t : tensors)
      if (t.release) t.release(&t);
  }
  Targets(const Targets&) = delete;
  std::vector<da3_tensor> tensors;
  std::vector<da3_tensor*> pointers;
};

da3_memory AbiModel::estimate(const std::vector<int64_t>& shape, const std::vector<std::string>& outputs) {
  std::vector<int64_t> image_shape = shape;
  const da3_tensor input = tensor("image", nullptr, 1, 8, image_shape);
  const da3_tensor* inputs[] = {&input};
  Targets targets(outputs);
  da3_run run = made<da3_run>();
  run.in = inputs;
  run.n_in = 1;
  run.out = targets.pointers.data();
  run.n_out = static_cast<uint32_t>(outputs.size());
  da3_memory memory = made<da3_memory>();
  check(ask([&](da3_error* error) { return plugin_.estimate(model_, &run, &memory, error); }));
  return memory;
}

void AbiModel::run_into(Targets& targets, const uint8_t* image, const std::vector<int64_t>& shape,
                        const Options& options, const Cameras& cameras) {
  std::vector<int64_t> image_shape = shape, extrinsics_shape{shape[0], shape[1], 4, 4},
                       intrinsics_shape{shape[0], shape[1], 3, 3};
  const auto floats = [](const char* name, const std::vector<float>& values, std::vector<int64_t>& s) {
    return tensor(name, const_cast<float*>(values.data()), 2, 32, s);
  };
  const da3_tensor input = tensor("image", const_cast<uint8_t*>(image), 1, 8, image_shape);
  const da3_tensor extrinsics = floats("extrinsics", cameras.extrinsics, extrinsics_shape);
  const da3_tensor intrinsics = floats("intrinsics", cameras.intrinsics, intrinsics_shape);
  std::vector<const da3_tensor*> inputs{&input};
  if (!cameras.extrinsics.empty()) inputs.push_back(&extrinsics);
  if (!cameras.intrinsics.empty()) inputs.push_back(&intrinsics);
  const KeyValues kvs(options);
  da3_run run = made<da3_run>();
  run.in = inputs.data();
  run.n_in = static_cast<uint32_t>(inputs.size());
  run.out = targets.pointers.data();
  run.n_out = static_cast<uint32_t>(targets.pointers.size());
  run.opts = kvs.pointers.data();
  run.n_opts = static_cast<uint32_t>(kvs.pointers.size());
  check(ask([&](da3_error* error) { return plugin_.session_run(session_, &run, error); }));
}

void AbiModel::run_and_drop(const uint8_t* image, const std::vector<int64_t>& shape,
                            const std::vector<std::string>& outputs, const Options& options) {
  Targets targets(outputs);
  run_into(targets, image, shape, options, {});
}

std::map<std::string, AbiModel::Output> AbiModel::run(const uint8_t* image, const std::vector<int64_t>& shape,
                                                      const std::vector<std::string>& outputs,
                                                      const Options& options, const Cameras& cameras) {
  Targets targets(outputs);
  run_into(targets, image, shape, options, cameras);
  std::map<std::string, Output> results;
  for (const da3_tensor& t : targets.tensors) {
    Output& result = results[t.name];
    result.shape.assign(t.shape, t.shape + t.ndim);
    size_t elements = 1;
    for (int64_t size : result.shape) elements *= static_cast<size_t>(size);
    const float* values = static_cast<const float*>(t.data);
    result.values.assign(values, values + elements);
  }
  return results;
}

}  // namespace da3::test

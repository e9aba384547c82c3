// SPDX-License-Identifier: Apache-2.0
// A host of the C ABI for tests: opens a plugin and calls its table, with nothing of the core between.
#pragma once

#include <da3/plugin.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace da3::test {

using Options = std::vector<std::pair<std::string, std::string>>;

/// What a call answered.
struct Answer {
  int32_t code = DA3_OK;
  std::string message;
  int32_t kind = 0;
  int64_t index = -1;
  int32_t native = 0;
};

/// Opens libda3_<name> from the build tree's plugin folder. Throws std::runtime_error when that fails.
const da3_plugin& open_plugin(const std::string& name);

/// Runs on one optimizer and model. Throws da3::Error with what the plugin answered.
class AbiModel {
 public:
  AbiModel(const da3_plugin& plugin, const Options& options, const std::string& folder);
  ~AbiModel();
  AbiModel(const AbiModel&) = delete;
  AbiModel& operator=(const AbiModel&) = delete;

  /// Inputs beside the image; empty ones are not given.
  struct Cameras {
    std::vector<float> extrinsics;  ///< [B,S,4,4]
    std::vector<float> intrinsics;  ///< [B,S,3,3]
  };
  struct Output {
    std::vector<int64_t> shape;
    std::vector<float> values;
  };
  /// image [B,S,H,W,3]; the plugin allocates the outputs.
  std::map<std::string, Output> run(const uint8_t* image, const std::vector<int64_t>& shape,
                                    const std::vector<std::string>& outputs, const Options& options = {},
                                    const Cameras& cameras = {});

  /// Runs and gives the outputs back at once, without a copy.
  void run_and_drop(const uint8_t* image, const std::vector<int64_t>& shape,
                    const std::vector<std::string>& outputs, const Options& options = {});

  /// Of a run with these outputs, without its data.
  da3_memory estimate(const std::vector<int64_t>& shape, const std::vector<std::string>& outputs);

  da3_optimizer* optimizer() const { return optimizer_; }
  da3_model* model() const { return model_; }
  da3_session* session() const { return session_; }

 private:
  struct Targets;
  void run_into(Targets& targets, const uint8_t* image, const std::vector<int64_t>& shape,
                const Options& options, const Cameras& cameras);

  const da3_plugin& plugin_;
  da3_optimizer* optimizer_ = nullptr;
  da3_model* model_ = nullptr;
  da3_session* session_ = nullptr;
};

/// A zeroed struct of the ABI with its size set.
template <class T>
T made() {
  T value{};
  value.struct_size = sizeof(T);
  return value;
}

/// A borrowed tensor; shape must outlive it.
da3_tensor tensor(const char* name, void* data, uint8_t code, uint8_t bits, std::vector<int64_t>& shape);

/// Calls f(error) and collects the answer.
template <class Call>
Answer ask(Call&& call) {
  char text[1024] = "";
  da3_error error = made<da3_error>();
  error.msg = text;
  error.msg_cap = sizeof text;
  error.index = -1;
  Answer answer;
  answer.code = call(&error);
  answer.message = text;
  answer.kind = error.kind;
  answer.index = error.index;
  answer.native = error.native;
  return answer;
}

}  // namespace da3::test

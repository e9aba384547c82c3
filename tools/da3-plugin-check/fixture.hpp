// SPDX-License-Identifier: Apache-2.0
// Optimizers, models, sessions and runs of the plugin under check, destroyed in the right order.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client.hpp"
#include "watched_memory.hpp"

namespace da3::check {

using Shape = std::vector<int64_t>;
uint64_t count_of(const Shape&);
std::string text_of(const Shape&);

/// What describe calls tell, in order.
Values describe(const da3_plugin&, da3_optimizer*);
Values describe(const da3_plugin&, da3_model*);
/// nullptr when the key is missing.
const std::string* find(const Values&, const std::string& key);

/// One optimizer on the first usable device. Throws SetupFailure of check 22.
class Optimizer {
 public:
  Optimizer(const da3_plugin&, const Values& options = {});
  ~Optimizer() { destroy(); }
  Optimizer(const Optimizer&) = delete;
  da3_optimizer* get() const { return optimizer_; }
  void destroy();

 private:
  const da3_plugin& plugin_;
  da3_optimizer* optimizer_ = nullptr;
};

/// Answers of optimizer_create without the class; *out is poisoned before.
Answer create(const da3_plugin&, const DeviceRow&, const Values& options, da3_optimizer** out);
/// "deterministic: true" where the plugin has it, so that results can be compared.
Values repeatable(const da3_plugin&);

struct OutputSpec {
  std::string name, spec;  ///< "depth", "float32 [B,S,H,W]"
};
/// The shape that spec has for an image [B,S,H,W,3]; empty when a letter in it is not known before the run.
/// Throws SetupFailure of check 26 when spec is not of the grammar.
Shape shape_of(const OutputSpec&, const Shape& image);

class Model {
 public:
  /// Throws SetupFailure of check 26.
  Model(const da3_plugin&, da3_optimizer*, const std::string& path);
  ~Model() { destroy(); }
  Model(const Model&) = delete;
  da3_model* get() const { return model_; }
  void destroy();
  const Values& facts() const { return facts_; }
  const std::vector<OutputSpec>& outputs() const { return outputs_; }
  bool has_input(const std::string& name) const { return find(facts_, "input." + name) != nullptr; }

 private:
  const da3_plugin& plugin_;
  da3_model* model_ = nullptr;
  Values facts_;
  std::vector<OutputSpec> outputs_;
};

class Session {
 public:
  /// Throws SetupFailure of check 63.
  Session(const da3_plugin&, da3_model*);
  ~Session() { destroy(); }
  Session(const Session&) = delete;
  da3_session* get() const { return session_; }
  void destroy();

 private:
  const da3_plugin& plugin_;
  da3_session* session_ = nullptr;
};

/// A tensor with memory of ours around it, or of the plugin's in it.
struct Box {
  da3_tensor t = zeroed<da3_tensor>();
  std::string name;
  Shape shape, strides;
  std::unique_ptr<Guarded> memory;
  /// What is in it when it is contiguous float32; throws Verdict when it is not what shape says.
  std::vector<float> floats() const;
  void release();  ///< the plugin's memory, once
};

/// One run: tensors, options, watch. Not copied: the ABI holds pointers into it.
class Run {
 public:
  Run(const Shape& image, uint32_t seed = 1, size_t misalign = 0);
  ~Run();
  Run(const Run&) = delete;
  Box& image() { return *in_.front(); }
  Box& input(const std::string& name, const Shape&, uint8_t code, uint8_t bits, size_t misalign = 0);
  Box& host_output(const OutputSpec&, size_t misalign = 0);
  Box& plugin_output(const OutputSpec&);
  Box& host_output_of(const std::string& name, const Shape&, size_t misalign = 0);
  void set_options(const Values&);
  void set_watch(const da3_watch* watch) { run_.watch = watch; }
  std::vector<std::unique_ptr<Box>>& outputs() { return out_; }
  const std::vector<std::unique_ptr<Box>>& outputs() const { return out_; }
  std::vector<std::unique_ptr<Box>>& inputs() { return in_; }
  da3_run* get();
  Answer run(const da3_plugin&, da3_session*, const std::string& what = "session_run");
  void release();              ///< what the plugin gave
  std::string damage() const;  ///< of any tensor, inputs changed included

 private:
  Shape image_shape_;
  std::vector<std::unique_ptr<Box>> in_, out_;
  std::vector<const da3_tensor*> in_pointers_;
  std::vector<da3_tensor*> out_pointers_;
  std::unique_ptr<KeyValues> options_;
  std::vector<unsigned char> pixels_;
  da3_run run_ = zeroed<da3_run>();
};

/// Host, plugin, optimizer and model with everything that runs need.
struct Bench {
  explicit Bench(Context&, Values options = {}, std::function<void(TestHost&)> change_host = {});
  TestHost host;
  Plugin plugin;
  std::unique_ptr<Optimizer> optimizer;
  std::unique_ptr<Model> model;
  const da3_plugin& table() const { return plugin.table(); }
  /// Whether the same input gives the same bits, so that results can be compared.
  bool repeats() const;
  /// Those whose shape is known before the run, which can lie in the host's memory.
  std::vector<OutputSpec> known_outputs(const Shape& image) const;
  /// Outputs whose shape is known, of the plugin's or the host's memory.
  void add_outputs(Run&, bool host_memory, size_t misalign = 0) const;
  /// Runs and gives back every output's numbers; FAIL when it does not work.
  std::vector<std::vector<float>> results(da3_session*, const Shape& image, uint32_t seed,
                                          bool host_memory = true);
};

const Shape& small_image();  ///< [1,2,28,42,3]
/// "depth differs at element 7: 1.5 and 2.5", or "".
std::string difference(const std::vector<OutputSpec>&, const std::vector<std::vector<float>>&,
                       const std::vector<std::vector<float>>&);

}  // namespace da3::check

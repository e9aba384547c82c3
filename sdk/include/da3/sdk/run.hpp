// SPDX-License-Identifier: Apache-2.0
// A checked run: inputs by name, options, and outputs whose memory is never lost nor left half owned. Host
// memory only: a plugin that takes or gives device memory reads da3_run itself. C++17.
#pragma once

#include <da3/plugin.h>
#include <da3/error.hpp>
#include <da3/sdk/options.hpp>
#include <da3/sdk/watch.hpp>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace da3::sdk {

constexpr int32_t kind_input = 2, kind_output = 3;

/// uint8 [scenes, views, height, width, 3], RGB, contiguous. data is nullptr in an estimate.
struct Image {
  const uint8_t* data = nullptr;
  int64_t scenes = 0, views = 0, height = 0, width = 0;
  int64_t pixels() const { return scenes * views * height * width; }
};

/// Borrowed for one call of session_run or estimate.
class Run {
 public:
  /// Checks what every run must keep: sizes of the structs, names, options. Throws Error.
  Run(const da3_run* run, const std::vector<Option>& table, const Host* host) : run_(run), host_(host) {
    if (!run) throw Error(DA3_E_INVALID, "the run is NULL; pass one");
    if (!DA3_HAS(run, da3_run, watch))
      throw Error(DA3_E_ABI, "da3_run is smaller than version 1.0's; build the host with da3/plugin.h 1.0");
    if ((run->n_in && !run->in) || (run->n_out && !run->out))
      throw Error(DA3_E_INVALID, "the run counts tensors and its list is NULL; give both or neither");
    check_names(run->in, run->n_in, kind_input, "input");
    check_names(run->out, run->n_out, kind_output, "output");
    options_ = Options::parse(table, DA3_SCOPE_RUN, run->opts, run->n_opts, host);
  }

  /// Throws DA3_E_INVALID, with the tensor's kind and index, when the run has a name that is in neither list.
  void expect(std::initializer_list<std::string_view> inputs,
              std::initializer_list<std::string_view> outputs) const {
    check_known(run_->in, run_->n_in, inputs, kind_input, "input");
    check_known(run_->out, run_->n_out, outputs, kind_output, "output");
  }

  /// nullptr when it is not given.
  const da3_tensor* input(std::string_view name) const {
    for (uint32_t i = 0; i < run_->n_in; ++i)
      if (name == run_->in[i]->name) return run_->in[i];
    return nullptr;
  }
  bool wants(std::string_view output) const {
    for (uint32_t i = 0; i < run_->n_out; ++i)
      if (output == run_->out[i]->name) return true;
    return false;
  }

  /// For a run. Throws DA3_E_INVALID when there is none, DA3_E_SHAPE for another shape, type or layout.
  Image image() const {
    Image image = image_shape();
    const da3_tensor* in = input("image");
    if (!in->data) throw Error(DA3_E_INVALID, "image: its memory is NULL; give it", kind_input, index(in));
    if (in->dl_type != 1)
      throw Error(DA3_E_UNSUPPORTED, "image: it is not in host memory; copy it there", kind_input, index(in));
    image.data = static_cast<const uint8_t*>(in->data) + in->byte_offset;
    return image;
  }
  /// For an estimate, where data may be NULL.
  Image image_shape() const {
    const da3_tensor* in = input("image");
    if (!in) throw Error(DA3_E_INVALID, "the run has no input \"image\"; give it", kind_input, 0);
    const auto refuse = [&](const std::string& why) {
      throw Error(DA3_E_SHAPE, "image: " + why, kind_input, index(in));
    };
    if (in->code != 1 || in->bits != 8 || in->lanes != 1 || in->ndim != 5 || !in->shape || in->shape[4] != 3)
      refuse("it is not uint8 [B,S,H,W,3]; convert it");
    for (int i = 0; i < 4; ++i)
      if (in->shape[i] < 1 || in->shape[i] > 65536 || (i > 1 && in->shape[i] % 14 != 0))
        refuse("side " + std::to_string(i) + " is " + std::to_string(in->shape[i]) +
               "; nothing is 0, H and W are multiples of 14");
    if (in->shape[0] * in->shape[1] > most_pixels / (in->shape[2] * in->shape[3]))
      refuse("it has more pixels than any memory holds; check its shape");
    if (!contiguous(*in)) refuse("it is not contiguous; copy it");
    return {nullptr, in->shape[0], in->shape[1], in->shape[2], in->shape[3]};
  }

  const Options& options() const { return options_; }
  Watch watch() const { return Watch(run_->watch, host_, run_->id); }
  uint64_t id() const { return run_->id; }  ///< the host's, for logs
  const da3_run* raw() const { return run_; }

 private:
  static constexpr int64_t most_pixels = int64_t{1} << 48;  // bytes of it can be counted in 64 bits

  template <class Tensors>
  static void check_names(Tensors list, uint32_t count, int32_t kind, const char* what) {
    for (uint32_t i = 0; i < count; ++i) {
      if (!DA3_HAS(list[i], da3_tensor, release) || !list[i]->name)
        throw Error(DA3_E_INVALID, std::string(what) + " " + std::to_string(i) + " has no name; set it", kind,
                    i);
      for (uint32_t k = 0; k < i; ++k)
        if (std::strcmp(list[k]->name, list[i]->name) == 0)
          throw Error(DA3_E_INVALID,
                      std::string("the ") + what + " \"" + list[i]->name + "\" is there twice; remove one",
                      kind, i);
    }
  }
  template <class Tensors>
  static void check_known(Tensors list, uint32_t count, std::initializer_list<std::string_view> known,
                          int32_t kind, const std::string& what) {
    std::string all;
    for (std::string_view name : known) all += (all.empty() ? "" : ", ") + std::string(name);
    for (uint32_t i = 0; i < count; ++i) {
      bool found = false;
      for (std::string_view name : known) found = found || name == list[i]->name;
      if (!found)
        throw Error(DA3_E_INVALID,
                    "this model has no " + what + " " + detail::shown(list[i]->name) + "; it has " + all,
                    kind, i);
    }
  }
  static bool contiguous(const da3_tensor& tensor) {
    if (!tensor.strides) return true;
    int64_t expected = 1;
    for (int32_t i = tensor.ndim - 1; i >= 0; --i) {
      if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
      expected *= tensor.shape[i];
    }
    return true;
  }
  int64_t index(const da3_tensor* in) const {
    for (uint32_t i = 0; i < run_->n_in; ++i)
      if (run_->in[i] == in) return i;
    return -1;
  }

  friend class Outputs;
  const da3_run* run_;
  const Host* host_;
  Options options_;
};

/// The outputs of a run: the host's memory where it gave some, else the plugin's own, which lives until the
/// host releases it. Without commit() everything of ours is freed again, whatever happened in between.
class Outputs {
 public:
  explicit Outputs(const Run& run) : run_(run.raw()) {}
  Outputs(const Outputs&) = delete;
  Outputs& operator=(const Outputs&) = delete;
  ~Outputs() = default;

  /// Where to write that output, C-contiguous, or nullptr when nobody asked for it. Throws DA3_E_SHAPE when
  /// the host's memory has another shape, std::bad_alloc.
  float* make(std::string_view name, const std::vector<int64_t>& shape) {
    for (uint32_t i = 0; i < run_->n_out; ++i)
      if (name == run_->out[i]->name)
        return run_->out[i]->data ? given(*run_->out[i], i, shape) : own(run_->out[i], i, shape);
    return nullptr;
  }

  /// Hands over what make() allocated. Call it last: after it nothing may fail.
  void commit() noexcept {
    for (Pending& pending : pending_) {
      Owned* owned = pending.memory.release();
      da3_tensor& out = *pending.out;
      out.data = owned->values.get();
      out.ndim = static_cast<int32_t>(owned->shape.size());
      out.code = 2, out.bits = 32, out.lanes = 1;  // float32
      out.shape = owned->shape.data(), out.strides = nullptr, out.byte_offset = 0;
      out.owner = owned;
      out.release = release;
    }
    pending_.clear();
  }

 private:
  struct Owned {  // knows nothing of session or model: it may outlive both
    std::vector<int64_t> shape;
    std::unique_ptr<float[]> values;
  };
  struct Pending {
    da3_tensor* out;
    std::unique_ptr<Owned> memory;
  };

  static void DA3_CALL release(da3_tensor* tensor) { delete static_cast<Owned*>(tensor->owner); }

  static float* given(const da3_tensor& out, uint32_t index, const std::vector<int64_t>& shape) {
    const bool fits = out.code == 2 && out.bits == 32 && out.lanes == 1 && out.dl_type == 1 && out.shape &&
                      out.ndim == static_cast<int32_t>(shape.size()) &&
                      std::vector<int64_t>(out.shape, out.shape + out.ndim) == shape && Run::contiguous(out);
    char* data = static_cast<char*>(out.data) + out.byte_offset;
    if (!fits || reinterpret_cast<uintptr_t>(data) % alignof(float) != 0)
      throw Error(DA3_E_SHAPE,
                  std::string("the memory for \"") + out.name +
                      "\" is not contiguous float32 of the output's shape in host memory; give it such",
                  kind_output, index);
    return reinterpret_cast<float*>(data);
  }

  float* own(da3_tensor* out, uint32_t index, const std::vector<int64_t>& shape) {
    if (out->dl_type != 1)
      throw Error(DA3_E_UNSUPPORTED,
                  std::string("the output \"") + out->name +
                      "\" is asked for in device memory; ask for it in host memory",
                  kind_output, index);
    size_t count = 1;
    for (const int64_t side : shape) count *= static_cast<size_t>(side);
    auto memory = std::make_unique<Owned>();
    memory->shape = shape;
    memory->values.reset(new float[count]);
    pending_.push_back({out, std::move(memory)});
    return pending_.back().memory->values.get();
  }

  const da3_run* run_;
  std::vector<Pending> pending_;
};

}  // namespace da3::sdk

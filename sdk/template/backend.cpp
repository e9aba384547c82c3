// SPDX-License-Identifier: Apache-2.0
// A whole backend in C++17. Its "network" guesses depth as a painter would: what is low in the picture is
// near, what is bright is far. Put your own in the place of guess_depth(), weights in Model, device and
// policy in Optimizer.
#include <da3/sdk/plugin_table.hpp>

#include <algorithm>
#include <cmath>

// Given by da3_add_plugin() from its arguments, so that there is one place for them.
#define NAME DA3_PLUGIN_NAME

namespace {

using namespace da3::sdk;
using da3::Error;

// The options: schema, manifest, checks and defaults are all made of this table. Keys without a dot are
// common to all backends; keys of one's own begin with the backend's name.
const std::vector<Option>& option_table() {
  static const std::vector<Option> table{
      {"performance_mode", "enum{minimal,balanced,max}", "balanced",
       "a set of defaults; here all are the same"},
      {NAME ".near", "float[0.01,1000]", "1", "depth of the nearest point"},
      {NAME ".far", "float[0.01,1000]", "10", "depth of the farthest point"},
      {NAME ".cue", "enum{height,brightness,both}", "both", "what depth is guessed from"},
      {"seed", "int", "0", "accepted and not used: nothing here is random", DA3_SCOPE_RUN},
  };
  return table;
}

struct Settings {
  float near = 1, far = 10;
  bool height = true, brightness = true;
};

float luminance(const uint8_t* rgb) { return (0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2]) / 255.0f; }

/// One row of one view: depth, and a confidence that is higher at edges, each where it is wanted.
void guess_depth(const Settings& settings, const uint8_t* row, int64_t width, float height_in_picture,
                 float* depth, float* confidence) {
  for (int64_t x = 0; x < width; ++x) {
    const float light = luminance(row + 3 * x);
    const float before = luminance(row + 3 * std::max<int64_t>(x - 1, 0));
    const float farness = settings.height && settings.brightness ? (height_in_picture + light) / 2
                          : settings.height                      ? height_in_picture
                                                                 : light;
    if (depth) depth[x] = settings.near + (settings.far - settings.near) * farness;
    if (confidence) confidence[x] = 1 + std::abs(light - before);
  }
}

/// What a run may have, for the run and for its estimate.
void expect_names(const Run& run) { run.expect({"image"}, {"depth", "confidence"}); }

class GuessSession : public Session {
 public:
  explicit GuessSession(const Settings& settings) : settings_(settings) {}

  void run(const Run& run) override {
    expect_names(run);
    const Image image = run.image();
    const Watch watch = run.watch();
    Trace trace = watch.trace();
    trace.stage("head");  // a host that measures sees where the time goes: da3/trace.h
    const std::vector<int64_t> shape{image.scenes, image.views, image.height, image.width};
    Outputs outputs(run);  // an exception from here on frees what it allocated
    float* depth = outputs.make("depth", shape);
    float* confidence = outputs.make("confidence", shape);
    const int64_t views = image.scenes * image.views;
    for (int64_t view = 0; view < views; ++view) {
      watch.progress(static_cast<uint64_t>(view), static_cast<uint64_t>(views), "forward");
      for (int64_t y = 0; y < image.height; ++y) {
        if (y % 64 == 0) watch.throw_if_cancelled("the run");
        const int64_t at = (view * image.height + y) * image.width;
        const float up = 1 - static_cast<float>(y) / static_cast<float>(image.height);
        guess_depth(settings_, image.data + 3 * at, image.width, up, depth ? depth + at : nullptr,
                    confidence ? confidence + at : nullptr);
      }
    }
    watch.progress(static_cast<uint64_t>(views), static_cast<uint64_t>(views), "forward");
    outputs.commit();
  }

 private:
  Settings settings_;
};

class GuessModel : public Model {
 public:
  explicit GuessModel(const Settings& settings) : settings_(settings) {}

  void describe(const Describe& out) const override {
    out("model.name", "guess");
    out("model.family", "guess");
    out("model.license", DA3_PLUGIN_LICENSE);
    out("model.sha256", "");  // not known here: the host can hash the file
    out("model.parameters", "0");
    for (const char* no :
         {"pose", "pose_input", "ray", "gaussians", "metric", "metric_by_focal", "sky", "features"})
      out(std::string("capability.") + no, "false");
    out("capability.confidence", "true");
    out("input.image", "uint8 [B,S,H,W,3]");
    out("output.depth", "float32 [B,S,H,W]");
    out("output.confidence", "float32 [B,S,H,W]");
  }

  std::unique_ptr<Session> create_session() const override {
    return std::make_unique<GuessSession>(settings_);
  }

  da3_memory estimate(const Run& run) const override {
    expect_names(run);
    const Image image = run.image_shape();
    da3_memory memory = unknown_memory();
    memory.weights = 0;
    const auto outputs = static_cast<uint64_t>(run.wants("depth") + run.wants("confidence"));
    memory.activations = memory.peak = outputs * sizeof(float) * static_cast<uint64_t>(image.pixels());
    return memory;
  }

 private:
  Settings settings_;
};

class GuessOptimizer : public Optimizer {
 public:
  explicit GuessOptimizer(const Options& options) : options_(options) {
    settings_.near = static_cast<float>(*options.number(NAME ".near"));
    settings_.far = static_cast<float>(*options.number(NAME ".far"));
    settings_.height = !options.is(NAME ".cue", "brightness");
    settings_.brightness = !options.is(NAME ".cue", "height");
    if (settings_.near >= settings_.far)
      throw Error(DA3_E_BAD_VALUE, NAME ".near is not less than " NAME ".far; make it so");
  }

  void describe(const Describe& out) const override {
    options_.describe(out);
    out("effective.device", "CPU");
    out("effective.precision", "float32");
    out("effective.head_precision", "float32");
    for (const char* one : {"threads", "interop_threads", "workers", "batch"})
      out(std::string("effective.") + one, "1");
    out("effective.prefetch", "0");
    out("effective.compile", "false");
    out("effective.cache", "none");
    out("effective.deterministic", "true");
  }

  std::unique_ptr<Model> load(const std::string& path, const Watch& watch) override {
    // A plugin with weights reads them here, from a folder or file, and refuses with DA3_E_NOT_FOUND or
    // DA3_E_MODEL what is missing, cut off or damaged. This one has none: any path will do.
    if (path.empty())
      throw Error(DA3_E_NOT_FOUND, "loading the model failed: its path is empty; any other will do");
    watch.throw_if_cancelled("loading the model");
    watch.progress(1, 1, "load");
    return std::make_unique<GuessModel>(settings_);
  }

 private:
  Options options_;
  Settings settings_;
};

class GuessBackend : public Backend {
 public:
  Info info() const override {
    return {NAME,
            DA3_PLUGIN_ID,
            DA3_PLUGIN_VERSION,
            DA3_PLUGIN_VENDOR,
            DA3_PLUGIN_LICENSE,
            DA3_PLUGIN_RUNTIME_ID};
  }
  const std::vector<Option>& options() const override { return option_table(); }

  void probe(const std::function<void(const da3_device&)>& emit) const override {
    da3_device device = unknown_device();
    device.dl_type = 1;     // DLPack: 1 cpu, 2 cuda, 8 metal
    device.score = 1;       // 1 to 99: a fallback, so that `backend: auto` takes every other one first
    device.precisions = 1;  // float32
    device.name = "CPU";
    device.arch = "any";
    emit(device);
  }

  std::unique_ptr<Optimizer> create_optimizer(std::shared_ptr<const Host> host, const Options& options,
                                              int32_t dl_type, int32_t dl_id) const override {
    if (dl_type != 1 || dl_id != 0)
      throw Error(DA3_E_INVALID, "there is no such device; use the one that probe reports", 4, dl_id);
    host->log(LogLevel::debug, "depth is guessed from " + options.text(NAME ".cue"));
    return std::make_unique<GuessOptimizer>(options);
  }
};

const Backend& backend() {
  static const GuessBackend& made =
      *new GuessBackend;  // never destroyed: calls may come while the process ends
  return made;
}

}  // namespace

DA3_PLUGIN(backend);

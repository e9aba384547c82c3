// SPDX-License-Identifier: Apache-2.0
#include "self_test/self_test.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <da3/self_test.h>
#include <da3/error.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "engine/graph_cache.hpp"
#include "self_test/canary.hpp"
#include "self_test/operator_parity.hpp"

namespace da3::engine {

namespace {

constexpr int kSeeds = 3, kShapes = 200;

/// What tests of a model share.
struct Bench {
  Context& context;
  const std::string folder;
  const Watcher& watcher;
  const TestSink& sink;

  at::Tensor image(int64_t views, int64_t height, int64_t width, unsigned seed) const {
    at::Tensor pixels = at::empty({1, views, height, width, 3}, at::kByte);
    std::mt19937 random(seed);
    auto* values = static_cast<uint8_t*>(pixels.mutable_data_ptr());
    for (int64_t i = 0; i < pixels.numel(); ++i) values[i] = static_cast<uint8_t>(random() >> 24);
    return pixels.to(context.device);
  }
  void poll() const { watcher.poll("self test"); }
};

std::vector<at::Tensor> tensors_of(const net::NetOutputs& out) {
  std::vector<at::Tensor> tensors;
  for (const at::Tensor* tensor : {&out.depth, &out.confidence, &out.sky, &out.ray, &out.ray_confidence,
                                   &out.cameras.extrinsics, &out.cameras.intrinsics})
    if (tensor->defined()) tensors.push_back(*tensor);
  return tensors;
}

net::NetRequest everything(const checkpoint::Capabilities& can) {
  net::NetRequest request;
  request.cameras = can.pose, request.rays = can.ray, request.sky = can.sky,
  request.gaussians = can.gaussians;
  return request;
}

void tell_error(const TestSink& sink, const std::string& name, double error, double limit,
                const std::string& remark = {}) {
  const bool wrong = !(error <= limit);
  sink({wrong ? DA3_TEST_FAIL : DA3_TEST_PASS, name,
        wrong && remark.empty() ? "it differs from the reference by more than rounding" : remark, "relative",
        error, limit});
}

/// The worst of each kernel, in the order in which they were met.
class KernelRows {
 public:
  void add(const CheckedKernels::Finding& finding) {
    const auto [at, added] = worst_.try_emplace(finding.kernel, finding);
    if (added)
      order_.push_back(finding.kernel);
    else if (!(finding.error <= at->second.error))
      at->second = finding;
  }
  void tell(const TestSink& sink) const {
    for (const std::string& kernel : order_) {
      const auto& finding = worst_.at(kernel);
      tell_error(sink, kernel, finding.error, finding.limit,
                 finding.wrong() ? "wrong at " + finding.layer : "worst at " + finding.layer);
    }
  }

 private:
  std::map<std::string, CheckedKernels::Finding> worst_;
  std::vector<std::string> order_;
};

void canary(Context& context, const TestSink& sink) {
  KernelRows kernels;
  std::vector<TestRow> taps;
  run_canary(context, {[&](const CheckedKernels::Finding& finding) { kernels.add(finding); },
                       [&](const TapValues& seen, double error, double limit) {
                         tell_error([&](const TestRow& row) { taps.push_back(row); }, "layer " + seen.name,
                                    error, limit);
                       }});
  kernels.tell(sink);
  for (const TestRow& row : taps) sink(row);
}

/// A network of the folder on another device or with other kernels than the context's.
struct OwnNetwork {
  OwnNetwork(const Bench& bench, at::Device device, const net::Kernels& kernels)
      : file(checkpoint::SafetensorsFile::open(std::filesystem::path(bench.folder) / "model.safetensors")) {
    checkpoint::Shapes shapes;
    for (const auto& [name, view] : file.tensors()) shapes.emplace(name, view.shape);
    const checkpoint::ModelConfig config = checkpoint::resolve_config(bench.folder, shapes);
    can = checkpoint::capabilities(config);
    network = make_network(
        {file, device, kernels, [&](uint64_t) { bench.poll(); }, precision_of(bench.context.policy)}, config);
  }
  checkpoint::SafetensorsFile file;
  checkpoint::Capabilities can;
  std::unique_ptr<net::Network> network;
};

void operators(const Bench& bench) {
  const Model model(bench.context, bench.folder, Watcher(nullptr));
  bench.context.run([&] {
    const net::NetRequest request = everything(model.capabilities());
    // What is read on demand is read before: packing weights is no operator of a run.
    model.network().compute({bench.image(1, 28, 28, 1), {}, {}}, request, *bench.context.kernels, {});
    const net::NetInputs inputs{bench.image(2, 70, 98, 1), {}, {}};
    compare_operators(
        bench.context.device, [&] { model.network().compute(inputs, request, *bench.context.kernels, {}); },
        kSeeds, [&] { bench.poll(); },
        [&](const OperatorResult& result) {
          if (!result.skipped.empty())
            bench.sink({DA3_TEST_SKIP, result.name, result.skipped, ""});
          else if (!result.failure.empty())
            bench.sink({DA3_TEST_FAIL, result.name, "the device answers: " + result.failure, ""});
          else
            tell_error(bench.sink, result.name, result.error, result.limit);
        });
  });
}

void kernels(const Bench& bench) {
  KernelRows rows;
  bench.context.run([&] {
    CheckedKernels checked(*bench.context.kernels,
                           [&](const CheckedKernels::Finding& finding) { rows.add(finding); });
    const OwnNetwork own(bench, bench.context.device, checked);
    net::RunControl control;
    control.step = [&](const char* stage, int64_t done, int64_t) {
      bench.poll();
      checked.enter_layer(std::string(stage) + ", step " + std::to_string(done));
    };
    for (unsigned seed = 1; seed <= kSeeds; ++seed)
      own.network->compute({bench.image(seed, 70, 98, seed), {}, {}}, everything(own.can), checked, control);
  });
  rows.tell(bench.sink);
}

/// Errors of kernels add up; measured against the mean magnitude, where single values do not decide.
double tap_limit(const Policy& policy) {
  switch (policy.precision) {
    case Precision::bfloat16:
    case Precision::int8:
      return 5e-2;
    case Precision::float16:
    case Precision::tf32:
      return 1e-2;
    default:
      return policy.head_precision == Precision::float32 ? 1e-3 : 1e-2;
  }
}

void taps(const Bench& bench) {
  const Model model(bench.context, bench.folder, Watcher(nullptr));
  bench.context.run([&] {
    const net::EmulatedKernels reference;
    const OwnNetwork own(bench, at::kCPU, reference);
    const at::Tensor image = bench.image(2, 70, 98, 1);
    std::vector<std::pair<std::string, at::Tensor>> seen;
    net::RunControl control;
    control.tap = [&](const std::string& name, const at::Tensor& value) {
      seen.emplace_back(name, value.to(value.options().device(at::kCPU), false, true));
    };
    const auto add_outputs = [&](const net::NetOutputs& out) {
      for (const auto& [name, value] :
           {std::pair{"depth", out.depth}, std::pair{"sky", out.sky}, std::pair{"ray", out.ray}})
        if (value.defined()) control.see(name, value);
    };
    add_outputs(
        own.network->compute({image.to(at::kCPU), {}, {}}, everything(own.can), reference, control).out);
    const auto want = std::exchange(seen, {});
    add_outputs(
        model.network()
            .compute({image, {}, {}}, everything(model.capabilities()), *bench.context.kernels, control)
            .out);
    for (size_t i = 0; i < std::min(want.size(), seen.size()); ++i) {
      const at::Tensor w = want[i].second.to(at::kDouble), g = seen[i].second.to(at::kDouble);
      const double error = (g - w).abs().mean().item<double>() / w.abs().mean().item<double>();
      tell_error(bench.sink, want[i].first, error, tap_limit(bench.context.policy));
    }
    if (want.size() != seen.size())
      bench.sink(
          {DA3_TEST_FAIL, "number of layers", "device and reference have another number of layers", ""});
  });
}

double worst_error(const net::NetOutputs& got, const net::NetOutputs& want) {
  const auto g = tensors_of(got), w = tensors_of(want);
  double error = 0;
  for (size_t i = 0; i < w.size(); ++i) error = std::max(error, relative_error(g.at(i), w[i]));
  return error;
}

void graphs(const Bench& bench) {
  const auto skip = [&](const std::string& why) { bench.sink({DA3_TEST_SKIP, "recorded run", why, ""}); };
  GraphRecorder* recorder = bench.context.runtime->recorder();
  if (!recorder) return skip("this device does not record runs");
  const Model model(bench.context, bench.folder, Watcher(nullptr));
  net::NetRequest request = everything(model.capabilities());
  request.gaussians = false;
  if (!model.network().only_launches(request)) return skip("this network decides on the host within a run");
  bench.context.run([&] {
    GraphCache cache(*recorder, {2, 0});
    const auto compute = [&](const net::NetInputs& inputs) {
      return model.network().compute(inputs, request, *bench.context.kernels, {});
    };
    for (const char* name : {"first run, plain", "second run, recorded", "third run, replayed"}) {
      bench.poll();
      const net::NetInputs inputs{bench.image(2, 70, 98, static_cast<unsigned>(name[0])), {}, {}};
      const net::Computed want = compute(inputs);
      const net::Computed got = cache.run(&model.network(), "self test", inputs, compute);
      tell_error(bench.sink, name, worst_error(got.out, want.out), 1e-5);
    }
    const std::string state = cache.describe();
    const bool recorded = state.find("eager") == std::string::npos;
    bench.sink({recorded ? DA3_TEST_PASS : DA3_TEST_FAIL, "state", state, ""});
  });
}

void soak(const Bench& bench) {
  const Model model(bench.context, bench.folder, Watcher(nullptr));
  Context& context = bench.context;
  const auto held = [&] {
    da3_memory memory{};
    context.runtime->fill_memory(memory, model.weight_bytes());
    return static_cast<double>(memory.activations) + static_cast<double>(memory.pool_idle);
  };
  context.run([&] {
    const auto run = [&](int shape) {
      bench.poll();
      const int64_t rows = 2 + shape % 10, columns = 2 + shape / 10 % 20;
      const net::NetInputs inputs{bench.image(1 + shape % 3, 14 * rows, 14 * columns, 7), {}, {}};
      net::NetRequest request;
      const net::NetOutputs out = model.network().run(inputs, request, *context.kernels, {});
      return context.runtime->download({out.depth}).front();
    };
    const at::Tensor first = run(0);
    int finite = 0;
    double half = 0;
    for (int shape = 0; shape < kShapes; ++shape) {
      finite += run(shape).isfinite().all().item<bool>();
      if (shape == kShapes / 2) half = held();
    }
    bench.sink({finite == kShapes ? DA3_TEST_PASS : DA3_TEST_FAIL, "shapes with finite results",
                finite == kShapes ? "" : "some shapes give infinite or undefined values", "",
                static_cast<double>(finite), kShapes});
    tell_error(bench.sink, "the first shape again", relative_error(run(0), first), 1e-5);
    bench.sink({DA3_TEST_INFO, "memory of the device that the second half of the shapes added", "", "bytes",
                held() - half});
  });
}

void timings(const Bench& bench) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  const Clock::time_point begin = Clock::now();
  const Model model(bench.context, bench.folder, Watcher(nullptr));
  bench.sink({DA3_TEST_INFO, "load", "", "s", since(begin)});
  bench.context.run([&] {
    for (const int64_t views : {1, 5}) {
      const std::string what = std::to_string(views) + " view(s) of 504x504, ";
      const net::NetInputs inputs{bench.image(views, 504, 504, 1), {}, {}};
      std::vector<double> times;
      for (int i = 0; i < 4; ++i) {
        bench.poll();
        const Clock::time_point start = Clock::now();
        const net::NetOutputs out =
            model.network().run(inputs, net::NetRequest{}, *bench.context.kernels, {});
        bench.context.runtime->download({out.depth});
        times.push_back(since(start));
      }
      bench.sink({DA3_TEST_INFO, what + "first run", "", "s", times.front()});
      std::sort(times.begin() + 1, times.end());
      bench.sink({DA3_TEST_INFO, what + "median of three", "", "s", times[2]});
    }
  });
}

}  // namespace

void run_self_test(Context& context, const std::string& test, const char* model, const Watcher& watcher,
                   const TestSink& sink) {
  if (test == "canary") return canary(context, sink);
  static const std::map<std::string, void (*)(const Bench&)> of_models{
      {"operators", operators}, {"kernels", kernels}, {"taps", taps},
      {"graphs", graphs},       {"soak", soak},       {"timings", timings}};
  const auto found = of_models.find(test);
  if (found == of_models.end())
    throw Error(DA3_E_NOT_FOUND, "self test '" + test + "' is unknown; take one of " + kSelfTests);
  if (!model) throw Error(DA3_E_INVALID, "self test '" + test + "' needs a model: give the path of one");
  found->second({context, model, watcher, sink});
}

}  // namespace da3::engine

// SPDX-License-Identifier: Apache-2.0
// What would happen on devices that are not here, told from the operators of runs on the host: nothing that a
// CUDA graph cannot record, nothing that Metal lacks or gets wrong, no float64 on a device that has none.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "checkpoint/model_config.hpp"
#include "cuda/cuda_kernels.hpp"
#include "engine/operator_recorder.hpp"
#include "mps/mps_kernels.hpp"
#include "net/any_view_net.hpp"
#include "net/mono_net.hpp"
#include "net/nested_net.hpp"
#include "support/golden_case.hpp"

namespace da3 {
namespace {

using engine::OperatorRecorder;
using engine::RecordedOperator;
using Operators = std::vector<RecordedOperator>;

// ---- rules

bool begins(const std::string& name, const char* with) { return name.rfind(with, 0) == 0; }

bool has_mask(const RecordedOperator& recorded) {
  return std::any_of(recorded.in.begin(), recorded.in.end(),
                     [](const engine::TensorFacts& t) { return t.type == at::kBool || t.type == at::kByte; });
}

/// Why a CUDA graph cannot record this; "" when it can.
std::string not_for_graphs(const RecordedOperator& recorded) {
  for (const char* name :
       {"aten::item", "aten::_local_scalar_dense", "aten::is_nonzero", "aten::equal", "aten::allclose"})
    if (begins(recorded.name, name)) return "waits for a value";
  for (const char* name : {"aten::nonzero", "aten::masked_select", "aten::unique", "aten::_unique",
                           "aten::repeat_interleave", "aten::bincount", "aten::quantile"})
    if (begins(recorded.name, name)) return "its result's size depends on values";
  if ((begins(recorded.name, "aten::index.") || begins(recorded.name, "aten::index_put")) &&
      has_mask(recorded))
    return "indexes by a mask, which counts it";
  for (const char* name : {"aten::rand", "aten::normal", "aten::uniform", "aten::bernoulli",
                           "aten::multinomial", "aten::exponential", "aten::native_dropout"})
    if (begins(recorded.name, name)) return "draws at random";
  for (const char* name : {"aten::linalg", "aten::_linalg", "aten::cholesky"})
    if (begins(recorded.name, name) && !begins(recorded.name, "aten::linalg_vector_norm"))  // a plain sum
      return "looks at its status on the host";
  if ((begins(recorded.name, "aten::to.") || recorded.name == "aten::_to_copy") && recorded.to_device)
    return "copies to a device or from one";
  // A factory without a device makes host memory, which is then copied.
  if (recorded.has_device_argument && recorded.in.empty() && !recorded.to_device)
    return "makes a tensor on the host";
  return {};
}

/// Operators by name, "mps" or "parts"; tests/data/operators/make_mps_operators.py says where they come from.
const std::map<std::string, std::string>& metal() {
  static const auto& known = *new std::map<std::string, std::string>([] {
    std::map<std::string, std::string> read;
    std::ifstream file(DA3_TEST_DATA "/operators/mps_operators.txt");
    std::string name, kind;
    std::getline(file, name);  // the comment
    while (file >> name >> kind) read[name] = kind;
    return read;
  }());
  return known;
}

/// Operators that call another kernel for each device: ours are recorded with the CPU's, Metal has this one.
const std::map<std::string, std::string> by_device{
    {"aten::_convolution", "aten::_mps_convolution"},
    {"aten::scaled_dot_product_attention", "aten::_scaled_dot_product_attention_math_for_mps"}};

bool runs_on_metal(const std::string& name) {
  const auto other = by_device.find(name);
  const auto found = metal().find(other == by_device.end() ? name : other->second);
  return found != metal().end() && found->second == "mps";
}

/// The operators that Metal would have to run and does not have: what a kernel of its own calls below does
/// not count, it would not be called there.
std::set<std::string> missing_on_metal(const Operators& operators) {
  std::set<std::string> missing;
  std::vector<bool> covered(operators.size());
  for (size_t i = 0; i < operators.size(); ++i) {
    const RecordedOperator& recorded = operators[i];
    covered[i] = (recorded.caller && covered[*recorded.caller]) || runs_on_metal(recorded.name);
    if (!covered[i] && !metal().contains(recorded.name)) missing.insert(to_text(recorded));
  }
  return missing;
}

std::set<std::string> in_float64(const Operators& operators) {
  std::set<std::string> found;
  for (const RecordedOperator& recorded : operators)
    for (const auto* tensors : {&recorded.in, &recorded.out})
      for (const engine::TensorFacts& tensor : *tensors)
        // Python's and C++'s numbers travel as float64 scalars and take part in no arithmetic of that type.
        if (tensor.type == at::kDouble && !tensor.sizes.empty()) found.insert(to_text(recorded));
  return found;
}

bool contiguous(const engine::TensorFacts& tensor) {
  int64_t stride = 1;
  for (size_t i = tensor.sizes.size(); i-- > 0; stride *= tensor.sizes[i])
    if (tensor.sizes[i] != 1 && tensor.strides[i] != stride) return false;
  return true;
}

/// Products and convolutions that Metal has to read through strides: for some of them its results were wrong
/// without a word.
std::set<std::string> strided_on_metal(const Operators& operators) {
  std::set<std::string> found;
  for (const RecordedOperator& recorded : operators) {
    if (recorded.caller) continue;  // the operator that was called decides what its parts get
    for (const char* name : {"aten::mm", "aten::bmm", "aten::baddbmm", "aten::addmm", "aten::matmul",
                             "aten::linear", "aten::conv2d", "aten::convolution", "aten::layer_norm",
                             "aten::scaled_dot_product_attention", "aten::upsample_bilinear2d"})
      if (recorded.name == name || begins(recorded.name, (std::string(name) + ".").c_str()))
        if (!std::all_of(recorded.in.begin(), recorded.in.end(), contiguous)) found.insert(to_text(recorded));
  }
  return found;
}

/// Copies between devices that cast to float64 on the way: Metal would cast before it copies.
std::set<std::string> cast_to_float64_on_the_way(const Operators& operators) {
  std::set<std::string> found;
  for (const RecordedOperator& recorded : operators)
    if (recorded.to_device && !recorded.in.empty() && recorded.in[0].type != at::kDouble &&
        !recorded.out.empty() && recorded.out[0].type == at::kDouble)
      found.insert(to_text(recorded));
  return found;
}

bool calls_fused_attention(const Operators& operators) {
  return std::any_of(operators.begin(), operators.end(), [](const RecordedOperator& recorded) {
    return recorded.name.find("scaled_dot_product") != std::string::npos;
  });
}

std::set<std::string> broken_for_graphs(const Operators& operators) {
  std::set<std::string> found;
  for (const RecordedOperator& recorded : operators)
    if (const std::string why = not_for_graphs(recorded); !why.empty())
      found.insert(to_text(recorded) + ": " + why);
  return found;
}

std::string lines(const std::set<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += "\n  " + text;
  return all;
}

// ---- runs

at::Tensor wrap(const checkpoint::TensorView& view) {
  const auto type = view.dtype == checkpoint::DType::u8 ? at::kByte : at::kFloat;
  return at::from_blob(const_cast<std::byte*>(view.data), view.shape, at::TensorOptions().dtype(type))
      .clone();
}

std::unique_ptr<net::Network> load(const std::string& name, const net::Kernels& kernels,
                                   net::Arithmetic arithmetic) {
  const auto folder = test::checkpoint_folder(name);
  const auto file = checkpoint::SafetensorsFile::open(folder / "model.safetensors");
  checkpoint::Shapes shapes;
  for (const auto& [tensor, view] : file.tensors()) shapes.emplace(tensor, view.shape);
  const net::WeightSource source{file, at::kCPU, kernels, {}, {arithmetic, net::Arithmetic::float32}};
  const checkpoint::ModelConfig config = checkpoint::resolve_config(folder, shapes);
  if (config.metric) return std::make_unique<net::NestedNet>(source, config.net, *config.metric);
  if (config.net.head.kind == checkpoint::HeadKind::dpt)
    return std::make_unique<net::MonoNet>(source, config.net);
  return std::make_unique<net::AnyViewNet>(source, config.net);
}

struct Recording {
  Operators launches, decisions;  ///< of the two halves of a run
};

/// Records the second run, which finds all tables made.
Recording record(const net::Network& network, const net::NetInputs& inputs, const net::NetRequest& request,
                 const net::Kernels& kernels) {
  network.run(inputs, request, kernels, {});
  Recording recording;
  std::optional<net::Computed> computed;
  {
    const OperatorRecorder recorder;
    computed = network.compute(inputs, request, kernels, {});
    recording.launches = recorder.operators();
  }
  const OperatorRecorder recorder;
  network.finish(std::move(*computed), inputs, request, {});
  recording.decisions = recorder.operators();
  return recording;
}

struct Run {
  const char* name;
  const char* golden;
  std::function<void(net::NetRequest&)> ask;
  bool decides_in_float64 = false;  ///< on the host, on purpose: poses from rays, gaussians' cameras
};

void PrintTo(const Run& run, std::ostream* out) { *out << run.name; }

const Run runs[] = {
    {"depth", "tiny-1view", [](net::NetRequest&) {}},
    {"cameras", "tiny-2view", [](net::NetRequest& r) { r.cameras = true; }},
    {"reference_balanced", "tiny-5view", [](net::NetRequest& r) { r.cameras = true; }},
    {"reference_range", "tiny-5view",
     [](net::NetRequest& r) { r.reference = net::ReferenceStrategy::saddle_sim_range; }},
    {"reference_first", "tiny-5view",
     [](net::NetRequest& r) { r.reference = net::ReferenceStrategy::first; }},
    {"reference_middle", "tiny-5view",
     [](net::NetRequest& r) { r.reference = net::ReferenceStrategy::middle; }},
    {"rays_and_features", "tiny-5view",
     [](net::NetRequest& r) {
       r.rays = true, r.features = {1, 3}, r.head_chunk_views = 2;
     }},
    {"given_poses", "tiny-posed", [](net::NetRequest& r) { r.cameras = true; }},
    {"poses_from_rays", "tiny-raypose", [](net::NetRequest& r) { r.cameras = r.ray_pose = true; }, true},
    {"sky", "tiny-mono", [](net::NetRequest& r) { r.sky = true; }},
    {"nested", "tiny-nested", [](net::NetRequest& r) { r.cameras = r.sky = r.scale_factor = true; }},
    {"gaussians", "tiny-giant-gs", [](net::NetRequest& r) { r.gaussians = r.cameras = true; }, true},
};

struct Fixture {
  Fixture(const Run& run, const net::Kernels& kernels, net::Arithmetic arithmetic)
      : golden(run.golden), network(load(golden.checkpoint, kernels, arithmetic)) {
    inputs.image = wrap(golden.at("input.image")).unsqueeze(0);
    if (golden.data.find("net.extrinsics")) {
      inputs.extrinsics = wrap(golden.at("net.extrinsics")).unsqueeze(0);
      inputs.intrinsics = wrap(golden.at("input.intrinsics")).unsqueeze(0);
    }
    run.ask(request);
  }
  test::GoldenCase golden;
  std::unique_ptr<net::Network> network;
  net::NetInputs inputs;
  net::NetRequest request;
};

class Recorded : public testing::TestWithParam<Run> {
 protected:
  const c10::InferenceMode inference_;
};

TEST_P(Recorded, LaunchesCanBeACudaGraph) {
  const cuda::CudaKernels kernels{engine::Policy{}};
  for (const net::Arithmetic arithmetic : {net::Arithmetic::tf32, net::Arithmetic::bfloat16}) {
    const Fixture f(GetParam(), kernels, arithmetic);
    const Recording recording = record(*f.network, f.inputs, f.request, kernels);
    ASSERT_GT(recording.launches.size(), 50u);
    const std::set<std::string> broken = broken_for_graphs(recording.launches);
    if (f.network->only_launches(f.request))
      EXPECT_TRUE(broken.empty()) << lines(broken);
    else
      EXPECT_FALSE(broken.empty()) << "it could be recorded after all: let only_launches() say so";
  }
}

TEST_P(Recorded, MetalHasEveryOperator) {
  const mps::MpsKernels kernels{engine::Policy{}};
  for (const net::Arithmetic arithmetic : {net::Arithmetic::float32, net::Arithmetic::bfloat16}) {
    const Fixture f(GetParam(), kernels, arithmetic);
    const Recording recording = record(*f.network, f.inputs, f.request, kernels);
    if (!GetParam().decides_in_float64) {
      const std::set<std::string> missing = missing_on_metal(recording.decisions);
      EXPECT_TRUE(missing.empty()) << lines(missing);
    }
    const std::set<std::string> missing = missing_on_metal(recording.launches);
    EXPECT_TRUE(missing.empty()) << lines(missing);
  }
}

TEST_P(Recorded, MetalReadsNothingThroughStrides) {
  // Whole, and in pieces: each way has views of its own.
  for (const mps::Pieces pieces : {mps::Pieces{}, mps::Pieces{100000, 100000}}) {
    const mps::MpsKernels kernels{engine::Policy{}, pieces};
    const Fixture f(GetParam(), kernels, net::Arithmetic::bfloat16);
    const Recording recording = record(*f.network, f.inputs, f.request, kernels);
    EXPECT_FALSE(calls_fused_attention(recording.launches));
    const std::set<std::string> strided = strided_on_metal(recording.launches);
    EXPECT_TRUE(strided.empty()) << lines(strided);
  }
}

TEST_P(Recorded, NothingIsFloat64OnADevice) {
  const mps::MpsKernels kernels{engine::Policy{}};
  for (const net::Arithmetic arithmetic :
       {net::Arithmetic::float32, net::Arithmetic::bfloat16, net::Arithmetic::float16}) {
    const Fixture f(GetParam(), kernels, arithmetic);
    const Recording recording = record(*f.network, f.inputs, f.request, kernels);
    for (const Operators* half : {&recording.launches, &recording.decisions}) {
      std::set<std::string> found = cast_to_float64_on_the_way(*half);
      EXPECT_TRUE(found.empty()) << lines(found);
      if (GetParam().decides_in_float64) continue;  // on the host, on purpose
      found = in_float64(*half);
      EXPECT_TRUE(found.empty()) << lines(found);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Runs, Recorded, testing::ValuesIn(runs),
                         [](const auto& param) { return std::string(param.param.name); });

// ---- the rules themselves

template <class Body>
Operators operators_of(const Body& body) {
  const c10::InferenceMode inference;
  const OperatorRecorder recorder;
  body();
  return recorder.operators();
}

TEST(Recorder, SeesTypesShapesAndCallers) {
  const at::Tensor x = at::ones({1, 2, 4, 4}), weight = at::ones({3, 2, 3, 3});
  const Operators seen = operators_of([&] { at::conv2d(x, weight).to(at::kBFloat16); });
  ASSERT_GE(seen.size(), 4u);
  EXPECT_EQ(to_text(seen[0]), "aten::conv2d (Float [1, 2, 4, 4], Float [3, 2, 3, 3]) -> Float [1, 3, 2, 2]");
  EXPECT_FALSE(seen[0].caller);
  EXPECT_EQ(seen[1].name, "aten::convolution");
  EXPECT_EQ(seen[1].caller, 0u);
  const auto cast =
      std::find_if(seen.begin(), seen.end(), [](const auto& r) { return r.name == "aten::_to_copy"; });
  ASSERT_NE(cast, seen.end());
  EXPECT_EQ(cast->out.at(0).type, at::kBFloat16);
  EXPECT_FALSE(cast->to_device);
}

TEST(Recorder, StopsWithItsLife) {
  { const OperatorRecorder recorder; }
  const OperatorRecorder outer;
  {
    const OperatorRecorder inner;
    at::ones({1});
    EXPECT_FALSE(inner.operators().empty());
  }
  EXPECT_TRUE(outer.operators().empty());
  at::ones({1});
  EXPECT_FALSE(outer.operators().empty());
}

TEST(Rules, FindWhatAGraphCannotRecord) {
  const at::Tensor x = at::ones({4}), mask = x.gt(0);
  const auto broken = [](const auto& body) { return !broken_for_graphs(operators_of(body)).empty(); };
  EXPECT_TRUE(broken([&] { x.sum().item<float>(); }));
  EXPECT_TRUE(broken([&] { x.masked_select(mask); }));
  EXPECT_TRUE(broken([&] { x.index({mask}); }));
  EXPECT_TRUE(broken([&] { x.nonzero(); }));
  EXPECT_TRUE(broken([&] { x.normal_(); }));
  EXPECT_TRUE(broken([&] { x.to(at::kCPU, at::kDouble); }));
  EXPECT_TRUE(broken([&] { at::arange(3, at::kFloat); })) << "a factory without a device";
  EXPECT_FALSE(broken([&] { at::zeros({3}, x.options()); }));
  EXPECT_FALSE(broken([&] { (x * 2.0).to(at::kHalf).index_select(0, x.argmax(0, true)); }));
}

TEST(Rules, FindWhatMetalLacks) {
  const at::Tensor x = at::ones({4, 4});
  const auto missing = [](const auto& body) { return !missing_on_metal(operators_of(body)).empty(); };
  EXPECT_TRUE(missing([&] { x.geqrf(); }));
  EXPECT_FALSE(missing([&] { x.matmul(x).add_(x).relu().kthvalue(2); }));
  EXPECT_TRUE(runs_on_metal("aten::_convolution"));
  EXPECT_FALSE(in_float64(operators_of([&] { x.to(at::kDouble); })).empty());
  EXPECT_TRUE(in_float64(operators_of([&] { x.mul(2.0); })).empty());
  EXPECT_FALSE(cast_to_float64_on_the_way(operators_of([&] { x.to(at::kCPU, at::kDouble); })).empty());
  EXPECT_TRUE(cast_to_float64_on_the_way(operators_of([&] { x.cpu().to(at::kDouble); })).empty());
}

TEST(Rules, FindWhatMetalWouldReadThroughStrides) {
  const at::Tensor x = at::ones({4, 6}), image = at::ones({1, 4, 5, 3});
  const auto strided = [](const auto& body) { return !strided_on_metal(operators_of(body)).empty(); };
  EXPECT_TRUE(strided([&] { x.matmul(x.t()); }));
  EXPECT_TRUE(strided([&] { x.narrow(1, 0, 4).mm(x); }));
  EXPECT_TRUE(strided([&] { at::conv2d(image.permute({0, 3, 1, 2}), at::ones({2, 3, 1, 1})); }));
  EXPECT_FALSE(strided([&] { x.matmul(x.t().contiguous()); }));
  EXPECT_FALSE(strided([&] { x.narrow(0, 1, 3).t().contiguous().mm(x.narrow(0, 1, 3)); }));
  EXPECT_FALSE(strided([&] { x.t().add(1.0); })) << "element by element";
  const at::Tensor q = at::ones({1, 2, 3, 4});
  EXPECT_TRUE(calls_fused_attention(operators_of([&] { at::scaled_dot_product_attention(q, q, q); })));
}

}  // namespace
}  // namespace da3

// SPDX-License-Identifier: Apache-2.0
// The canary finds a wrong kernel and names it; the other self tests find it, too.
#include <ATen/TensorOperators.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <gmock/gmock.h>

#include <memory>
#include <set>

#include "da3/error.hpp"
#include "engine/table.hpp"
#include "net/emulated_kernels.hpp"
#include "self_test/canary.hpp"
#include "self_test/self_test.hpp"
#include "support/golden_case.hpp"

namespace da3 {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string fault;  ///< of the kernels that are made next

/// One kernel is wrong in a way that a device might get it wrong.
class Faulty : public net::Kernels {
 public:
  at::Tensor upsample(const at::Tensor& x, int64_t height, int64_t width) const override {
    return at::upsample_bilinear2d(x, at::IntArrayRef{height, width}, fault != "upsample");
  }
  at::Tensor gate(const at::Tensor& x) const override {
    const auto halves = x.chunk(2, -1);
    return fault == "gate" ? at::silu(halves[1]).mul_(halves[0]) : Kernels::gate(x);
  }
  net::QueriesKeys qk_norm_rope(const at::Tensor& qkv, const net::QkNorm* norms,
                                const net::TokenRotation& rotation, net::Arithmetic a) const override {
    return Kernels::qk_norm_rope(qkv, norms, fault == "qk_norm_rope" ? net::TokenRotation{} : rotation, a);
  }
  at::Tensor add_layer_norm(at::Tensor& x, const at::Tensor& delta, const at::Tensor& scale,
                            const net::Norm& norm, net::Arithmetic next) const override {
    return Kernels::add_layer_norm(x, fault == "add_layer_norm" ? delta * 1.01 : delta, scale, norm, next);
  }
  void feed_forward_add(at::Tensor& x, const at::Tensor& normed, const net::Linear& expand,
                        const net::Linear& contract) const override {
    Kernels::feed_forward_add(x, fault == "feed_forward_add" ? normed * 1.01 : normed, expand, contract);
  }

 protected:
  at::Tensor run_linear(const at::Tensor& x, const net::Linear& layer, net::Activation a) const override {
    if (fault == "linear gelu" && a == net::Activation::gelu)
      return at::gelu(at::linear(x, layer.weight, layer.bias), "tanh");
    if (fault == "linear") return at::linear(x, layer.weight * 1.001, layer.bias);
    return Kernels::run_linear(x, layer, a);
  }
  at::Tensor run_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           net::Arithmetic a) const override {
    return Kernels::run_attention(fault == "attention" ? q * 1.5 : q, k, v, a);
  }
  at::Tensor run_convolution(const at::Tensor& x, const net::Convolution& layer,
                             net::Activation a) const override {
    at::Tensor out = Kernels::run_convolution(x, layer, a);
    return fault == "convolution" ? out.roll(1, 3) : out;
  }
  at::Tensor run_layer_norm(const at::Tensor& x, const net::Norm& norm) const override {
    return Kernels::run_layer_norm(x, {norm.weight, norm.bias, fault == "layer_norm" ? 1e-2 : norm.eps});
  }
};

engine::Policy policy_of(engine::Precision precision = engine::Precision::float32) {
  engine::Policy policy;
  policy.threads = 2;
  policy.precision = precision;
  policy.emulate = precision != engine::Precision::float32;
  return policy;
}

std::unique_ptr<engine::Context> context_of(const engine::Policy& policy) {
  return std::make_unique<engine::Context>(policy, engine::device_traits());
}

std::string verdict(engine::Context& context) {
  char text[1000] = "";
  da3_error error{};
  error.struct_size = sizeof error;
  error.msg = text;
  error.msg_cap = sizeof text;
  const int32_t code = engine::table().canary(&context, &error);
  EXPECT_TRUE(code == DA3_OK || code == DA3_E_UNAVAILABLE) << code;
  return text;
}

TEST(Canary, StoredValuesAreTheReferences) {
  fault.clear();
  const auto context = context_of(policy_of());
  std::vector<engine::TapValues> seen;
  double worst = 0;
  engine::run_canary(*context, {{}, [&](const engine::TapValues& tap, double error, double) {
                                  seen.push_back(tap);
                                  worst = std::max(worst, error);
                                }});
  EXPECT_LE(worst, 1e-4);
  EXPECT_EQ(seen.size(), engine::stored_canary().size());
  if (!HasFailure()) return;
  for (const engine::TapValues& tap : seen) {
    std::printf("{\"%s\", %.9g, {", tap.name.c_str(), tap.magnitude);
    for (double sample : tap.samples) std::printf("%.9g, ", sample);
    std::printf("}},\n");
  }
}

TEST(Canary, LivesWhereKernelsAreRight) {
  fault.clear();
  for (const auto precision : {engine::Precision::float32, engine::Precision::tf32,
                               engine::Precision::bfloat16, engine::Precision::float16}) {
    const auto context = context_of(policy_of(precision));
    EXPECT_EQ(verdict(*context), "") << static_cast<int>(precision);
  }
}

TEST(Canary, HasEveryKernelInIt) {
  fault.clear();
  const auto context = context_of(policy_of());
  std::set<std::string> met;
  engine::run_canary(*context, {[&](const engine::CheckedKernels::Finding& finding) {
                                  met.insert(finding.kernel.substr(0, finding.kernel.find(" [")));
                                },
                                {}});
  for (const char* kernel :
       {"linear", "linear gelu", "linear relu", "attention", "attention of qkv", "convolution",
        "convolution of relu relu", "convolution_add", "layer_norm", "qk_norm_rope, queries",
        "add_layer_norm, sum", "add_residual", "feed_forward_add", "gate", "upsample_add",
        "convolution and linear of full size"})
    EXPECT_TRUE(met.contains(kernel)) << kernel << " is not tried";
}

class WrongKernel : public testing::TestWithParam<const char*> {};

TEST_P(WrongKernel, IsNamed) {
  fault = GetParam();
  const auto context = context_of(policy_of());
  const std::string sentence = verdict(*context);
  // upsampling is tried inside the kernels that use it.
  EXPECT_THAT(sentence, AllOf(HasSubstr("the device computes wrongly: kernel '" + fault), HasSubstr(" ("),
                              HasSubstr("canary: off")));
  fault.clear();
}

INSTANTIATE_TEST_SUITE_P(Each, WrongKernel,
                         testing::Values("linear", "linear gelu", "attention", "convolution", "layer_norm",
                                         "qk_norm_rope", "add_layer_norm", "feed_forward_add", "gate",
                                         "upsample"),
                         [](const auto& param) {
                           std::string name = param.param;
                           for (char& c : name) c = c == ' ' ? '_' : c;
                           return name;
                         });

// ---- the other tests, on the small checkpoint

std::vector<engine::TestRow> rows_of(engine::Context& context, const std::string& test) {
  std::vector<engine::TestRow> rows;
  const std::string folder = test::checkpoint_folder("tiny").string();
  engine::run_self_test(context, test, folder.c_str(), engine::Watcher(nullptr),
                        [&](const engine::TestRow& row) { rows.push_back(row); });
  return rows;
}

size_t count(const std::vector<engine::TestRow>& rows, int32_t status) {
  return static_cast<size_t>(
      std::count_if(rows.begin(), rows.end(), [&](const auto& row) { return row.status == status; }));
}

std::string failures(const std::vector<engine::TestRow>& rows) {
  std::string text;
  for (const auto& row : rows)
    if (row.status == DA3_TEST_FAIL)
      text += row.name + ": " + row.reason + " " + std::to_string(row.value) + "\n";
  return text;
}

TEST(SelfTest, EveryTestPassesOnARightDevice) {
  fault.clear();
  const auto context = context_of(policy_of());
  for (const char* test : {"canary", "operators", "kernels", "taps"}) {
    const auto rows = rows_of(*context, test);
    EXPECT_EQ(count(rows, DA3_TEST_FAIL), 0u) << test << "\n" << failures(rows);
    EXPECT_GT(count(rows, DA3_TEST_PASS), test == std::string("operators") ? 50u : 1u) << test;
  }
  EXPECT_EQ(count(rows_of(*context, "graphs"), DA3_TEST_SKIP), 1u);
}

TEST(SelfTest, BFloat16PassesToo) {
  fault.clear();
  const auto context = context_of(policy_of(engine::Precision::bfloat16));
  for (const char* test : {"operators", "kernels", "taps"}) {
    const auto rows = rows_of(*context, test);
    EXPECT_EQ(count(rows, DA3_TEST_FAIL), 0u) << test << "\n" << failures(rows);
  }
}

TEST(SelfTest, KernelsAndTapsFindAWrongKernel) {
  fault = "attention";
  const auto context = context_of(policy_of());
  const auto kernels = rows_of(*context, "kernels"), taps = rows_of(*context, "taps");
  EXPECT_GT(count(kernels, DA3_TEST_FAIL), 0u);
  for (const auto& row : kernels)
    EXPECT_EQ(row.status == DA3_TEST_FAIL, row.name.rfind("attention", 0) == 0) << row.name;
  EXPECT_EQ(taps.at(0).name, "patch_embed");
  EXPECT_EQ(taps.at(0).status, DA3_TEST_PASS) << "there is no attention before it";
  EXPECT_EQ(taps.at(1).status, DA3_TEST_FAIL);
  fault.clear();
}

TEST(SelfTest, WhatIsUnknownIsRefused) {
  const auto context = context_of(policy_of());
  const auto none = [](const engine::TestRow&) {};
  EXPECT_THROW(engine::run_self_test(*context, "luck", nullptr, engine::Watcher(nullptr), none), Error);
  EXPECT_THROW(engine::run_self_test(*context, "taps", nullptr, engine::Watcher(nullptr), none), Error);
  EXPECT_THROW(engine::run_self_test(*context, "taps", "/no/such/model", engine::Watcher(nullptr), none),
               Error);
}

}  // namespace

namespace engine {

const DeviceTraits& device_traits() {
  static const DeviceTraits traits{[](const Policy&) { return c10::Device(c10::kCPU); },
                                   [](const Policy& policy) -> std::unique_ptr<net::Kernels> {
                                     if (policy.emulate) return std::make_unique<net::EmulatedKernels>();
                                     return std::make_unique<Faulty>();
                                   }};
  return traits;
}

}  // namespace engine
}  // namespace da3

// SPDX-License-Identifier: Apache-2.0
// da3-bench as a user runs it: small cases on the demo model. No time is judged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "integration/host_fixture.hpp"

namespace da3::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class BenchProgram : public HostTest {
 protected:
  ProgramResult bench(Words words, const Words& more = {}) const {
    words.insert(words.end(), more.begin(), more.end());
    return run_program(
        DA3_BENCH_PROGRAM, words,
        {.environment = {"DA3_CACHE_DIR=" + in("cache").string(), "HF_HUB_CACHE=" + in("no-hub").string()},
         .folder = folder_.path()});
  }
  /// Two tiny runs.
  ProgramResult quick(const Words& more) const {
    return bench({"latency", "--res", "56", "--warmup", "0", "-n", "2", "--backend", "cpu", "-q"}, more);
  }
};

TEST_F(BenchProgram, LatencyTellsAllOfOneCase) {
  const ProgramResult result = quick({"--format", "json", "--views", "2", "--batch", "3"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json document = json::parse(result.out);
  EXPECT_EQ(document["schema"], "da3.bench/1");
  EXPECT_FALSE(document["machine"]["instruction_sets"].is_null());
  ASSERT_EQ(document["cases"].size(), 1u);
  const json& one = document["cases"][0];
  EXPECT_EQ(one["samples"]["total"].size(), 2u);
  EXPECT_EQ(one["ms"]["run"]["count"], 2);
  for (const char* stage : {"upload", "backbone", "head", "cameras", "download", "other"}) {
    EXPECT_EQ(one["samples"]["stages"][stage].size(), 2u) << stage;
    EXPECT_TRUE(one["ms"]["stages"][stage]["p50"].is_number()) << stage;
  }
  // The stages are the whole.
  double sum = 0;
  for (const auto& [name, times] : one["samples"]["stages"].items()) sum += times[0].get<double>();
  EXPECT_NEAR(sum, one["samples"]["total"][0].get<double>(), 1e-6);
  EXPECT_GT(one["ms"]["load"].get<double>(), 0);
  EXPECT_GT(one["ms"]["start_to_first_depth"].get<double>(), one["ms"]["start_to_loaded"].get<double>() - 1);
  EXPECT_GT(one["memory"]["resident"].get<double>(), 1e6);
  EXPECT_GT(one["depth_mean"].get<double>(), 0);
  EXPECT_FALSE(one["policy"]["effective.threads"].is_null());
}

TEST_F(BenchProgram, ASweepRunsEveryCaseAndTellsWhichFailed) {
  const ProgramResult result = quick({"--set", "mixed_precision=off,float16", "-o", "out/r.json"});
  EXPECT_EQ(result.exit_code, 5) << result.err;
  EXPECT_THAT(result.out, HasSubstr("mixed_precision=off"));
  EXPECT_THAT(result.out, HasSubstr("failed: demo 56x56, 1 view, backend=cpu, mixed_precision=float16: "));
  const json cases = json_of("out/r.json")["cases"];
  ASSERT_EQ(cases.size(), 2u);
  EXPECT_TRUE(cases[0]["ok"]);
  EXPECT_FALSE(cases[1]["ok"]);
  EXPECT_THAT(cases[1]["reason"].get<std::string>(), HasSubstr("float16"));
}

TEST_F(BenchProgram, TwoDocumentsAreCompared) {
  ASSERT_EQ(quick({"-o", "a.json"}).exit_code, 0);
  const ProgramResult same = bench({"--compare", "a.json", "a.json", "--format", "json"});
  ASSERT_EQ(same.exit_code, 0) << same.err;
  EXPECT_EQ(json::parse(same.out)["cases"][0]["verdict"], "tie");
}

TEST_F(BenchProgram, CsvAndMarkdownGoToStdoutAlone) {
  const ProgramResult csv = quick({"--format", "csv"});
  EXPECT_EQ(lines(csv.out), 2u);
  EXPECT_EQ(csv.err, "");
  EXPECT_THAT(quick({}).out, HasSubstr("| demo 56x56, 1 view, backend=cpu |"));
}

TEST_F(BenchProgram, AllocationsOfARunAreCounted) {
  const ProgramResult result = quick({"--format", "json", "--allocations"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json counted = json::parse(result.out)["cases"][0]["per_run"]["allocations"];
  if (counted.is_null()) GTEST_SKIP() << "not known on this system";
  EXPECT_GT(counted.get<int>(), 0);
}

TEST_F(BenchProgram, ScalingTellsEfficiencyAndDrawsIt) {
  const ProgramResult result = bench({"scaling", "--res", "56", "--warmup", "0", "-n", "2", "--backend",
                                      "cpu", "-q", "--threads", "1,2", "-o", "s.json", "--plot", "s.svg"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("efficiency"));
  const json scaling = json_of("s.json")["scaling"];
  ASSERT_EQ(scaling.size(), 1u);
  EXPECT_EQ(scaling[0]["threads"].size(), 2u);
  EXPECT_FALSE(scaling[0]["stages"].empty());
  EXPECT_THAT(text_of("s.svg"), HasSubstr("Parallel efficiency"));
}

TEST_F(BenchProgram, RooflineSetsOperationsAgainstTheMachine) {
  const Words words{"roofline", "--res", "56", "--warmup", "0", "-n", "2", "--backend", "cpu", "-q"};
  const ProgramResult result = bench(words, {"--format", "json", "-o", "r.json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json document = json::parse(result.out);
  EXPECT_EQ(document, json_of("r.json"));
  EXPECT_EQ(document["schema"], "da3.roofline/1");
  EXPECT_GT(document["ceilings"]["product float32"]["gflop_per_s"].get<double>(), 0);
  EXPECT_GT(document["ceilings"]["copy"]["gb_per_s"].get<double>(), 0);
  std::set<std::string> kinds;
  double sum = document["rest"]["ms"].get<double>();
  for (const json& one : document["operations"]) {
    kinds.insert(one["kind"].get<std::string>());
    sum += one["ms"].get<double>();
    EXPECT_GT(one["of_ceiling"].get<double>(), 0) << one["kind"];
  }
  for (const char* kind : {"linear float32", "attention float32", "convolution float32", "layer_norm"})
    EXPECT_EQ(kinds.count(kind), 1u) << kind;
  // Of two runs the median is the mean, so all parts are the whole.
  EXPECT_NEAR(sum, document["run_ms"].get<double>(), 1e-6);
  EXPECT_THAT(bench(words).out, HasSubstr("| in no operation"));
}

TEST_F(BenchProgram, ThroughputCountsTheRunsOfAllSessions) {
  const ProgramResult result = bench({"throughput", "--res", "56", "--warmup", "0", "-n", "2", "--backend",
                                      "cpu", "-q", "--sessions", "3", "--batch", "2", "--format", "json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json one = json::parse(result.out)["cases"][0];
  EXPECT_EQ(one["ms"]["run"]["count"], 6);
  EXPECT_GT(one["images_per_second"].get<double>(), 0);
}

TEST_F(BenchProgram, AWorkerRunsWhenItIsTold) {
  // stdin of a test is empty: ready, then the end.
  const ProgramResult result = bench({"worker", "--res", "56", "--backend", "cpu", "-q"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json ready = json::parse(result.out);
  EXPECT_TRUE(ready["ready"]);
  EXPECT_GT(ready["depth_mean"].get<double>(), 0);
}

TEST_F(BenchProgram, ValidatePassesAllOfTheCpuAndListsWhoIsAbsent) {
  const ProgramResult result = bench({"validate", "--devices", "cpu,nothing", "--res", "56", "--num-images",
                                      "2", "--num-warmup", "0", "--num-runs", "2", "-q", "-o", "v.json"});
  ASSERT_EQ(result.exit_code, 0) << result.err << result.out;
  EXPECT_THAT(result.out, HasSubstr("8 of 8"));
  const json document = json_of("v.json");
  EXPECT_EQ(document["schema"], "da3.validate/1");
  ASSERT_EQ(document["results"].size(), 8u);
  for (const json& one : document["results"]) {
    EXPECT_TRUE(one["ok"]) << one["name"] << one["reason"];
    EXPECT_EQ(one["difference_across_runs"], 0.0);
    EXPECT_LT(one["difference_to_reference"]["largest_relative"].get<double>(), 1e-3);
    EXPECT_GT(one["speedup_against_float32"].get<double>(), 0);
    EXPECT_GT(one["memory"]["peak"].get<double>(), 0);
  }
  EXPECT_EQ(document["devices"][0]["success_rate"], 1.0);
  EXPECT_FALSE(document["devices"][1]["available"]);
  EXPECT_THAT(document["devices"][1]["reason"].get<std::string>(), HasSubstr("no plugin"));
  EXPECT_FALSE(document["devices"][1].contains("success_rate"));
  ASSERT_EQ(document["batching"].size(), 1u);
  EXPECT_EQ(document["batching"][0]["auto"], "1");
  EXPECT_EQ(document["batching"][0]["batches"].size(), 4u);
}

TEST_F(BenchProgram, ValidateWithoutAnyDeviceIsNoSuccess) {
  const ProgramResult result =
      bench({"validate", "--devices", "nothing", "--res", "56", "--num-images", "1", "-q"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out, HasSubstr("not counted"));
}

TEST_F(BenchProgram, AProfileOfAHostRunLiesBesideItsResults) {
  const ProgramResult result =
      host({"--profile-run", "--process-res", "56", "-o", "out", "--backend", "cpu", "-q"},
           {.environment = {"DA3_PLUGIN_PATH="}});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, testing::StartsWith("| stage"));
  EXPECT_THAT(result.out, HasSubstr("| - global_block"));
  EXPECT_THAT(result.out, testing::ContainsRegex("\\| = linear float32 .* [0-9.]+ \\| +[0-9.]+ \\|"));
  EXPECT_THAT(result.out, testing::EndsWith("out/trace.json\nout/profile.md\n"));
  EXPECT_THAT(text_of("out/profile.md"), HasSubstr("| backbone"));
  std::set<std::string> names, categories;
  const json trace = json_of("out/trace.json");
  for (const json& event : trace.at("traceEvents")) {
    names.insert(event.at("name").get<std::string>());
    if (event.contains("cat")) categories.insert(event["cat"].get<std::string>());
  }
  for (const char* name : {"load", "backbone", "block.0", "read scene", "forward", "write scene"})
    EXPECT_EQ(names.count(name), 1u) << name;
  EXPECT_EQ(categories, (std::set<std::string>{"da3-host", "layer", "operation", "stage"}));
  // Nothing of it without the option.
  ASSERT_EQ(host({"--process-res", "56", "-o", "plain", "--backend", "cpu", "-q"},
                 {.environment = {"DA3_PLUGIN_PATH="}})
                .exit_code,
            0);
  EXPECT_FALSE(there("plain/trace.json"));
}

TEST_F(BenchProgram, RefusalsAreOneSentence) {
  for (const auto& [words, code] : std::vector<std::pair<Words, int>>{{{"--nope"}, 2},
                                                                      {{"--set", "nope=1"}, 2},
                                                                      {{"--set", "threads=0"}, 2},
                                                                      {{"--model", "nope"}, 3},
                                                                      {{"--backend", "nope"}, 3},
                                                                      {{"--compare", "a", "b"}, 4},
                                                                      {{"-o", "."}, 4},
                                                                      {{"worker", "--views", "1,2"}, 2},
                                                                      {{"roofline", "--views", "1,2"}, 2}}) {
    const ProgramResult result = bench(words);
    EXPECT_EQ(result.exit_code, code) << testing::PrintToString(words) << result.err;
    EXPECT_EQ(lines(result.err), 1u) << result.err;
    EXPECT_THAT(result.err, testing::StartsWith("da3-bench: error: "));
    EXPECT_EQ(result.out, "");
  }
}

}  // namespace
}  // namespace da3::test

// SPDX-License-Identifier: Apache-2.0
// The shipped profiles on machines that they are for.
#include <gmock/gmock.h>
#include <da3/assume.hpp>

#include <filesystem>

namespace da3 {
namespace {

namespace fs = std::filesystem;

Assumed plan(const std::string& profile, const std::string& machine) {
  SearchOptions search;
  search.plugin_files = {DA3_CPU_PLUGIN, DA3_CUDA_PLUGIN, DA3_MPS_PLUGIN};
  search.use_environment = search.use_installed = false;
  Profile settings = Profile::from_file(fs::path(DA3_SOURCE_DIR) / "configs/profiles" / (profile + ".yaml"));
  PluginRegistry registry(settings, search);
  // Settings of programs mean nothing to the core alone.
  const std::vector<OptionSpec> of_programs = {{"mode", "string", "", ""},
                                               {"format", "string", "", ""},
                                               {"process_res", "string", "", ""},
                                               {"process_res_method", "string", "", ""}};
  registry.schema().add("test", of_programs);
  return assume(registry, settings,
                Profile::from_file(fs::path(DA3_SOURCE_DIR) / "configs/machines" / (machine + ".yaml")));
}

std::string value(const Assumed& assumed, const std::string& key) {
  for (const PlanEntry& entry : assumed.plan)
    if (entry.key == "effective." + key) return entry.value;
  return "no " + key;
}

TEST(ProfilesOnMachines, EachGivesAPlanWithoutAWarning) {
  std::vector<std::string> warnings;
  set_log_sink([&](LogLevel, std::string_view text) { warnings.emplace_back(text); });
  size_t plans = 0;
  for (const auto& [backend, machines] :
       {std::pair<std::string, std::vector<std::string>>{"cpu",
                                                         {"zen3", "zen4", "graviton3", "container", "m1"}},
        {"cuda",
         {"t4", "rtx3060", "a100", "a100-mig", "rtx4090", "h100", "b200", "rtx5090", "wsl", "two-gpus"}},
        {"mps", {"m1", "m2", "m3-max", "m4"}}})
    for (const char* mode : {"minimal", "balanced", "max"})
      for (const std::string& machine : machines) {
        const std::string profile = backend + "-" + mode;
        SCOPED_TRACE(profile + " on " + machine);
        EXPECT_EQ(plan(profile, machine).backend, backend);
        ++plans;
      }
  for (const char* profile : {"reference", "low-memory"})
    for (const char* machine : {"zen3", "a100", "t4", "m1", "m4"}) {
      SCOPED_TRACE(std::string(profile) + " on " + machine);
      EXPECT_NE(plan(profile, machine).backend, "");
      ++plans;
    }
  set_log_sink({});
  EXPECT_THAT(warnings, testing::IsEmpty());
  EXPECT_EQ(plans, 3 * 19u + 10);
}

TEST(ProfilesOnMachines, ReferenceIsExactEverywhere) {
  for (const char* machine : {"zen4", "a100", "h100", "t4", "m1", "m4"}) {
    const Assumed there = plan("reference", machine);
    EXPECT_EQ(value(there, "precision"), "float32") << machine;
    EXPECT_EQ(value(there, "head_precision"), "float32") << machine;
    EXPECT_EQ(value(there, "deterministic"), "true") << machine;
  }
}

TEST(ProfilesOnMachines, MaxOfCudaRecordsGraphs) {
  EXPECT_EQ(value(plan("cuda-max", "h100"), "graphs"), "true");
  EXPECT_EQ(value(plan("cuda-balanced", "h100"), "graphs"), "false");
  EXPECT_EQ(value(plan("mps-max", "m4"), "attention_budget_mb"), "1024");
}

TEST(ProfilesOnMachines, AProfileForAnotherMachineIsRefused) {
  EXPECT_THROW(plan("cuda-balanced", "m4"), Error);
  EXPECT_THROW(plan("mps-balanced", "a100"), Error);
}

}  // namespace
}  // namespace da3

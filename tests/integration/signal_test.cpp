// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and kill: the current item is finished, a second signal stops it.
#include <csignal>
#include <sstream>

#include "host_fixture.hpp"

namespace da3::test {
namespace {

class Signals : public HostTest {
 protected:
  ProgramResult run(const char* milliseconds, std::vector<std::pair<std::string, int>> signals) const {
    for (const char* name : {"photos/a.png", "photos/b.png", "photos/c.png"}) picture(name);
    ProgramOptions options;
    options.environment = {std::string("FAULTY_RUN_MS=") + milliseconds};
    options.signals = std::move(signals);
    return null({"photos", "--mode", "independent", "-o", "out", "--progress", "json"}, options);
  }
};

TEST_F(Signals, TheFirstFinishesTheCurrentItem) {
  for (const auto& [signal, code] : {std::pair{SIGINT, 130}, {SIGTERM, 143}}) {
    std::filesystem::remove_all(in("photos"));
    std::filesystem::remove_all(in("out"));
    const auto result = run("300", {{"\"stage\":\"waiting\"", signal}});
    EXPECT_EQ(result.exit_code, code) << result.err;
    std::istringstream lines(result.err);
    for (std::string line; std::getline(lines, line);) EXPECT_TRUE(nlohmann::json::accept(line)) << line;
    EXPECT_TRUE(there("out/a/exports/npz/results.npz"));
    EXPECT_FALSE(there("out/b"));
    EXPECT_EQ(json_of("out/run.json")["exit_status"], code);
    EXPECT_EQ(json_of("out/run.json")["scenes"].size(), 1u);
  }
}

TEST_F(Signals, TheSecondStopsTheItem) {
  const auto result = run("60000", {{"\"stage\":\"waiting\"", SIGINT}, {"once more stops it now", SIGINT}});
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_FALSE(there("out"));
}

}  // namespace
}  // namespace da3::test

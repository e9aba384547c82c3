// SPDX-License-Identifier: Apache-2.0
// The driver is asked in a child: whatever it does, there is a sentence within the time limit.
#include <gmock/gmock.h>

#include <cstdlib>

#include "hardware/nvidia_answer.hpp"
#include "machine_tree.hpp"

namespace da3::hardware {
namespace {

using test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class Driver : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"INIT", "OPEN", "VERSION", "DEVICES", "COUNT", "LOG"})
      unsetenv((std::string("FAKE_CUDA_") + name).c_str());
    test::add_driver(root_);
    query_.root = root_.path();
    query_.library = DA3_FAKE_CUDA;
    query_.helper = DA3_SCAN_PROGRAM;
    query_.time_limit = std::chrono::seconds(20);
    set("DEVICES", "NVIDIA GeForce RTX 4090:8.9:24564");
  }
  static void set(const std::string& name, const std::string& value) {
    setenv(("FAKE_CUDA_" + name).c_str(), value.c_str(), 1);
  }
  NvidiaFacts ask() const { return read_nvidia(query_); }

  TemporaryFolder root_;
  NvidiaQuery query_;
};

TEST_F(Driver, TellsItsDevices) {
  set("DEVICES", "NVIDIA GeForce RTX 4090:8.9:24564;Orin:8.7:30536:i");
  const NvidiaFacts facts = ask();
  EXPECT_EQ(facts.reason, "");
  EXPECT_TRUE(facts.asked);
  EXPECT_FALSE(facts.from_cache);
  EXPECT_EQ(facts.cuda_version, 13000);
  ASSERT_EQ(facts.devices.size(), 2u);
  EXPECT_EQ(facts.devices[0].name, "NVIDIA GeForce RTX 4090");
  EXPECT_EQ(facts.devices[0].capability(), "8.9");
  EXPECT_EQ(facts.devices[0].memory_total, uint64_t{24564} << 20);
  EXPECT_EQ(facts.devices[0].bus, "0000:65:00.0");
  EXPECT_EQ(facts.devices[0].numa_node, 1) << "from the PCI bus of that name";
  EXPECT_EQ(facts.devices[0].uuid_text(), "GPU-10111213-1415-1617-1819-1a1b1c1d1e1f");
  EXPECT_FALSE(facts.devices[0].mig);
  EXPECT_TRUE(facts.devices[1].integrated);
  EXPECT_EQ(facts.devices[1].index, 1);
}

TEST_F(Driver, AMigSliceHasItsOwnUuid) {
  set("DEVICES", "NVIDIA A100-SXM4-40GB MIG 1g.5gb:8.0:4864:m");
  const NvidiaFacts facts = ask();
  ASSERT_EQ(facts.devices.size(), 1u);
  EXPECT_TRUE(facts.devices[0].mig);
  EXPECT_THAT(facts.devices[0].uuid_text(), StartsWith("MIG-ab111213-"));
}

/// A driver without the second form of UUIDs tells by the name only, one with another name by the UUIDs only.
TEST_F(Driver, EitherSignOfAMigSliceIsEnough) {
  set("DEVICES",
      "NVIDIA A100-SXM4-40GB MIG 1g.5gb:8.0:4864:-;NVIDIA A100:8.0:4864:m;NVIDIA A100:8.0:40960:-");
  const NvidiaFacts facts = ask();
  ASSERT_EQ(facts.devices.size(), 3u);
  EXPECT_TRUE(facts.devices[0].mig);
  EXPECT_TRUE(facts.devices[1].mig);
  EXPECT_FALSE(facts.devices[2].mig);
}

TEST_F(Driver, EachErrorOfCuInitHasItsSentence) {
  for (int code : {100, 803, 804, 999, 802, 46, 209, 3}) {
    set("INIT", std::to_string(code));
    const NvidiaFacts facts = ask();
    EXPECT_EQ(facts.status, code);
    EXPECT_EQ(facts.reason, cuda_error_sentence(code));
    EXPECT_TRUE(facts.devices.empty());
    EXPECT_EQ(facts.cuda_version, 13000) << "told before cuInit";
  }
}

TEST_F(Driver, NoDeviceIsAReason) {
  unsetenv("FAKE_CUDA_DEVICES");
  EXPECT_EQ(ask().reason, cuda_error_sentence(100));
  set("COUNT", "3");
  EXPECT_EQ(ask().reason, cuda_error_sentence(3));
}

TEST_F(Driver, HangsAreCutOff) {
  query_.time_limit = std::chrono::milliseconds(1500);
  set("INIT", "hang");
  const NvidiaFacts facts = ask();
  EXPECT_THAT(facts.reason, AllOf(HasSubstr("did not answer within 1.5 s in cuInit"), HasSubstr("dmesg")));
  EXPECT_TRUE(facts.devices.empty());
  set("INIT", "0");
  set("VERSION", "hang");
  EXPECT_THAT(ask().reason, HasSubstr("did not answer within 1.5 s when asked for its version"));
  set("OPEN", "hang");
  EXPECT_THAT(ask().reason, HasSubstr("did not answer within 1.5 s while its library was opened"));
}

TEST_F(Driver, CrashesAndExitsHarmNobody) {
  set("INIT", "crash");
  EXPECT_THAT(ask().reason, AllOf(HasSubstr("crashed (SIG"), HasSubstr("in cuInit"),
                                  HasSubstr("it said: a driver that prints"), HasSubstr("reinstall")));
  set("INIT", "exit");
  EXPECT_THAT(ask().reason, AllOf(HasSubstr("left with exit status 7"), HasSubstr("in cuInit")));
  set("OPEN", "crash");
  EXPECT_THAT(ask().reason, AllOf(HasSubstr("crashed (SIG"), HasSubstr("while its library was opened")));
}

TEST_F(Driver, AnOldOneWithoutNewerFunctionsIsRead) {
  query_.library = DA3_FAKE_OLD_CUDA;
  set("VERSION", "11040");
  const NvidiaFacts facts = ask();
  EXPECT_EQ(facts.cuda_version, 11040);
  ASSERT_EQ(facts.devices.size(), 1u);
  EXPECT_EQ(facts.devices[0].uuid_text(), "GPU-10111213-1415-1617-1819-1a1b1c1d1e1f");
}

TEST_F(Driver, ALibraryThatIsNotThereOrNoDriver) {
  query_.library = "/nonexistent/libcuda.so.1";
  EXPECT_THAT(ask().reason,
              AllOf(HasSubstr("/nonexistent/libcuda.so.1"), HasSubstr("libraries of driver 580.65.06")));
  const auto text = root_.write("libcuda.so.1", "no library");
  query_.library = text;
  EXPECT_THAT(ask().reason, HasSubstr(text.string()));
  query_.library = "libdl.so.2";
  EXPECT_THAT(ask().reason, HasSubstr("has no cuInit"));
}

TEST_F(Driver, AHelperThatCannotBeStarted) {
  query_.helper = "/nonexistent/da3-scan";
  EXPECT_THAT(ask().reason,
              AllOf(HasSubstr("was not asked"), HasSubstr("No such file"), HasSubstr("install da3 again")));
}

TEST_F(Driver, AHelperThatAnswersNonsense) {
  query_.helper = "/bin/echo";
  EXPECT_THAT(ask().reason, HasSubstr("ended its process"));
}

TEST_F(Driver, IsNotAskedWithoutASignOfAGpu) {
  const TemporaryFolder empty;
  const auto log = root_.path() / "log";
  set("LOG", log.string());
  query_.root = empty.path();
  EXPECT_EQ(ask().reason, "no NVIDIA GPU was found on this machine");
  EXPECT_FALSE(std::filesystem::exists(log));
}

TEST(DriverAnswer, CutOffAnywhereIsIncompleteAndReadable) {
  DriverAnswer answer;
  answer.stage = "devices", answer.cuda_version = 13000, answer.initialised = true;
  answer.devices.resize(2);
  answer.devices[0].name = "a GPU";
  const std::string text = write_answer(answer);
  EXPECT_TRUE(read_answer(text).complete);
  EXPECT_EQ(read_answer(text).devices[0].name, "a GPU");
  for (size_t size = 0; size + 1 < text.size(); ++size) {
    const DriverAnswer part = read_answer(text.substr(0, size));
    EXPECT_EQ(part.complete, size + 1 == text.size() || text.substr(0, size).ends_with("\nend")) << size;
  }
}

TEST(DriverAnswer, NonsenseIsIncomplete) {
  const std::string head = "da3-nvidia 1\n";
  for (const char* bad : {"", "x\n", "da3-nvidia 2\nend\n", "da3-nvidia\nend\n"})
    EXPECT_FALSE(read_answer(bad).complete);
  for (const char* bad :
       {"cuda x\nend\n", "name a\nend\n", "device 0\nuuid 12\nend\n", "device 0\nmajor 99999999999\nend\n",
        "what 1\nend\n", "device -\nend\n", "device 0\nmemory -1\nend\n"})
    EXPECT_FALSE(read_answer(head + bad).complete) << bad;
}

}  // namespace
}  // namespace da3::hardware

// SPDX-License-Identifier: Apache-2.0
// From what --model says to a folder.
#include "models/find_model.hpp"

#include <da3/log.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "exit_code.hpp"
#include "model_folders.hpp"
#include "models/hub_cache.hpp"
#include "models/model_name.hpp"
#include "support/temporary_folder.hpp"

namespace da3::host {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

/// Nothing of whoever runs the tests: no variables, a home without models, folders of its own.
class FindModel : public testing::Test {
 protected:
  FindModel() : hub_(folder_.path() / "hub") {
    for (const char* name : {"DA3_MODEL_PATH", "HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"}) {
      if (const char* value = std::getenv(name)) saved_[name] = value;
      ::unsetenv(name);
    }
    set_log_sink([this](LogLevel level, std::string_view line) {
      if (level >= LogLevel::warn) warnings_.append(line).append("\n");
    });
    fs::create_directories(share() / "models");
  }
  ~FindModel() override {
    set_log_sink({});
    for (const char* name : {"DA3_MODEL_PATH", "HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"})
      ::unsetenv(name);
    for (const auto& [name, value] : saved_) set(name.c_str(), value);
  }

  static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
  fs::path in(const fs::path& name) const { return folder_.path() / name; }
  fs::path share() const { return in("share"); }
  void use_hub() const { set("HF_HUB_CACHE", hub_.folder().string()); }

  /// Of a user in an empty folder of which nobody asks.
  fs::path find(const std::string& text) const { return find_model(text, in("here") / text, share()); }

  /// The sentence when nothing is found.
  std::string failure(const std::string& text) const {
    try {
      const fs::path found = in_phase(Phase::model, [&] { return find(text); });
      ADD_FAILURE() << text << " was found: " << found;
    } catch (const PhaseError& error) {
      EXPECT_EQ(error.code(), DA3_E_NOT_FOUND);
      EXPECT_EQ(error.exit(), 3);
      return error.message();
    }
    return "";
  }

  test::TemporaryFolder folder_;
  test::HubCache hub_;
  std::map<std::string, std::string> saved_;
  std::string warnings_;
};

TEST(ModelName, Parts) {
  const ModelName name("depth-anything/DA3-LARGE-1.1");
  EXPECT_EQ(name.owner, "depth-anything");
  EXPECT_EQ(name.base, "da3-large");
  EXPECT_EQ(name.version, "1.1");
  EXPECT_EQ(ModelName("DA3-Base").owner, "");
  EXPECT_EQ(ModelName("DA3-Base").version, "");
  EXPECT_EQ(ModelName("mine-2").base, "mine-2");
}

TEST(ModelName, Answers) {
  const auto answers = [](const char* name, const char* wanted) {
    return ModelName(name).answers(ModelName(wanted));
  };
  EXPECT_TRUE(answers("depth-anything/DA3-LARGE-1.1", "da3-large"));
  EXPECT_TRUE(answers("DA3-LARGE-1.1", "depth-anything/da3-large"));
  EXPECT_TRUE(answers("DA3-LARGE-1.1", "da3-large-1.1"));
  EXPECT_FALSE(answers("DA3-LARGE", "da3-large-1.1"));       // other weights than those asked for
  EXPECT_FALSE(answers("somebody/DA3-LARGE", "da3-large"));  // other weights, too
  EXPECT_FALSE(answers("DA3-LARGE", "somebody/DA3-LARGE"));
  EXPECT_TRUE(answers("somebody/x", "Somebody/X"));
  EXPECT_FALSE(answers("da3mono-large", "da3-large"));
}

TEST(ModelName, Versions) {
  EXPECT_TRUE(version_less("", "1.1"));
  EXPECT_TRUE(version_less("1.9", "1.10"));
  EXPECT_TRUE(version_less("1.1", "1.1.1"));
  EXPECT_FALSE(version_less("1.1", "1.1"));
  EXPECT_TRUE(version_less("1.1", "99999999999999999999999999.0"));
}

TEST_F(FindModel, AFolderIsTakenAsItIs) {
  fs::create_directories(in("here/anything"));
  EXPECT_EQ(find("anything"), in("here/anything"));
  folder_.write("here/model.bin", "other plugins take other files");
  EXPECT_EQ(find("model.bin"), in("here/model.bin"));
}

TEST_F(FindModel, TheWeightsFileMeansItsFolder) {
  test::write_model(in("here/mine"), "tiny");
  EXPECT_EQ(find("mine/model.safetensors"), in("here/mine"));
  const fs::path snapshot = hub_.add("depth-anything/DA3-BASE", "c0ffee", "tiny");
  EXPECT_EQ(find_model((snapshot / "model.safetensors").string(), snapshot / "model.safetensors", share()),
            snapshot);
  const fs::path before = fs::current_path();
  fs::current_path(in("here/mine"));
  const fs::path found = find_model("model.safetensors", "model.safetensors", share());
  fs::current_path(before);
  EXPECT_EQ(found, ".");
}

TEST_F(FindModel, OneFolderHasManyNames) {
  test::write_model(in("models/DA3-BASE"), "tiny");
  set("DA3_MODEL_PATH", in("models").string());
  for (const char* name : {"DA3-BASE", "da3-base", "Da3-Base", "depth-anything/DA3-BASE"})
    EXPECT_EQ(find(name), in("models/DA3-BASE")) << name;
  test::write_model(in("models/somebody/finetune"), "tiny");
  EXPECT_EQ(find("somebody/finetune"), in("models/somebody/finetune"));
  EXPECT_EQ(find("Somebody/FineTune"), in("models/somebody/finetune"));
  EXPECT_EQ(find("DA3-BASE/model.safetensors"), in("models/DA3-BASE"));
}

TEST_F(FindModel, TheExactNameThenTheHighestVersion) {
  for (const char* name : {"DA3-LARGE", "DA3-LARGE-1.1", "DA3-LARGE-1.0"})
    test::write_model(in("models") / name, "tiny");
  set("DA3_MODEL_PATH", in("models").string());
  EXPECT_EQ(find("DA3-LARGE"), in("models/DA3-LARGE"));
  EXPECT_EQ(find("da3-large"), in("models/DA3-LARGE-1.1"));
  EXPECT_EQ(find("depth-anything/da3-large-1.0"), in("models/DA3-LARGE-1.0"));
  for (const char* name : {"da3-large", "DA3-LARGE-1.1"}) test::write_model(in("more") / name, "tiny");
  fs::create_directory_symlink(in("models/DA3-LARGE-1.0"), in("more/mine"));
  set("DA3_MODEL_PATH", in("more").string());
  EXPECT_EQ(find("da3-large"), in("more/da3-large"));
  EXPECT_EQ(find("mine"), in("more/mine"));
  for (const char* name : {"DA3-BASE", "depth-anything/da3-base"})
    test::write_model(in("more") / name, "tiny");
  EXPECT_EQ(find("da3-base"), in("more/depth-anything/da3-base"));
  EXPECT_EQ(find("Da3-Base"), in("more/DA3-BASE"));
}

TEST_F(FindModel, AsGivenThenModelPathThenHubThenInstalled) {
  use_hub();
  set("DA3_MODEL_PATH", in("first").string() + ":" + in("second").string());
  test::write_model(share() / "models/da3-base", "tiny");
  EXPECT_EQ(find("da3-base"), share() / "models/da3-base");
  const fs::path snapshot = hub_.add("depth-anything/DA3-BASE", "c0ffee", "tiny");
  EXPECT_EQ(find("da3-base"), snapshot);
  test::write_model(in("second/da3-base"), "tiny");
  EXPECT_EQ(find("da3-base"), in("second/da3-base"));
  test::write_model(in("first/DA3-BASE"), "tiny");
  EXPECT_EQ(find("da3-base"), in("first/DA3-BASE"));
  test::write_model(in("here/da3-base"), "tiny");
  EXPECT_EQ(find("da3-base"), in("here/da3-base"));
  EXPECT_EQ(warnings_, "");
}

TEST_F(FindModel, EntriesOfModelPathThatAreNotAbsoluteAreIgnored) {
  test::write_model(in("models/mine"), "tiny");
  const fs::path before = fs::current_path();
  fs::current_path(folder_.path());
  set("DA3_MODEL_PATH", "models::" + in("other").string() + "/:");
  const std::string message = failure("mine");
  fs::current_path(before);
  EXPECT_THAT(warnings_, HasSubstr("DA3_MODEL_PATH: models: it is not absolute and is ignored"));
  EXPECT_THAT(message, HasSubstr(in("other").string()));
}

TEST_F(FindModel, AFolderInModelPathMayBeAModelItself) {
  test::write_model(in("models/DA3-SMALL"), "tiny");
  set("DA3_MODEL_PATH", in("models/DA3-SMALL").string() + "/");
  EXPECT_EQ(find("da3-small"), in("models/DA3-SMALL"));
}

TEST_F(FindModel, NamesLeadNowhereElse) {
  test::write_model(in("models/mine"), "tiny");
  set("DA3_MODEL_PATH", in("models").string());
  for (const char* name : {"../models/mine", "./mine", "x/../mine", "/mine"})
    EXPECT_THAT(failure(name), HasSubstr("there is no such file or folder; give --model")) << name;
}

TEST_F(FindModel, WhereTheHubCacheIs) {
  const auto cache = [] { return search_hub_cache().folder; };
  EXPECT_EQ(cache(), "");
  EXPECT_THAT(search_hub_cache().problem, HasSubstr("HF_HUB_CACHE"));
  set("HOME", in("home").string());
  EXPECT_EQ(cache(), in("home/.cache/huggingface/hub"));
  set("XDG_CACHE_HOME", in("xdg").string());
  EXPECT_EQ(cache(), in("xdg/huggingface/hub"));
  set("HF_HOME", in("hf").string());
  EXPECT_EQ(cache(), in("hf/hub"));
  set("HF_HUB_CACHE", in("hub").string());
  EXPECT_EQ(cache(), in("hub"));
  set("HF_HUB_CACHE", "");
  EXPECT_EQ(cache(), in("hf/hub"));
  set("HF_HUB_CACHE", "hub");
  EXPECT_THAT(search_hub_cache().problem, HasSubstr("not absolute"));
}

TEST_F(FindModel, HubNames) {
  use_hub();
  const fs::path old = hub_.add("depth-anything/DA3-LARGE", "aaa", "tiny");
  for (const char* name : {"depth-anything/DA3-LARGE", "DA3-LARGE", "da3-large"})
    EXPECT_EQ(find(name), old) << name;
  const fs::path fresh = hub_.add("depth-anything/DA3-LARGE-1.1", "bbb", "tiny");
  for (const char* name : {"depth-anything/DA3-LARGE-1.1", "DA3-LARGE-1.1", "da3-large"})
    EXPECT_EQ(find(name), fresh) << name;
  EXPECT_EQ(find("depth-anything/DA3-LARGE"), old);
  hub_.add("somebody/DA3-BASE", "ccc", "tiny");
  EXPECT_EQ(find("somebody/DA3-BASE"), hub_.snapshot("somebody/DA3-BASE", "ccc"));
  EXPECT_THAT(failure("da3-base"), HasSubstr("did you mean \"somebody/DA3-BASE\"?"));
  EXPECT_EQ(warnings_, "");
}

TEST_F(FindModel, RefsMainSaysWhichSnapshot) {
  use_hub();
  hub_.add("depth-anything/DA3-BASE", "aaa", "tiny");
  hub_.add("depth-anything/DA3-BASE", "bbb", "tiny");
  for (const char* commit : {"aaa", "bbb"}) {
    hub_.set_main("depth-anything/DA3-BASE", std::string(commit) + "\n");
    EXPECT_EQ(find("da3-base"), hub_.snapshot("depth-anything/DA3-BASE", commit));
  }
  EXPECT_EQ(warnings_, "");
  hub_.set_main("depth-anything/DA3-BASE", "ccc");
  EXPECT_THAT(failure("da3-base"), HasSubstr("its refs/main names the snapshot ccc, which is not there"));
  hub_.set_main("depth-anything/DA3-BASE", "../../../../models");
  EXPECT_THAT(find("da3-base").parent_path(), hub_.entry("depth-anything/DA3-BASE") / "snapshots");
}

TEST_F(FindModel, WithoutRefsMainTheNewestWholeSnapshotWithAWarning) {
  use_hub();
  const std::string name = "depth-anything/DA3-BASE";
  const auto age = [&](const char* commit, int hours) {
    fs::last_write_time(hub_.snapshot(name, commit),
                        fs::file_time_type::clock::now() - std::chrono::hours(hours));
  };
  for (const char* commit : {"aaa", "bbb", "ccc"}) hub_.add(name, commit, "tiny");
  age("aaa", 2), age("bbb", 1), age("ccc", 3);
  EXPECT_EQ(find("da3-base"), hub_.snapshot(name, "bbb"));
  EXPECT_THAT(warnings_, AllOf(HasSubstr("--model da3-base: "),
                               HasSubstr("the newest whole one of 3 snapshots"), HasSubstr("no refs/main")));
  hub_.lose_blob(name, "bbb", "model.safetensors");
  EXPECT_EQ(find("da3-base"), hub_.snapshot(name, "aaa"));
}

TEST_F(FindModel, BrokenHubEntriesAreSkippedWithTheReason) {
  use_hub();
  const std::string name = "depth-anything/DA3-BASE";
  hub_.add(name, "aaa", "tiny");
  hub_.set_main(name, "aaa");
  hub_.lose_blob(name, "aaa", "config.json");
  EXPECT_THAT(failure("da3-base"),
              HasSubstr("snapshots/aaa is skipped, because its config.json is a link to nothing"));
  hub_.lose_blob(name, "aaa", "model.safetensors");
  EXPECT_THAT(failure("da3-base"), HasSubstr("its model.safetensors is a link to nothing"));
  fs::remove(hub_.snapshot(name, "aaa") / "model.safetensors");
  EXPECT_THAT(failure("da3-base"), HasSubstr("it has no model.safetensors"));
  fs::remove_all(hub_.entry(name));
  fs::create_directories(hub_.entry(name) / "blobs");
  EXPECT_THAT(failure("da3-base"), HasSubstr("it has no snapshot"));
  test::write_model(share() / "models/DA3-BASE", "tiny");
  EXPECT_EQ(find("da3-base"), share() / "models/DA3-BASE");
}

TEST_F(FindModel, NothingFoundSaysWhereItWasLookedFor) {
  use_hub();
  set("DA3_MODEL_PATH", in("a").string() + ":" + in("b").string());
  test::write_model(in("b/DA3-BASE"), "tiny");
  const std::string message = failure("da3-bse");
  for (const fs::path& folder : {in("a"), in("b"), hub_.folder(), share() / "models"})
    EXPECT_THAT(message, HasSubstr(folder.string()));
  EXPECT_THAT(message, AllOf(HasSubstr("loading the model \"da3-bse\" failed: "),
                             HasSubstr("did you mean \"DA3-BASE\"?"), HasSubstr("da3-host models")));
  EXPECT_EQ(message.find('\n'), message.npos);
  EXPECT_THAT(failure("da3-large"),
              AllOf(HasSubstr("fetch depth-anything/DA3-LARGE-1.1"), Not(HasSubstr("did you mean"))));
  EXPECT_THAT(failure("DA3-BASE-1.1"), HasSubstr("did you mean \"DA3-BASE\"?"));
  EXPECT_THAT(failure("xylophone"), AllOf(Not(HasSubstr("did you mean")), Not(HasSubstr("fetch"))));
  ::unsetenv("DA3_MODEL_PATH");
  EXPECT_THAT(failure("mine"), HasSubstr("DA3_MODEL_PATH (not set)"));
}

}  // namespace
}  // namespace da3::host

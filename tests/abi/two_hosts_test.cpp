// SPDX-License-Identifier: Apache-2.0
// The core beside another host in one process: whoever comes first has the plugin, the other one gets a
// reason, and nobody takes anything from the one who is there.
#include <dlfcn.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "null_engine.hpp"
#include "support/temporary_folder.hpp"

namespace da3 {
namespace {

using namespace test;
using ::testing::Each;
using ::testing::HasSubstr;

/// Another host, as small as one can be.
struct OtherHost {
  OtherHost() {
    table.struct_size = sizeof table;
    table.abi_major = DA3_ABI_MAJOR;
    table.name = "another host";
    error.struct_size = sizeof error;
    error.msg = text, error.msg_cap = sizeof text;
  }
  int32_t enter(const std::filesystem::path& library) {
    void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    EXPECT_NE(handle, nullptr) << dlerror();
    const auto entry = reinterpret_cast<da3_plugin_entry_fn>(dlsym(handle, "da3_plugin_entry"));
    return entry(DA3_ABI_MAJOR, DA3_ABI_MAJOR, &table, &plugin, &error);
  }
  da3_host table{};
  const da3_plugin* plugin = nullptr;
  char text[400] = "";
  da3_error error{};
};

TEST(TwoHosts, TheSecondOneIsRefusedAndTheFirstOneGoesOn) {
  NullEngine null("backend: \"null\"\nnull.depth: 4\n");
  Session session = null.engine.load_model("any").create_session();
  OtherHost other;
  other.plugin = reinterpret_cast<const da3_plugin*>(&other);
  EXPECT_EQ(other.enter(DA3_NULL_PLUGIN), DA3_E_UNAVAILABLE);
  EXPECT_EQ(other.plugin, nullptr);
  EXPECT_THAT(other.text, HasSubstr("another host of this process uses the plugin"));
  EXPECT_THAT(session.run(request({"depth"})).at("depth").floats(), Each(4.0f));
  NullEngine again;  // entering once more is the first host's right
}

TEST(TwoHosts, TheCoreIsRefusedWhileAnotherHostIsThereAndLetInAfterwards) {
  TemporaryFolder folder;  // a library that this process has not entered yet
  const auto library = folder.path() / std::filesystem::path(DA3_NULL_PLUGIN).filename();
  std::filesystem::copy_file(DA3_NULL_PLUGIN, library);
  SearchOptions options;
  options.plugin_files = {library};
  options.use_environment = options.use_installed = false;
  const Profile profile = profile_of("backend: \"null\"\n");

  OtherHost other;
  ASSERT_EQ(other.enter(library), DA3_OK) << other.text;
  PluginRegistry registry(Profile{}, options);
  EXPECT_THAT(registry.plugins().at(0).reason, HasSubstr("another host of this process uses the plugin"));
  EXPECT_THAT(message_of([&] { Engine engine(registry, profile); }), HasSubstr("another host"));

  other.plugin->shutdown();
  PluginRegistry later(Profile{}, options);
  Engine engine(later, profile);
  EXPECT_EQ(engine.backend(), "null");
  EXPECT_EQ(other.enter(library), DA3_E_UNAVAILABLE) << "now it is the core's";
}

}  // namespace
}  // namespace da3

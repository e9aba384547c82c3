// SPDX-License-Identifier: Apache-2.0
#include "engine/process_shared.hpp"

#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <engine_build_id.hpp>

#include <cctype>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

namespace da3::engine {

namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, void*> objects;
};

int64_t own_registry() {
  static Registry& own = *new Registry;
  return static_cast<int64_t>(reinterpret_cast<intptr_t>(&own));
}

/// "shared_0_1_0_...": of one build, because only the same build has the same objects.
std::string operator_name() {
  std::string name = std::string("shared_") + DA3_ENGINE_BUILD_ID;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

/// What engines can find of each other is LibTorch's table of operators: the first one registers an operator
/// that returns its registry's address.
Registry& find_or_offer() {
  const std::string name = operator_name();
  auto& dispatcher = c10::Dispatcher::singleton();
  for (;;) {
    try {
      if (const auto found = dispatcher.findSchema({"da3::" + name, ""}))
        return *reinterpret_cast<Registry*>(static_cast<intptr_t>(found->typed<int64_t()>().call()));
      // Leaked: an engine is never unloaded, and its operator must last as long as the others.
      static auto& library =
          *new torch::Library(torch::Library::FRAGMENT, "da3", std::nullopt, __FILE__, __LINE__);
      library.def((name + "() -> int").c_str(), own_registry);
    } catch (const c10::Error&) {
      // Another engine is registering it at this moment.
      std::this_thread::yield();
    }
  }
}

}  // namespace

void* process_shared(const std::string& name, void* (*make)()) {
  static Registry& registry = find_or_offer();
  const std::lock_guard lock(registry.mutex);
  void*& object = registry.objects[name];
  if (!object) object = make();
  return object;
}

}  // namespace da3::engine

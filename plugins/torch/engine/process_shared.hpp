// SPDX-License-Identifier: Apache-2.0
// Objects that every engine of this build in a process has in common. Each engine library has statics of its
// own, but all of them set the same switches of the one LibTorch that they run on.
#pragma once

#include <string>

namespace da3::engine {

/// The object of that name; made at first use and never destroyed. [any thread]
void* process_shared(const std::string& name, void* (*make)());

template <class T>
T& process_shared(const std::string& name) {
  return *static_cast<T*>(process_shared(name, []() -> void* { return new T; }));
}

}  // namespace da3::engine

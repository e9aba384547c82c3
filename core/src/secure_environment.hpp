// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <cstdlib>

namespace da3::detail {

/// getenv, but NULL in a program that runs with more rights than its caller: its environment is not to be
/// trusted.
inline const char* secure_environment(const char* name) {
#if defined(__GLIBC__)
  return ::secure_getenv(name);
#else
  return ::issetugid() ? nullptr : std::getenv(name);
#endif
}

}  // namespace da3::detail

// SPDX-License-Identifier: Apache-2.0
// The end of a program that has done its work.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace da3::host {

/// Ends the process with what it has printed, and without taking apart the libraries that it has opened:
/// LibTorch's destructors would run for 0.1 s and more, for memory that the system takes back anyway. To be
/// called when all objects of the program itself are gone. Builds for sanitizers return: they look at what is
/// left at the end.
inline int leave(int status) {
#ifndef DA3_SANITIZED
  std::cout.flush();
  std::fflush(nullptr);
  std::_Exit(status);
#endif
  return status;
}

}  // namespace da3::host

// SPDX-License-Identifier: Apache-2.0
// The C wall of an engine: da3::guard, with LibTorch's exceptions put into words first.
#pragma once

#include <c10/util/Exception.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <da3/guard.hpp>

namespace da3::engine {

/// What an accelerator answered. Most of its errors leave it useless to this process.
inline Error device_error(const c10::AcceleratorError& error) {
  const int32_t code = error.get_error_code();
  const std::string_view text = error.what_without_backtrace();
  const std::string what(text.substr(0, std::min<size_t>(text.find('\n'), 300)));
  // CUDA's codes, by their numbers: uncorrectable memory or link errors, and everything that a kernel can die
  // of, but for launches that ask for too much (701) and what concerns peers and host registration (704-709).
  const bool lost =
      code == 214 || code == 220 || code == 700 || code == 702 || (code >= 710 && code <= 719) || code == 999;
  if (lost)
    return Error(
        DA3_E_DEVICE_LOST,
        "the device was lost: " + what + "; every later call fails the same way: start a new process", 0, -1,
        code);
  return Error(DA3_E_UNAVAILABLE, "the device cannot be used: " + what + "; look at its driver's log", 0, -1,
               code);
}

template <class Body>
int32_t torch_guard(da3_error* error, Body&& body) noexcept {
  return guard(error, [&] {
    try {
      std::forward<Body>(body)();
    } catch (const c10::OutOfMemoryError& e) {
      throw Error(DA3_E_NOMEM_DEVICE,
                  std::string("out of device memory: ") + e.what_without_backtrace() +
                      "; use fewer views, a smaller process_res or performance_mode: minimal");
    } catch (const c10::AcceleratorError& e) {
      throw device_error(e);
    } catch (const c10::Error& e) {
      const std::string_view text = e.what_without_backtrace();
      if (text.find("DefaultCPUAllocator") != std::string_view::npos)
        throw Error(DA3_E_NOMEM_HOST,
                    "out of host memory: " + std::string(text.substr(0, 200)) +
                        "; use fewer views, a smaller process_res or performance_mode: minimal");
      throw Error(DA3_E_INTERNAL, "internal error in LibTorch: " + std::string(text.substr(0, 600)));
    }
  });
}

}  // namespace da3::engine

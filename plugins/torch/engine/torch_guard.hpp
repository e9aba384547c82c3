// SPDX-License-Identifier: Apache-2.0
// The C wall of an engine: da3::guard, with LibTorch's exceptions put into words first.
#pragma once

#include <c10/util/Exception.h>

#include <string_view>
#include <utility>

#include <da3/guard.hpp>

namespace da3::engine {

template <class Body>
int32_t torch_guard(da3_error* error, Body&& body) noexcept {
  return guard(error, [&] {
    try {
      std::forward<Body>(body)();
    } catch (const c10::OutOfMemoryError& e) {
      throw Error(DA3_E_NOMEM_DEVICE,
                  std::string("out of device memory: ") + e.what_without_backtrace() +
                      "; use fewer views, a smaller process_res or performance_mode: minimal");
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

// SPDX-License-Identifier: Apache-2.0
#include "cuda/machine.hpp"

#include <algorithm>
#include <thread>

#include "hardware/cpu.hpp"

namespace da3::cuda {

Capabilities machine(const thin::Host& host) {
  Capabilities c = read_capabilities(host.library_folder(), host.cache_folder());
  c.cpus = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));  // where no host tells better
  c.host_memory = hardware::read_memory().available;
  return c;
}

}  // namespace da3::cuda

// SPDX-License-Identifier: Apache-2.0
// The child's side: opens the driver's library and asks it. It may hang or crash at any call, so each line is
// written before the next call.
#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include "hardware/nvidia.hpp"
#include "hardware/nvidia_answer.hpp"

namespace da3::hardware {
namespace {

// The few of cuda.h's declarations that are needed; they have been stable since CUDA 4.
using Result = int;
using DeviceHandle = int;
struct Uuid {
  char bytes[16];
};
constexpr int attribute_major = 75, attribute_minor = 76, attribute_integrated = 18;

class Driver {
 public:
  explicit Driver(void* library) : library_(library) {}
  /// Calls a function of the driver; 500 (symbol not found) when it is not there.
  template <class... Arguments>
  Result call(const char* name, Arguments... arguments) const {
    const auto function = reinterpret_cast<Result (*)(Arguments...)>(::dlsym(library_, name));
    return function ? function(arguments...) : 500;
  }
  bool has(const char* name) const { return ::dlsym(library_, name) != nullptr; }

 private:
  void* library_;
};

class Lines {
 public:
  explicit Lines(int descriptor) : descriptor_(descriptor) {}
  void say(const char* key, std::string value) {
    for (char& c : value)
      if (static_cast<unsigned char>(c) < 32) c = ' ';
    const std::string line = std::string(key) + ' ' + value + '\n';
    size_t done = 0;
    while (done < line.size()) {
      const ssize_t n = ::write(descriptor_, line.data() + done, line.size() - done);
      if (n <= 0) return;
      done += static_cast<size_t>(n);
    }
  }

 private:
  int descriptor_;
};

std::string hex(const Uuid& uuid) {
  std::string text;
  for (char byte : uuid.bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    text += two;
  }
  return text;
}

void tell_device(const Driver& driver, DeviceHandle device, Lines& lines) {
  std::array<char, 256> text{};
  if (driver.call("cuDeviceGetName", text.data(), int{255}, device) == 0) lines.say("name", text.data());
  int value = 0;
  const auto attribute = [&](const char* key, int which) {
    if (driver.call("cuDeviceGetAttribute", &value, which, device) == 0)
      lines.say(key, std::to_string(value));
  };
  attribute("major", attribute_major);
  attribute("minor", attribute_minor);
  attribute("integrated", attribute_integrated);
  size_t bytes = 0;
  if (driver.call("cuDeviceTotalMem_v2", &bytes, device) == 0) lines.say("memory", std::to_string(bytes));
  text.fill(0);
  if (driver.call("cuDeviceGetPCIBusId", text.data(), int{64}, device) == 0) lines.say("bus", text.data());
  // The first form gives the GPU's own, the second a MIG slice's where there is one.
  Uuid whole{}, slice{};
  const bool has_whole = driver.call("cuDeviceGetUuid", &whole, device) == 0;
  const bool has_slice = driver.call("cuDeviceGetUuid_v2", &slice, device) == 0;
  if (has_slice || has_whole) lines.say("uuid", hex(has_slice ? slice : whole));
  if (has_slice && has_whole && std::memcmp(&whole, &slice, sizeof whole) != 0) lines.say("mig", "1");
}

}  // namespace

int ask_cuda_driver(const char* library, int descriptor) {
  Lines lines(descriptor);
  lines.say(answer_header, std::to_string(answer_version));
  lines.say("stage", "open");
  void* handle = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char* why = ::dlerror();
    lines.say("missing", why ? why : library);
    lines.say("end", "");
    return 0;
  }
  const Driver driver(handle);
  lines.say("stage", "version");
  int version = 0;
  if (driver.call("cuDriverGetVersion", &version) == 0) lines.say("cuda", std::to_string(version));
  lines.say("stage", "init");
  if (!driver.has("cuInit")) {
    lines.say("missing", std::string(library) + " has no cuInit");
    lines.say("end", "");
    return 0;
  }
  const Result status = driver.call("cuInit", 0u);
  lines.say("init", std::to_string(status));
  int count = 0;
  if (status == 0) {
    lines.say("stage", "devices");
    if (const Result counted = driver.call("cuDeviceGetCount", &count); counted != 0)
      lines.say("init", std::to_string(counted)), count = 0;
  }
  for (int index = 0; index < count && index < most_devices; ++index) {
    DeviceHandle device = 0;
    if (driver.call("cuDeviceGet", &device, index) != 0) continue;
    lines.say("device", std::to_string(index));
    tell_device(driver, device, lines);
  }
  lines.say("end", "");
  return 0;
}

}  // namespace da3::hardware

// SPDX-License-Identifier: Apache-2.0
#include "cuda/device_choice.hpp"

#include <da3/error.hpp>
#include <da3/option_type.hpp>

#include <algorithm>
#include <cctype>

#include "common/report.hpp"
#include "cuda/probe.hpp"

namespace da3::cuda {
namespace {

using hardware::NvidiaDevice;

constexpr int32_t kind_device = 4;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string what_there_is(const Capabilities& c) {
  std::string text;
  for (const NvidiaDevice& device : c.nvidia.devices) {
    const std::string uuid = device.uuid_text();
    text += (text.empty() ? "there is " : ", ") + std::to_string(device.index) +
            (uuid.empty() ? "" : " (" + uuid + ")");
  }
  return text;
}

/// subject: "option 'cuda.device' = '3'"
const NvidiaDevice& find(const Capabilities& c, const std::string& subject, const std::string& wanted) {
  std::vector<const NvidiaDevice*> found;
  const auto index = option_type::parse_int(wanted);
  for (const NvidiaDevice& device : c.nvidia.devices) {
    const bool fits = index ? device.index == *index
                            : wanted.size() >= 5 && lower(device.uuid_text()).rfind(lower(wanted), 0) == 0;
    if (fits) found.push_back(&device);
  }
  if (found.empty())
    throw Error(DA3_E_NOT_FOUND, subject + ": no such device; " + what_there_is(c) +
                                     ", of those that CUDA_VISIBLE_DEVICES shows");
  if (found.size() > 1)
    throw Error(DA3_E_BAD_VALUE, subject + ": it is the beginning of " + std::to_string(found.size()) +
                                     " UUIDs; write more of it");
  return *found.front();
}

const NvidiaDevice& usable(const Capabilities& c, const std::string& subject, const NvidiaDevice& device) {
  if (const std::string why = unusable(c, device); !why.empty())
    throw Error(DA3_E_UNAVAILABLE, subject + ": " + why, kind_device, device.index);
  return device;
}

std::vector<const NvidiaDevice*> devices_of(const Capabilities& c, const thin::OptionSet& options,
                                            const NvidiaDevice& chosen) {
  const std::string key = "cuda.devices", subject = thin::option_text(options, key);
  if (options.is(key, "one")) return {&chosen};
  std::vector<const NvidiaDevice*> all;
  if (options.is(key, "all")) {
    for (const NvidiaDevice& device : c.nvidia.devices)
      if (unusable(c, device).empty()) all.push_back(&device);
    return all;
  }
  for (const std::string& wanted : option_type::parse_list(options.text(key))) {
    const NvidiaDevice* device = &usable(c, subject, find(c, subject, wanted));
    if (std::count(all.begin(), all.end(), device) != 0)
      throw Error(DA3_E_BAD_VALUE, subject + ": device " + wanted + " is given twice; remove one");
    all.push_back(device);
  }
  if (all.empty()) throw Error(DA3_E_BAD_VALUE, subject + ": the list is empty; write one, all or devices");
  return all;
}

}  // namespace

std::string device_name(const NvidiaDevice& device) {
  const std::string uuid = device.uuid_text();
  return uuid.empty() ? std::to_string(device.index) : uuid;
}

DeviceChoice choose_device(const Capabilities& c, const thin::OptionSet& options, thin::DeviceId id) {
  if (id.type != dl_cuda)
    throw Error(DA3_E_NOT_FOUND,
                "optimizer_create: the cuda backend has no device of type " + std::to_string(id.type) +
                    "; its devices are of type 2",
                kind_device, id.index);
  if (const std::string why = no_device(c); !why.empty())
    throw Error(DA3_E_UNAVAILABLE, "optimizer_create: " + why, kind_device, id.index);
  DeviceChoice choice{};
  if (options.is("cuda.device", "auto")) {
    const std::string subject = "optimizer_create: device " + std::to_string(id.index);
    const auto found = std::find_if(c.nvidia.devices.begin(), c.nvidia.devices.end(),
                                    [&](const NvidiaDevice& device) { return device.index == id.index; });
    if (found == c.nvidia.devices.end())
      throw Error(DA3_E_NOT_FOUND, subject + ": no such device; " + what_there_is(c), kind_device, id.index);
    choice.device = &usable(c, subject, *found);
  } else {
    const std::string subject = thin::option_text(options, "cuda.device");
    choice.device = &usable(c, subject, find(c, subject, options.text("cuda.device")));
    choice.reason = "cuda.device: " + options.text("cuda.device");
  }
  choice.all = devices_of(c, options, *choice.device);
  if (options.is("cuda.device", "auto") &&
      std::count(choice.all.begin(), choice.all.end(), choice.device) == 0) {
    choice.device = choice.all.front();
    choice.reason = "the first of cuda.devices";
  }
  return choice;
}

}  // namespace da3::cuda

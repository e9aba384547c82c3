// SPDX-License-Identifier: Apache-2.0
#include "hardware/nvidia_answer.hpp"

#include <charconv>
#include <sstream>

namespace da3::hardware {
namespace {

template <class Number>
bool parse(const std::string& text, Number& out, int base = 10) {
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, out, base);
  return result.ec == std::errc{} && result.ptr == end;
}

bool parse_uuid(const std::string& text, std::array<uint8_t, 16>& uuid) {
  if (text.size() != 32) return false;
  for (size_t i = 0; i < 16; ++i)
    if (!parse(text.substr(2 * i, 2), uuid[i], 16)) return false;
  return true;
}

/// One line of a device. False: no such key, or a value that makes no sense.
bool read_device_line(const std::string& key, const std::string& value, NvidiaDevice& device) {
  int number = 0;
  if (key == "name") return device.name = value, true;
  if (key == "bus") return device.bus = value, true;
  if (key == "major") return parse(value, device.major);
  if (key == "minor") return parse(value, device.minor);
  if (key == "memory") return parse(value, device.memory_total);
  if (key == "uuid") return parse_uuid(value, device.uuid);
  if (key == "integrated") return parse(value, number) && (device.integrated = number != 0, true);
  if (key == "mig") return parse(value, number) && (device.mig = number != 0, true);
  return false;
}

bool read_line(const std::string& key, const std::string& value, DriverAnswer& answer) {
  if (key == "stage") return answer.stage = value, true;
  if (key == "missing") return answer.missing = value, true;
  if (key == "cuda") return parse(value, answer.cuda_version);
  if (key == "init") return answer.initialised = parse(value, answer.status);
  if (key == "device") {
    if (answer.devices.size() >= most_devices) return false;
    return parse(value, answer.devices.emplace_back().index);
  }
  return !answer.devices.empty() && read_device_line(key, value, answer.devices.back());
}

}  // namespace

DriverAnswer read_answer(const std::string& text) {
  DriverAnswer answer;
  std::istringstream lines(text);
  bool first = true;
  for (std::string line; std::getline(lines, line); first = false) {
    const size_t space = line.find(' ');
    const std::string key = line.substr(0, space),
                      value = space == std::string::npos ? "" : line.substr(space + 1);
    if (first) {
      if (key != answer_header || value != std::to_string(answer_version)) return answer;
    } else if (key == "end") {
      answer.complete = true;
      return answer;
    } else if (!read_line(key, value, answer)) {
      return answer;
    }
  }
  return answer;
}

std::string write_answer(const DriverAnswer& answer) {
  std::ostringstream out;
  out << answer_header << ' ' << answer_version << "\nstage " << answer.stage << '\n';
  if (!answer.missing.empty()) out << "missing " << answer.missing << '\n';
  out << "cuda " << answer.cuda_version << '\n';
  if (answer.initialised) out << "init " << answer.status << '\n';
  for (const NvidiaDevice& device : answer.devices) {
    out << "device " << device.index << "\nname " << device.name << "\nmajor " << device.major << "\nminor "
        << device.minor << "\nintegrated " << device.integrated << "\nmemory " << device.memory_total
        << "\nbus " << device.bus << "\nuuid ";
    for (uint8_t byte : device.uuid) out << "0123456789abcdef"[byte >> 4] << "0123456789abcdef"[byte & 15];
    out << "\nmig " << device.mig << '\n';
  }
  out << "end\n";
  return out.str();
}

}  // namespace da3::hardware

// SPDX-License-Identifier: Apache-2.0
// What the child says about the driver, and what is remembered of it: lines "key value", "end" last.
#pragma once

#include <optional>
#include <string>

#include "hardware/nvidia.hpp"

namespace da3::hardware {

constexpr const char* answer_header = "da3-nvidia";
constexpr int answer_version = 1, most_devices = 256;

struct DriverAnswer {
  std::string stage;    ///< the last one begun: "open", "version", "init", "devices"
  std::string missing;  ///< why the library cannot be used
  int cuda_version = 0, status = 0;
  bool initialised = false;  ///< cuInit came back
  bool complete = false;     ///< "end" came
  std::vector<NvidiaDevice> devices;
};

/// Of a whole answer or of its beginning. Lines that make no sense make it incomplete from there on.
DriverAnswer read_answer(const std::string& text);

/// The same lines again, of a complete answer.
std::string write_answer(const DriverAnswer&);

}  // namespace da3::hardware

// SPDX-License-Identifier: Apache-2.0
// What tells one thin plugin from another: its facts, its options and two functions. The rest is
// thin_plugin.cpp.
#pragma once

#include <da3/plugin.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "torch/engine_abi.hpp"

namespace da3::thin {

/// One row of a backend's option table: the source of options(), of the manifest and of every check.
struct OptionSpec {
  const char *key, *type, *def, *help;
  uint32_t scope;  ///< DA3_SCOPE_OPTIMIZER or DA3_SCOPE_RUN
};

/// What the table, the manifest and the messages say about a backend. All strings are literals.
struct BackendInfo {
  const char *name, *id, *version, *vendor, *license, *runtime_id;
  const char *library, *engine;    ///< file names; the engine lies beside the library
  const char *device, *arch, *os;  ///< cpu|metal|cuda, x86_64|aarch64|any, linux|macos|any
  std::vector<const char*> needs;  ///< sentences, for people and for the reason of a refusal
  std::vector<OptionSpec> options;
  /// The manifest's `requires`: what a core checks before it loads the library, {"nvidia_driver", "580"}.
  std::vector<std::pair<const char*, const char*>> requirements = {};
};

class OptionSet;
class Record;

struct KeyValue {
  std::string key, value;
};

/// What a policy decided: orders for the engine, the same for people.
struct Decision {
  engine::Policy policy;
  std::vector<KeyValue>
      effective;  ///< "effective.threads" -> "2", reasons right after their key; same input, same text
  std::vector<std::string> warnings, notes;  ///< for the log, levels warning and debug
  /// Not empty: how many times as fast as float32 `measured` is should be known under this key
  /// (common/measured.hpp) before the engine is made, and then decided again.
  std::string measure;
  engine::Precision measured = engine::Precision::bfloat16;
};

using DeviceSink = std::function<void(const da3_device&)>;

/// A DLPack device, as optimizer_create is given it.
struct DeviceId {
  int32_t type, index;
};

/// The functions throw da3::Error. A device record lives for the call of its sink.
struct Backend {
  const BackendInfo* info;
  void (*probe)(const DeviceSink& sink);
  /// cpu_budget: threads that the host suggests, 0 = none suggested.
  Decision (*decide)(const OptionSet&, DeviceId, uint32_t cpu_budget);
  /// The same two on a machine that is only written down; nothing of this one is looked at.
  void (*assume_probe)(const Record&, const DeviceSink& sink);
  Decision (*assume_decide)(const Record&, const OptionSet&, DeviceId);
};

}  // namespace da3::thin

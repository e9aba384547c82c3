// SPDX-License-Identifier: Apache-2.0
#include "common/measured.hpp"

#include <da3/option_type.hpp>

#include <cstdio>
#include <map>
#include <mutex>

#include "common/remembered.hpp"

namespace da3::thin {
namespace {

constexpr const char* kKind = "measured";

struct Known {
  std::mutex mutex;
  std::map<std::string, double> speeds;
};

Known& known() {
  static Known& instance = *new Known;
  return instance;
}

std::optional<double> number_of(std::string text) {
  if (text.empty() || text.back() != '\n') return std::nullopt;  // cut short
  text.pop_back();
  const std::optional<double> value = option_type::parse_float(text);
  return value && *value > 0.01 && *value < 100 ? value : std::nullopt;
}

}  // namespace

std::optional<double> known_speed(const std::string& key, const std::filesystem::path& cache) {
  Known& here = known();
  const std::lock_guard lock(here.mutex);
  if (const auto found = here.speeds.find(key); found != here.speeds.end()) return found->second;
  const std::optional<std::string> text = recall(cache, kKind, key);
  const std::optional<double> speed = text ? number_of(*text) : std::nullopt;
  if (speed) here.speeds.emplace(key, *speed);
  return speed;
}

void keep_speed(const std::string& key, const std::filesystem::path& cache, double times) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", times);
  Known& here = known();
  const std::lock_guard lock(here.mutex);
  // As it is read again, so that this process decides as later ones do.
  here.speeds[key] = option_type::parse_float(text).value_or(times);
  remember(cache, kKind, key, std::string(text) + "\n");
}

}  // namespace da3::thin

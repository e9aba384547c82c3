// SPDX-License-Identifier: Apache-2.0
#include "camera_readers.hpp"
#include "files.hpp"

#include <da3/error.hpp>

#include <nlohmann/json.hpp>

#include <span>

namespace da3::io {
namespace {

using nlohmann::json;

constexpr uintmax_t max_json_bytes = uintmax_t{32} << 20;
constexpr int max_json_depth = 6;  // {"extrinsics": [ [ [1, ...
constexpr size_t max_json_values = static_cast<size_t>(max_cameras) * 50;

struct BadJson : std::runtime_error {
  explicit BadJson(const std::string& why, int32_t error_code = DA3_E_INVALID)
      : std::runtime_error(why), code(error_code) {}
  int32_t code;
};

json parse(const std::filesystem::path& file, const std::string& what) {
  std::error_code failed;
  const uintmax_t size = std::filesystem::file_size(file, failed);
  if (!failed && size > max_json_bytes)
    throw BadJson("the file is larger than 32 MiB; use an .npz for so many cameras", DA3_E_SHAPE);
  const std::vector<uint8_t> bytes = read_file(file, what);
  size_t values = 0;
  const auto limit = [&](int depth, json::parse_event_t, json&) {
    if (depth > max_json_depth) throw BadJson("it is nested too deeply; cameras are lists of matrices");
    if (++values > max_json_values) throw BadJson("it has too many values; split the scene", DA3_E_SHAPE);
    return true;
  };
  try {
    return json::parse(bytes.begin(), bytes.end(), limit);
  } catch (const json::exception& bad) {
    // "[json.exception.parse_error.101] parse error at line 1, ...": the name of the class helps nobody.
    std::string why = bad.what();
    if (const size_t end = why.find("] "); end != why.npos) why.erase(0, end + 2);
    throw BadJson("it is not valid JSON: " + why + "; correct it there");
  }
}

std::vector<double> matrix(const json& value, size_t columns, const std::string& name) {
  const bool extrinsics = columns == 4;
  const std::string wanted = extrinsics ? "3x4 or 4x4" : "3x3";
  if (!value.is_array() || (value.size() != 3 && !(extrinsics && value.size() == 4)))
    throw BadJson(name + " is not a matrix of " + wanted + "; write it as a list of rows", DA3_E_SHAPE);
  std::vector<double> numbers;
  for (const json& row : value) {
    if (!row.is_array() || row.size() != columns)
      throw BadJson(name + " is not a matrix of " + wanted + "; write it as a list of rows", DA3_E_SHAPE);
    for (const json& number : row) {
      if (!number.is_number()) throw BadJson(name + " holds something that is no number; correct it");
      numbers.push_back(number.get<double>());
    }
  }
  return numbers;
}

bool is_matrix(const json& value) {
  return value.is_array() && !value.empty() && value[0].is_array() && !value[0].empty() &&
         !value[0][0].is_array();
}

void add_extrinsics(RawCameras& cameras, const json& value, const std::string& name) {
  const std::vector<double> numbers = matrix(value, 4, name);
  cameras.extrinsics.push_back(with_last_row(numbers.data()));
  std::copy(numbers.begin(), numbers.end(), cameras.extrinsics.back().begin());
}

void add_intrinsics(RawCameras& cameras, const json& value, const std::string& name) {
  const std::vector<double> numbers = matrix(value, 3, name);
  std::copy(numbers.begin(), numbers.end(), cameras.intrinsics.emplace_back().begin());
}

void add_name(RawCameras& cameras, const json& value) {
  if (!value.is_string()) throw BadJson("an \"image\" is no string; write the image's file name");
  cameras.names.push_back(value.get<std::string>());
}

RawCameras from_list(const json& list) {
  constexpr std::array<const char*, 3> keys{"image", "extrinsics", "intrinsics"};
  RawCameras cameras;
  for (size_t i = 0; i < list.size(); ++i) {
    const json& object = list[i];
    const std::string number = "camera " + std::to_string(i + 1);
    if (!object.is_object())
      throw BadJson(number +
                    " is no object; write {\"image\": ..., \"extrinsics\": ..., \"intrinsics\": ...}");
    for (const char* key : keys)
      if (object.contains(key) != list[0].contains(key))
        throw BadJson(number + (object.contains(key) ? " has" : " lacks") + " \"" + key +
                      "\", unlike the first; give it to all cameras or to none");
    if (object.contains("image")) add_name(cameras, object["image"]);
    if (object.contains("extrinsics"))
      add_extrinsics(cameras, object["extrinsics"], "\"extrinsics\" of " + number);
    if (object.contains("intrinsics"))
      add_intrinsics(cameras, object["intrinsics"], "\"intrinsics\" of " + number);
  }
  return cameras;
}

/// One value, or a list of them: add is called for each.
template <typename Add>
void for_each_value(const json& value, bool is_one, const std::string& key, Add add) {
  if (is_one) return add(value, "\"" + key + "\"");
  if (!value.is_array())
    throw BadJson("\"" + key + "\" is no list; write one value for each camera", DA3_E_SHAPE);
  for (size_t i = 0; i < value.size(); ++i)
    add(value[i], "\"" + key + "\" of camera " + std::to_string(i + 1));
}

RawCameras from_object(const json& object) {
  RawCameras cameras;
  if (const auto value = object.find("image"); value != object.end())
    for_each_value(*value, value->is_string(), "image",
                   [&](const json& one, const std::string&) { add_name(cameras, one); });
  if (const auto value = object.find("extrinsics"); value != object.end())
    for_each_value(*value, is_matrix(*value), "extrinsics",
                   [&](const json& one, const std::string& name) { add_extrinsics(cameras, one, name); });
  if (const auto value = object.find("intrinsics"); value != object.end())
    for_each_value(*value, is_matrix(*value), "intrinsics",
                   [&](const json& one, const std::string& name) { add_intrinsics(cameras, one, name); });
  return cameras;
}

}  // namespace

RawCameras read_json_cameras(const std::filesystem::path& file, const std::string& what) try {
  const json document = parse(file, what);
  RawCameras cameras = document.is_array() ? from_list(document) : from_object(document);
  if (cameras.extrinsics.empty() && cameras.intrinsics.empty())
    throw BadJson(
        "it has neither \"extrinsics\" nor \"intrinsics\"; write at least one of them for each camera");
  return cameras;
} catch (const BadJson& bad) {
  throw Error(bad.code, what + " failed: " + bad.what());
}

}  // namespace da3::io

// SPDX-License-Identifier: Apache-2.0
#include "inputs/video_frames.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <da3/error.hpp>
#include <da3/io/file_names.hpp>
#include <da3/log.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "exit_code.hpp"
#include "inputs/input_files.hpp"
#include "scenes/folder_names.hpp"
#include "signals.hpp"
#include "stopwatch.hpp"

namespace da3::host {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* schema = "da3.frames/1";

std::string picture_name(size_t index) {
  char name[32];
  std::snprintf(name, sizeof name, "%06zu.png", index);
  return name;
}

/// The video as it is now and what is taken of it: equal text, equal pictures.
std::string identity(const fs::path& video, const io::FrameSelection& selection) {
  std::error_code failed;
  const auto bytes = fs::file_size(video, failed);
  const auto changed = fs::last_write_time(video, failed);
  return Json{{"video", fs::absolute(video).string()},
              {"bytes", bytes},
              {"changed", changed.time_since_epoch().count()},
              {"fps", selection.fps},
              {"start", selection.start},
              {"end", std::isfinite(selection.end) ? Json(selection.end) : Json(nullptr)}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// What one video gave.
struct Taken {
  std::vector<VideoFrame> frames;
  std::string shortfall;
};

Json read_list(const fs::path& folder) {
  std::ifstream in(folder / "frames.json", std::ios::binary);
  Json list = in ? Json::parse(in, nullptr, false) : Json();
  return list.is_object() && list.value("schema", "") == schema ? list : Json();
}

/// Of an earlier run, where all of it is still there.
bool find_again(const fs::path& folder, const fs::path& video, const std::string& wanted, Taken& taken) try {
  const Json list = read_list(folder);
  if (!list.is_object() || list.at("of").get<std::string>() != wanted) return false;
  for (const Json& frame : list.at("frames")) {
    if (!fs::is_regular_file(folder / picture_name(taken.frames.size()))) return taken = {}, false;
    taken.frames.push_back({video, frame.at("number").get<int64_t>(), frame.at("seconds").get<double>()});
  }
  taken.shortfall = list.at("shortfall").get<std::string>();
  return !taken.frames.empty();
} catch (const std::exception&) {
  return taken = {}, false;
}

/// Pictures with names of frames that lie in the folder: of an earlier run, or somebody else's.
struct OldPictures {
  std::set<std::string> frames, foreign;
};

bool is_picture_name(const std::string& name) {
  const size_t digits = name.find_first_not_of("0123456789");
  return digits != std::string::npos && digits >= 6 && name.substr(digits) == ".png";
}

/// The names of a list: of its frames; of one that was not finished, of the pictures that were not its own.
std::set<std::string> names_in(const Json& list, bool unfinished) try {
  std::set<std::string> names;
  if (list.is_object())
    for (const Json& entry : list.at(unfinished ? "foreign" : "frames"))
      names.insert(unfinished ? entry.get<std::string>() : entry.at("file").get<std::string>());
  return names;
} catch (const Json::exception&) {
  return {};
}

/// An input is nobody's frame, also where it was one.
OldPictures old_pictures(const fs::path& folder, const InputFiles& inputs) {
  OldPictures old;
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed))
    if (is_picture_name(entry->path().filename().string()))
      old.foreign.insert(entry->path().filename().string());
  const Json list = read_list(folder);  // after its pictures: a shard that runs beside this one lists first
  const bool unfinished = list.is_object() && list.contains("foreign");
  const std::set<std::string> names = names_in(list, unfinished);
  for (const std::string& name : std::set(old.foreign))
    if (list.is_object() && names.contains(name) != unfinished && !inputs.has(folder / name)) {
      old.frames.insert(name);
      old.foreign.erase(name);
    }
  return old;
}

void write_json(const io::Api& io, const fs::path& folder, const Json& list) {
  io.write_text_atomic(folder / "frames.json",
                       list.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

/// While frames are taken: a run that is killed leaves pictures that the next one knows as frames.
void write_unfinished_list(const io::Api& io, const fs::path& folder, const OldPictures& old) {
  write_json(io, folder,
             {{"schema", schema},
              {"of", ""},
              {"shortfall", ""},
              {"frames", Json::array()},
              {"foreign", old.foreign}});
}

/// Where frames end with an error: those that are there, of no video that a run could go on with.
void write_broken_list(const io::Api& io, const fs::path& folder, const OldPictures& old, size_t taken) try {
  std::set<std::string> names = old.frames;
  for (size_t i = 0; i < taken; ++i) names.insert(picture_name(i));
  Json frames = Json::array();
  for (const std::string& name : names) frames.push_back({{"file", name}});
  write_json(io, folder, {{"schema", schema}, {"of", ""}, {"shortfall", ""}, {"frames", frames}});
} catch (const Error&) {  // the first error is the one to tell
}

void write_frame(const io::Api& io, const fs::path& folder, size_t index, const io::Image& image,
                 OldPictures& old) {
  const std::string name = picture_name(index);
  if (old.foreign.contains(name))
    throw Error(DA3_E_INVALID, "writing a frame to \"" + (folder / name).string() +
                                   "\" failed: the file is there and no frame of an earlier run; move it "
                                   "away, or choose another output folder");
  if (index == 0) write_unfinished_list(io, folder, old);
  io.write_image(folder / name, image);
  old.frames.erase(name);
}

void write_list(const io::Api& io, const fs::path& folder, const std::string& of, const Taken& taken) {
  Json frames = Json::array();
  for (size_t i = 0; i < taken.frames.size(); ++i)
    frames.push_back({{"file", picture_name(i)},
                      {"number", taken.frames[i].number},
                      {"seconds", taken.frames[i].seconds}});
  const Json list{{"schema", schema}, {"of", of}, {"shortfall", taken.shortfall}, {"frames", frames}};
  write_json(io, folder, list);
}

/// How many frames the progress counts to; 0: not known.
uint64_t expected_frames(const io::SourceFacts& facts, const io::FrameSelection& selection) {
  if (facts.frames_per_second <= 0 || std::isinf(selection.end)) return static_cast<uint64_t>(facts.frames);
  return static_cast<uint64_t>(
      std::min(static_cast<double>(facts.frames), selection.end * facts.frames_per_second));
}

Taken take(const fs::path& video, const fs::path& folder, const InputFiles& inputs, const FrameJob& job) {
  constexpr const char* stage = "taking frames";
  Taken taken;
  const auto source = job.video_library().open_video(video, job.selection);
  OldPictures old = old_pictures(folder, inputs);
  const uint64_t total = expected_frames(source->facts(), job.selection);
  io::Frame frame;
  try {
    while (source->next(frame)) {
      if (signals::caught() != 0)
        throw Error(DA3_E_CANCELLED, "reading the video \"" + video.string() + "\" was stopped by a signal");
      in_phase(Phase::output, [&] { write_frame(*job.io, folder, taken.frames.size(), frame.image, old); });
      taken.frames.push_back({video, frame.number, frame.seconds});
      job.progress->advance(std::min(static_cast<uint64_t>(frame.number + 1), std::max<uint64_t>(total, 1)),
                            total, stage);
    }
  } catch (...) {
    if (!taken.frames.empty()) write_broken_list(*job.io, folder, old, taken.frames.size());
    throw;
  }
  taken.shortfall = source->shortfall();
  if (!taken.frames.empty()) {
    std::error_code ignored;  // of an earlier run, which would lie between this one's
    for (const std::string& name : old.frames) fs::remove(folder / name, ignored);
    return taken;
  }
  throw Error(DA3_E_INVALID,
              "reading the video \"" + video.string() + "\" failed: " +
                  (taken.shortfall.empty() ? "no frame lies between --start and --end; change them"
                                           : "none of its frames can be decoded; copy it again"));
}

}  // namespace

std::vector<fs::path> TakenFrames::replaced(const std::vector<fs::path>& inputs) const {
  std::vector<fs::path> files;
  for (const fs::path& input : inputs)
    if (const auto found = of_video.find(input); found != of_video.end())
      files.insert(files.end(), found->second.begin(), found->second.end());
    else
      files.push_back(input);
  return files;
}

bool is_video(const fs::path& file, const io::Api& io,
              const std::function<const io::VideoApi&()>& video_library) {
  if (io::has_video_name(file)) return true;
  std::error_code ignored;
  if (io::has_image_name(file) || !fs::is_regular_file(file, ignored) || io.is_image(file)) return false;
  try {
    return video_library().open_video(file, {}) != nullptr;
  } catch (const Error&) {
    return false;  // it is told as an image that cannot be read
  }
}

TakenFrames take_frames(const std::vector<fs::path>& inputs, const FrameJob& job) {
  std::vector<fs::path> videos;
  for (const fs::path& input : inputs)
    if (std::find(videos.begin(), videos.end(), input) == videos.end() &&
        is_video(input, *job.io, job.video_library))
      videos.push_back(input);
  InputFiles files;
  for (const fs::path& input : inputs) files.add(input);
  TakenFrames all;
  FolderNames names;
  for (const fs::path& video : videos) {
    const std::string name = videos.size() == 1 ? "" : names.unique(video.stem().string());
    const auto below = [&](const fs::path& top) { return name.empty() ? top : top / name; };
    fs::path folder = below(job.folder);
    const std::string wanted = identity(video, job.selection);
    Stopwatch watch;
    Taken taken;
    job.progress->begin(0, 0, video.string(), "taking frames");
    try {
      if (job.reuse && !job.earlier.empty() && find_again(below(job.earlier), video, wanted, taken)) {
        folder = below(job.earlier);
      } else if (!job.reuse || !find_again(folder, video, wanted, taken)) {
        taken = in_phase(Phase::input, [&] { return take(video, folder, files, job); });
        in_phase(Phase::output, [&] { write_list(*job.io, folder, wanted, taken); });
      }
    } catch (const PhaseError& error) {
      const bool alone = inputs.size() == 1 || error.phase() != Phase::input;
      if (alone || error.code() == DA3_E_CANCELLED || error.code() == DA3_E_NOMEM_HOST) throw;
      job.progress->end(watch.lap(), "", "no frames");
      log(LogLevel::warn, error.message() + "; it is left out");
      taken.shortfall = error.message();
    }
    all.shortfalls += !taken.shortfall.empty();
    auto& pictures = all.of_video[video];
    for (size_t i = 0; i < taken.frames.size(); ++i) {
      pictures.push_back(folder / picture_name(i));
      all.origin[pictures.back()] = taken.frames[i];
    }
    if (taken.frames.empty()) continue;
    if (!taken.shortfall.empty()) log(LogLevel::warn, taken.shortfall);
    job.progress->end(watch.lap(), std::to_string(taken.frames.size()) + " frames", "");
  }
  if (!inputs.empty() && all.replaced(inputs).empty())
    throw PhaseError(Phase::input, Error(DA3_E_INVALID, "none of the videos gave a frame; see the warnings"));
  return all;
}

}  // namespace da3::host

// SPDX-License-Identifier: Apache-2.0
#include "plot_growth.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>
#include <vector>

#include "svg.hpp"
#include "tables.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double left = 130, width = 560, height = 260, name_gap = 10;

struct Point {
  double views, value;
};
struct Line {
  std::string name;
  std::vector<Point> points;
};

/// All of a case but its views: cases with the same are one line.
std::pair<std::string, std::string> identity_and_name(const Json& one) {
  Json rest = one.at("case");
  rest.erase("views");
  std::string name = text_at(one, "/case/width") + "x" + text_at(one, "/case/height");
  for (const auto& [key, value] : one.at("case").at("settings").items())
    if (key != "backend") name += ", " + key + "=" + value.get<std::string>();
  return {rest.dump(), name};
}

std::vector<Line> lines_of(const Json& cases, const char* place, double unit) {
  std::vector<std::pair<std::string, Line>> groups;
  for (const Json& one : cases) {
    const Json value = at(one, place), views = at(one, "/case/views");
    if (!one.value("ok", false) || !value.is_number() || !views.is_number()) continue;
    if (!(value.get<double>() > 0)) continue;
    const auto [identity, name] = identity_and_name(one);
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&, &id = identity](const auto& known) { return known.first == id; });
    if (group == groups.end()) group = groups.insert(group, {identity, {name, {}}});
    group->second.points.push_back({views.get<double>(), value.get<double>() / unit});
  }
  std::vector<Line> lines;
  for (auto& [identity, line] : groups) {
    std::stable_sort(line.points.begin(), line.points.end(),
                     [](const Point& a, const Point& b) { return a.views < b.views; });
    if (line.points.size() >= 3) lines.push_back(std::move(line));
  }
  return lines;
}

class Panel {
 public:
  Panel(std::string title, std::vector<Line> lines, double y)
      : title_(std::move(title)), lines_(std::move(lines)), y_(y) {
    for (const Line& line : lines_)
      for (const Point& point : line.points) {
        low_ = {std::min(low_.views, point.views), std::min(low_.value, point.value)};
        high_ = {std::max(high_.views, point.views), std::max(high_.value, point.value)};
      }
  }

  std::string draw() const {
    std::string body = svg::text(20, y_ - 14, title_, "font-weight=\"bold\"");
    for (double power = std::pow(10, std::floor(std::log10(low_.value))); power <= high_.value; power *= 10)
      for (const double factor : {1, 2, 5})
        if (const double value = factor * power; value >= low_.value && value <= high_.value)
          body += svg::line({left, y_of(value)}, {left + width, y_of(value)}, "#ddd") +
                  svg::text(left - 6, y_of(value) + 4, number(Json(value), value < 1 ? 1 : 0),
                            "text-anchor=\"end\" fill=\"#555\"");
    std::vector<double> marked;
    for (size_t i = 0; i < lines_.size(); ++i) body += drawn(lines_[i], i, marked);
    return body +
           svg::text(left + width / 2, y_ + height + 36, "views", "text-anchor=\"middle\" fill=\"#555\"");
  }

 private:
  static double share(double value, double low, double high) {
    return high > low ? std::log(value / low) / std::log(high / low) : 0.5;
  }
  double x_of(double views) const { return left + share(views, low_.views, high_.views) * width; }
  double y_of(double value) const { return y_ + height * (1 - share(value, low_.value, high_.value)); }

  std::string drawn(const Line& line, size_t index, std::vector<double>& marked) const {
    const char* colour = svg::colour(index);
    std::vector<svg::Point> curve;
    std::string body;
    for (const Point& point : line.points) {
      const double x = x_of(point.views);
      curve.push_back({x, y_of(point.value)});
      if (std::find(marked.begin(), marked.end(), point.views) != marked.end()) continue;
      marked.push_back(point.views);
      body += svg::text(x, y_ + height + 18, number(Json(point.views), 0),
                        "text-anchor=\"middle\" fill=\"#555\"");
    }
    return body + svg::curve(curve, colour) +
           svg::text(curve.back().x + name_gap, curve.back().y + 4, line.name,
                     "fill=\"" + std::string(colour) + "\"");
  }

  std::string title_;
  std::vector<Line> lines_;
  double y_;
  Point low_{1e300, 1e300}, high_{0, 0};
};

}  // namespace

std::string growth_svg(const Json& cases, double& y) {
  std::string body;
  for (const auto& [title, place, unit] :
       {std::tuple("Milliseconds of a run, by views", "/ms/run/p50", 1.0),
        std::tuple("Resident peak in MiB, by views", "/memory/resident_peak", 1048576.0)}) {
    std::vector<Line> lines = lines_of(cases, place, unit);
    if (lines.empty()) continue;
    y += 44;
    body += Panel(title, std::move(lines), y).draw();
    y += height + 44;
  }
  return body;
}

}  // namespace da3::bench

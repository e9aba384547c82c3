// SPDX-License-Identifier: Apache-2.0
#include "plot.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "plot_growth.hpp"
#include "svg.hpp"
#include "tables.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double name_width = 300, bar_space = 560, margin = 20, row_height = 30, label_width = 110;

/// 1, 2 or 5 times a power of ten, so that the largest value has four to ten steps.
double step_for(double largest) {
  if (!(largest > 0)) return 1;
  const double power = std::pow(10, std::floor(std::log10(largest)));
  for (const double factor : {0.1, 0.2, 0.5, 1.0})
    if (largest / (power * factor) <= 10) return power * factor;
  return power;
}

std::vector<std::string> stage_names(const std::vector<const Json*>& cases) {
  std::vector<std::string> names;
  for (const Json* one : cases)
    for (const auto& [name, summary] : one->at("ms").at("stages").items())
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  return names;
}

class Picture {
 public:
  explicit Picture(const Json& document) : document_(document) {
    for (const Json& one : document.at("cases"))
      if (one.value("ok", false)) cases_.push_back(&one);
    stages_ = stage_names(cases_);
    for (const Json* one : cases_) largest_ = std::max(largest_, run(*one, "p99"));
  }

  std::string draw() {
    body_ +=
        svg::text(margin, y_ += 14, "da3-bench " + document_.value("command", "") + ", milliseconds of a run",
                  "font-size=\"15\" font-weight=\"bold\"");
    body_ += svg::text(margin, y_ += 20, machine_line(document_), "font-size=\"10\" fill=\"#555\"");
    y_ += 14;
    legend();
    bars();
    if (document_.contains("scaling"))
      for (const Json& one : document_.at("scaling")) efficiency(one);
    body_ += growth_svg(document_.at("cases"), y_);
    const double width = name_width + bar_space + label_width + 2 * margin;
    return svg::document(width, y_ + margin, body_);
  }

 private:
  static double run(const Json& one, const char* what) {
    return one.at("ms").at("run").at(what).get<double>();
  }
  double x_of(double milliseconds) const {
    return margin + name_width + (largest_ > 0 ? milliseconds / largest_ * bar_space : 0);
  }

  void legend() {
    double x = margin + name_width;
    for (size_t i = 0; i < stages_.size(); ++i) {
      body_ += svg::box(x, y_, 12, 12, svg::colour(i)) + svg::text(x + 16, y_ + 11, stages_[i]);
      x += 30 + 7.5 * static_cast<double>(stages_[i].size());
    }
    y_ += 26;
  }

  void bars() {
    const double top = y_, bottom = y_ + row_height * static_cast<double>(cases_.size());
    const double step = step_for(largest_);
    for (double at = 0; at <= largest_ * 1.0001; at += step) {
      body_ += svg::line({x_of(at), top - 4}, {x_of(at), bottom}, "#ddd");
      body_ += svg::text(x_of(at), bottom + 14, number(Json(at), step < 1 ? 2 : 0),
                         "text-anchor=\"middle\" fill=\"#555\"");
    }
    for (const Json* one : cases_) bar(*one);
    y_ = bottom + 24;
  }

  void bar(const Json& one) {
    std::string name = one.value("name", "");
    if (name.size() > 48) name = name.substr(0, 45) + "...";
    body_ += svg::text(margin, y_ + 16, name);
    double done = 0;
    const Json& stages = one.at("ms").at("stages");
    for (size_t i = 0; i < stages_.size(); ++i) {
      if (!stages.contains(stages_[i])) continue;
      const double time = stages.at(stages_[i]).at("p50").get<double>();
      body_ += svg::box(x_of(done), y_ + 2, x_of(done + time) - x_of(done), row_height - 10, svg::colour(i));
      done += time;
    }
    if (stages.empty())
      body_ += svg::box(x_of(0), y_ + 2, x_of(run(one, "p50")) - x_of(0), row_height - 10, svg::colour(0));
    const double middle = y_ + row_height / 2 - 3;
    body_ += svg::line({x_of(run(one, "min")), middle}, {x_of(run(one, "p99")), middle}, "black");
    for (const char* tick : {"min", "p99"})
      body_ += svg::line({x_of(run(one, tick)), middle - 4}, {x_of(run(one, tick)), middle + 4}, "black");
    body_ += svg::text(x_of(run(one, "p99")) + 6, y_ + 16, number(Json(run(one, "p50")), 1) + " ms");
    y_ += row_height;
  }

  /// Efficiency of a group over its threads, from 0 to 100 %.
  void efficiency(const Json& one) {
    constexpr double height = 120;
    y_ += 30;
    body_ += svg::text(margin, y_,
                       "Parallel efficiency: " + one.value("name", "") + ", serial part " +
                           number(Json(one.at("serial_share").get<double>() * 100)) + " %",
                       "font-weight=\"bold\"");
    y_ += 12;
    const Json& points = one.at("threads");
    const double most = std::log2(std::max(points.back().at("threads").get<double>(), 2.0));
    const auto x = [&](const Json& at) {
      return margin + name_width + std::log2(at.at("threads").get<double>()) / most * (bar_space - 20);
    };
    const auto y = [&](double share) { return y_ + height * (1 - std::clamp(share, 0.0, 1.1)); };
    for (const double share : {0.0, 0.5, 1.0}) {
      body_ +=
          svg::line({margin + name_width, y(share)}, {margin + name_width + bar_space, y(share)}, "#ddd");
      body_ += svg::text(margin + name_width - 6, y(share) + 4, number(Json(share * 100), 0) + " %",
                         "text-anchor=\"end\" fill=\"#555\"");
    }
    std::vector<svg::Point> curve;
    for (const Json& at : points) {
      curve.push_back({x(at), y(at.at("efficiency").get<double>())});
      body_ +=
          svg::text(x(at), y_ + height + 16, at.at("threads").dump(), "text-anchor=\"middle\" fill=\"#555\"");
    }
    body_ += svg::curve(curve, svg::colour(0));
    body_ += svg::text(margin + name_width + bar_space + 8, y_ + height + 16, "threads", "fill=\"#555\"");
    y_ += height + 22;
  }

  const Json& document_;
  std::vector<const Json*> cases_;
  std::vector<std::string> stages_;
  std::string body_;
  double largest_ = 0, y_ = margin;
};

}  // namespace

std::string plot_svg(const Json& document) { return Picture(document).draw(); }

}  // namespace da3::bench

// SPDX-License-Identifier: Apache-2.0
#include "plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "plot_growth.hpp"
#include "tables.hpp"

namespace da3::bench {
namespace {

using Json = nlohmann::ordered_json;

// Distinguishable also without colour vision, and in grey by their order.
constexpr std::array<const char*, 8> colours{"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                                             "#56b4e9", "#d55e00", "#999999", "#f0e442"};
constexpr double name_width = 300, bar_space = 560, margin = 20, row_height = 30, label_width = 110;

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[512];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

std::string label(double x, double y, const std::string& text, const char* style = "") {
  return format("<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, style) + xml_text(text) + "</text>\n";
}
std::string box(double x, double y, double width, double height, const char* colour) {
  return format("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" fill=\"%s\"/>\n", x, y,
                std::max(width, 0.0), height, colour);
}
std::string line(double x1, double y1, double x2, double y2, const char* colour) {
  return format("<line x1=\"%.2f\" y1=\"%.1f\" x2=\"%.2f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1, y1, x2, y2,
                colour);
}

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

const char* colour_of(size_t index) { return plot_colour(index); }

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
        label(margin, y_ += 14, "da3-bench " + document_.value("command", "") + ", milliseconds of a run",
              "font-size=\"15\" font-weight=\"bold\"");
    body_ += label(margin, y_ += 20, machine_line(document_), "font-size=\"10\" fill=\"#555\"");
    y_ += 14;
    legend();
    bars();
    if (document_.contains("scaling"))
      for (const Json& one : document_.at("scaling")) efficiency(one);
    body_ += growth_svg(document_.at("cases"), y_);
    const double width = name_width + bar_space + label_width + 2 * margin;
    return format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f "
               "%.0f\" "
               "font-family=\"sans-serif\" font-size=\"12\">\n",
               width, y_ + margin, width, y_ + margin) +
           "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n" + body_ + "</svg>\n";
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
      body_ += box(x, y_, 12, 12, colour_of(i)) + label(x + 16, y_ + 11, stages_[i]);
      x += 30 + 7.5 * static_cast<double>(stages_[i].size());
    }
    y_ += 26;
  }

  void bars() {
    const double top = y_, bottom = y_ + row_height * static_cast<double>(cases_.size());
    const double step = step_for(largest_);
    for (double at = 0; at <= largest_ * 1.0001; at += step) {
      body_ += line(x_of(at), top - 4, x_of(at), bottom, "#ddd");
      body_ += label(x_of(at), bottom + 14, number(Json(at), step < 1 ? 2 : 0),
                     "text-anchor=\"middle\" fill=\"#555\"");
    }
    for (const Json* one : cases_) bar(*one);
    y_ = bottom + 24;
  }

  void bar(const Json& one) {
    std::string name = one.value("name", "");
    if (name.size() > 48) name = name.substr(0, 45) + "...";
    body_ += label(margin, y_ + 16, name);
    double done = 0;
    const Json& stages = one.at("ms").at("stages");
    for (size_t i = 0; i < stages_.size(); ++i) {
      if (!stages.contains(stages_[i])) continue;
      const double time = stages.at(stages_[i]).at("p50").get<double>();
      body_ += box(x_of(done), y_ + 2, x_of(done + time) - x_of(done), row_height - 10, colour_of(i));
      done += time;
    }
    if (stages.empty())
      body_ += box(x_of(0), y_ + 2, x_of(run(one, "p50")) - x_of(0), row_height - 10, colour_of(0));
    const double middle = y_ + row_height / 2 - 3;
    body_ += line(x_of(run(one, "min")), middle, x_of(run(one, "p99")), middle, "black");
    for (const char* tick : {"min", "p99"})
      body_ += line(x_of(run(one, tick)), middle - 4, x_of(run(one, tick)), middle + 4, "black");
    body_ += label(x_of(run(one, "p99")) + 6, y_ + 16, number(Json(run(one, "p50")), 1) + " ms");
    y_ += row_height;
  }

  /// Efficiency of a group over its threads, from 0 to 100 %.
  void efficiency(const Json& one) {
    constexpr double height = 120;
    y_ += 30;
    body_ += label(margin, y_,
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
      body_ += line(margin + name_width, y(share), margin + name_width + bar_space, y(share), "#ddd");
      body_ += label(margin + name_width - 6, y(share) + 4, number(Json(share * 100), 0) + " %",
                     "text-anchor=\"end\" fill=\"#555\"");
    }
    std::string path;
    for (const Json& at : points) {
      const double share = at.at("efficiency").get<double>();
      path += format("%s%.1f %.1f ", path.empty() ? "M" : "L", x(at), y(share));
      body_ +=
          format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", x(at), y(share), colour_of(0));
      body_ +=
          label(x(at), y_ + height + 16, at.at("threads").dump(), "text-anchor=\"middle\" fill=\"#555\"");
    }
    body_ += "<path d=\"" + path + "\" fill=\"none\" stroke=\"" + colour_of(0) + "\"/>\n";
    body_ += label(margin + name_width + bar_space + 8, y_ + height + 16, "threads", "fill=\"#555\"");
    y_ += height + 22;
  }

  const Json& document_;
  std::vector<const Json*> cases_;
  std::vector<std::string> stages_;
  std::string body_;
  double largest_ = 0, y_ = margin;
};

}  // namespace

const char* plot_colour(size_t index) { return colours[index % colours.size()]; }

std::string xml_text(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else if (c == '>')
      safe += "&gt;";
    else if (c == '"')
      safe += "&quot;";
    else if (c == '\'')
      safe += "&#39;";
    else if (static_cast<unsigned char>(c) >= ' ')
      safe += c;
  }
  return safe;
}

std::string plot_svg(const Json& document) { return Picture(document).draw(); }

}  // namespace da3::bench

// SPDX-License-Identifier: Apache-2.0
#include "svg.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace da3::bench::svg {
namespace {

// Distinguishable also without colour vision, and in grey by their order.
constexpr std::array<const char*, 8> colours{"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                                             "#56b4e9", "#d55e00", "#999999", "#f0e442"};

template <class... Values>
std::string format(const char* pattern, Values... values) {
  char text[512];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

}  // namespace

const char* colour(size_t index) { return colours[index % colours.size()]; }

std::string escaped(std::string_view text) {
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

std::string text(double x, double y, std::string_view words, const std::string& style) {
  return format("<text x=\"%.1f\" y=\"%.1f\" ", x, y) + style + ">" + escaped(words) + "</text>\n";
}

std::string box(double x, double y, double width, double height, const char* colour) {
  return format("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" fill=\"%s\"/>\n", x, y,
                std::max(width, 0.0), height, colour);
}

std::string line(Point from, Point to, const char* colour) {
  return format("<line x1=\"%.2f\" y1=\"%.1f\" x2=\"%.2f\" y2=\"%.1f\" stroke=\"%s\"/>\n", from.x, from.y,
                to.x, to.y, colour);
}

std::string curve(const std::vector<Point>& points, const char* colour) {
  std::string dots, path;
  for (const Point& point : points) {
    path += format("%s%.1f %.1f ", path.empty() ? "M" : "L", point.x, point.y);
    dots += format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", point.x, point.y, colour);
  }
  return dots + "<path d=\"" + path + "\" fill=\"none\" stroke=\"" + colour + "\"/>\n";
}

std::string document(double width, double height, const std::string& body) {
  return format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f "
             "%.0f\" font-family=\"sans-serif\" font-size=\"12\">\n",
             width, height, width, height) +
         "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n" + body + "</svg>\n";
}

}  // namespace da3::bench::svg

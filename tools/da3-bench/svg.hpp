// SPDX-License-Identifier: Apache-2.0
// The few elements of SVG that the plots are made of. Lengths are pixels, y goes down.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace da3::bench::svg {

struct Point {
  double x, y;
};

/// Of the index-th line or stage; they repeat.
const char* colour(size_t index);

/// Text of XML: the five characters that mean something replaced, others below a space left out.
std::string escaped(std::string_view text);

/// style: further attributes of the element.
std::string text(double x, double y, std::string_view words, const std::string& style = "");
std::string box(double x, double y, double width, double height, const char* colour);
std::string line(Point from, Point to, const char* colour);
/// A line through the points, each with a dot.
std::string curve(const std::vector<Point>& points, const char* colour);
/// A picture of that size, white below body.
std::string document(double width, double height, const std::string& body);

}  // namespace da3::bench::svg

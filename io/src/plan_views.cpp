// SPDX-License-Identifier: Apache-2.0
#include <da3/error.hpp>
#include <da3/io/preprocess.hpp>

#include "image_header.hpp"
#include "resize.hpp"

#include <new>

namespace da3::io {
namespace {

ResizePlan plan_file(const std::filesystem::path& file, const PreprocessOptions& options, size_t index) try {
  if (options.exif_rotation) {
    const Image image = read_image(file, true);
    return plan_resize(image.height, image.width, options, "\"" + file.string() + "\"");
  }
  const std::string what = "reading the image \"" + file.string() + "\"";
  ImageHeader header;
  read_image_file(file, what, header);
  return plan_resize(header.height, header.width, options, "\"" + file.string() + "\"");
} catch (const Error& error) {
  throw Error(error.code(), error.message(), 2, static_cast<int64_t>(index), error.native());
} catch (const std::bad_alloc&) {
  throw Error(DA3_E_NOMEM_HOST,
              "reading the image \"" + file.string() +
                  "\" failed: not enough memory; make the picture smaller or free memory",
              2, static_cast<int64_t>(index));
}

}  // namespace

ViewsPlan plan_views(const std::vector<std::filesystem::path>& files, const PreprocessOptions& options) {
  check_options(options);
  check_counts(files.size(), 0);
  std::vector<ResizePlan::Size> sizes;
  ViewsPlan plan;
  for (size_t i = 0; i < files.size(); ++i) {
    const ResizePlan resize = plan_file(files[i], options, i);
    sizes.push_back(resize.final_size);
    plan.original_sizes.push_back({resize.original.height, resize.original.width});
  }
  const ResizePlan::Size common = common_size(sizes);
  plan.views = static_cast<int64_t>(sizes.size());
  plan.height = common.height;
  plan.width = common.width;
  return plan;
}

}  // namespace da3::io

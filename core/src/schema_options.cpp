// SPDX-License-Identifier: Apache-2.0
// The keys of the core, and those that all hosts share.
#include <da3/schema.hpp>

namespace da3 {

const std::vector<OptionSpec>& core_options() {
  static const auto& options = *new std::vector<OptionSpec>{
      {"backend", "enum{auto}|string|list<string>", "auto",
       "who computes: auto (the best that works here), a name, or a list that is tried in order", Scope::host,
       false, "core"},
      {"device", "enum{auto}|int[0,1023]", "auto", "which of the backend's devices, by index", Scope::host,
       false, "core"},
      {"isolation", "enum{none,process}", "none",
       "process: the backend runs in a process of its own, whose end is an error and not the host's",
       Scope::host, false, "core"},
      {"plugins.path", "path|list<path>", "",
       "folders or files searched for plugins before the installed ones", Scope::host, false, "core"},
      {"plugins.trust", "enum{auto,system,hash,any}", "auto",
       "which plugin files may be loaded: any; system: those that only root or this user can have written; "
       "hash: "
       "those that plugins.sha256.<name> pins, too; auto: system for root, any for others",
       Scope::host, false, "core"},
      {"plugins.scan_seconds", "float[0.1,600]", "15",
       "how long a plugin may take to tell its devices to \"da3-host devices\"", Scope::host, false, "core"},
      {"log.level", "enum{trace,debug,info,warn,error,off}", "warn", "least level of the lines on stderr",
       Scope::host, false, "core"},
  };
  return options;
}

const std::vector<OptionSpec>& host_options() {
  static const auto& options = *new std::vector<OptionSpec>{
      {"model", "path", "", "folder with model.safetensors and config.json", Scope::host, false, "host"},
      {"input", "path|list<path>", "", "images or folders of images", Scope::host, false, "host"},
      {"output", "path", "da3-out", "folder for the results", Scope::host, false, "host"},
      {"format", "string", "npz-depth_vis", "export formats, joined by '-'", Scope::host, false, "host"},
      {"mode", "enum{multiview,independent}", "multiview",
       "whether the images are one scene or one scene each", Scope::host, false, "host"},
      {"process_res", "int[14,16384]", "504", "pixels of the longer (or shorter, see the method) side",
       Scope::host, false, "host"},
      {"process_res_method", "enum{upper_bound_resize,upper_bound_crop,lower_bound_resize,lower_bound_crop}",
       "upper_bound_resize", "how an image is brought to process_res", Scope::host, false, "host"},
  };
  return options;
}

}  // namespace da3

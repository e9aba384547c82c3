// SPDX-License-Identifier: Apache-2.0
// da3-make-checkpoint NAME|CONFIG.json OUTDIR [--outliers]
#include <da3/error.hpp>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <new>
#include <string>

#include "make_checkpoint.hpp"
#include "progress.hpp"

namespace {

enum Exit { ok = 0, failed = 1, usage = 2, output = 4, out_of_memory = 6, signalled = 128 };

volatile std::sig_atomic_t stop_signal = 0;

void on_signal(int number) { stop_signal = number; }

int complain(const std::string& message, int code) {
  std::cerr << "da3-make-checkpoint: " << message << '\n';
  return code;
}

int make(const da3::weights::Recipe& recipe, const std::string& folder) {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  try {
    ProgressDisplay display;
    da3::weights::make_checkpoint(recipe, folder, [&](uint64_t done, uint64_t total) {
      if (stop_signal != 0) throw da3::Error(DA3_E_CANCELLED, "stopped by a signal; nothing was written");
      display.show(done, total);
    });
  } catch (const da3::Error& error) {
    return complain(error.message(), error.code() == DA3_E_CANCELLED ? signalled + stop_signal : output);
  }
  std::cout << folder << '\n';
  return ok;
}

int run(int argc, char** argv) {
  CLI::App app{
      "Makes a Depth Anything 3 checkpoint with deterministic weights, for tests and measurements: the "
      "right\n"
      "shapes and sensible magnitudes, but no trained network."};
  std::string name, folder;
  bool outliers = false;
  app.add_option("model", name,
                 "da3-small, da3-base, da3-large, da3-giant, da3mono-large, da3metric-large, "
                 "da3nested-giant-large, tiny,\n"
                 "tiny-mono, tiny-giant, tiny-nested (each also with -outliers), or a config.json with "
                 "explicit dimensions")
      ->required();
  app.add_option("folder", folder, "where model.safetensors and config.json go (made where needed)")
      ->required();
  app.add_flag("--outliers", outliers, "with the few huge channels that trained backbones have");
  app.set_version_flag("--version", "da3-make-checkpoint " DA3_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ok : usage;
  }
  da3::weights::Recipe recipe;
  try {
    recipe = da3::weights::find_recipe(name);
  } catch (const da3::Error& error) {
    return complain(error.message(), usage);
  }
  recipe.outliers = recipe.outliers || outliers;
  return make(recipe, folder);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc&) {
    return complain("cannot make the checkpoint: out of memory; make a smaller model", out_of_memory);
  } catch (const std::exception& error) {
    return complain(error.what(), failed);
  }
}

// SPDX-License-Identifier: Apache-2.0
#include "loader/engine_loader.hpp"

#define BOOST_DLL_USE_STD_FS
#include <boost/dll/shared_library.hpp>
#include <cstddef>
#include <da3/error.hpp>
#include <map>
#include <mutex>
#include <set>

#include "loader/file_pages.hpp"
#include "loader/libtorch_guard.hpp"

namespace da3::loader {
namespace {

using boost::dll::load_mode::type;

/// DEEPBIND makes LibTorch prefer its own sgemm_ to a BLAS that the process loaded globally. Sanitizers
/// replace malloc by symbol order and refuse it.
type load_mode(const Request& request) {
  auto mode = boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local;
#if !defined(DA3_SANITIZED)
  if (request.deepbind) mode |= boost::dll::load_mode::rtld_deepbind;
#else
  (void)request;
#endif
  return mode;
}

struct Registry {
  std::mutex mutex;
  std::vector<boost::dll::shared_library> libraries;
  std::map<std::filesystem::path, const engine::Table*> tables;
};

/// Leaked: unloading LibTorch crashes, at exit too.
Registry& registry() {
  static auto& keep = *new Registry;
  return keep;
}

[[noreturn]] void fail(const Request& request, int32_t code, const std::string& why) {
  throw Error(code, "engine of backend '" + request.backend + "' (" + request.engine.string() +
                        ") cannot be loaded: " + why);
}

void check_file(const Request& request) {
  std::error_code ignored;
  if (!request.engine.is_absolute())
    fail(request, DA3_E_INVALID, "the path is not absolute; give an absolute one");
  if (!std::filesystem::exists(request.engine, ignored))
    fail(request, DA3_E_NOT_FOUND,
         "there is no such file; build it with -DDA3_PLUGINS=" + request.backend +
             " or install the package that holds it");
  if (!std::filesystem::is_regular_file(request.engine, ignored))
    fail(request, DA3_E_UNAVAILABLE, "it is not a regular file; reinstall it");
}

boost::dll::shared_library open_library(const Request& request, const LibtorchGuard& guard) {
  try {
    return boost::dll::shared_library(request.engine, load_mode(request));
  } catch (const std::exception& e) {
    fail(request, DA3_E_UNAVAILABLE,
         std::string(e.what()) + guard.redirection() + "; reinstall it together with its LibTorch");
  }
}

const engine::Table* enter(const Request& request, boost::dll::shared_library& library) {
  if (!library.has("da3_engine_entry"))
    fail(request, DA3_E_ABI, "it exports no da3_engine_entry, so it is not an engine; reinstall it");
  const auto entry = &library.get<int32_t(const engine::Table**, da3_error*)>("da3_engine_entry");
  char text[4096] = "";
  da3_error error{};
  error.struct_size = sizeof error;
  error.msg = text;
  error.msg_cap = sizeof text;
  const engine::Table* table = nullptr;
  const int32_t code = entry(&table, &error);
  if (code != DA3_OK)
    fail(request, code, *text ? text : "its entry failed and did not say why; reinstall it");
  if (!table) fail(request, DA3_E_ABI, "its entry returned no table; reinstall it");
  return table;
}

void check_table(const Request& request, const engine::Table& table) {
  const bool has_id =
      table.struct_size >= offsetof(engine::Table, build_id) + sizeof table.build_id && table.build_id;
  const std::string build_id = has_id ? table.build_id : "unknown";
  if (build_id != request.build_id)
    fail(request, DA3_E_ABI,
         "it is of another build (" + build_id + ") than the plugin (" + request.build_id +
             "); install plugin and engine together");
  if (table.struct_size < sizeof(engine::Table) || !table.runtime_id)
    fail(request, DA3_E_ABI,
         "its table has " + std::to_string(table.struct_size) + " bytes instead of " +
             std::to_string(sizeof(engine::Table)) + "; install plugin and engine together");
}

}  // namespace

const engine::Table& open_engine(const Request& request) {
  Registry& keep = registry();
  const std::lock_guard lock(keep.mutex);
  if (const auto known = keep.tables.find(request.engine); known != keep.tables.end()) return *known->second;
  check_file(request);
  try {
    const LibtorchGuard guard(request.engine, request.libtorch_folders);
    guard.check_before();
    const std::set<std::filesystem::path> before = mapped_files();
    boost::dll::shared_library library = open_library(request, guard);
    // Kept whatever the checks below find: its constructors have run.
    boost::dll::shared_library& kept = keep.libraries.emplace_back(std::move(library));
    guard.check_after();
    const engine::Table* table = enter(request, kept);
    check_table(request, *table);
    forget_file_pages(before);
    keep.tables[request.engine] = table;
    return *table;
  } catch (const LibtorchConflict& conflict) {
    fail(request, DA3_E_UNAVAILABLE, conflict.what());
  }
}

}  // namespace da3::loader

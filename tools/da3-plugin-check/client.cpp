// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <da3/error.hpp>
#include <mutex>
#include <nlohmann/json.hpp>

namespace da3::check {
namespace {

std::atomic<char*> trace_page{nullptr};
std::mutex trace_mutex;  // checks call from several threads, and half of each name would be no name

void keep(char* place, const std::string& text) {
  const size_t n = std::min(text.size(), trace_failure_at - 1);
  std::memcpy(place, text.data(), n);
  place[n] = '\0';
}

std::string text_or_empty(const char* text) { return text ? text : ""; }

std::string hex(const uint8_t* bytes, size_t n) {
  std::string text;
  for (size_t i = 0; i < n; ++i) {
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return text;
}

}  // namespace

void set_trace(char* page) { trace_page = page; }

void trace(const std::string& what) {
  const std::lock_guard lock(trace_mutex);
  if (char* page = trace_page) keep(page, what);
}

void trace_failure(const std::string& sentence) {
  const std::lock_guard lock(trace_mutex);
  char* page = trace_page;
  if (page && page[trace_failure_at] == '\0') keep(page + trace_failure_at, sentence);
}

std::string shortened(const std::string& text, size_t most) {
  return text.size() <= most ? text : text.substr(0, most) + "...";
}

bool valid_utf8(const std::string& text) {
  try {
    nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

std::string Answer::text() const {
  if (ok()) return what + " answered DA3_OK";
  std::string name = code_name(code);
  if (name == "DA3_E_INTERNAL" && code != DA3_E_INTERNAL) name = "the unknown code " + std::to_string(code);
  return what + " answered " + name + (message.empty() ? "" : ": " + shortened(message));
}

WatchedError::WatchedError() : error_(zeroed<da3_error>()) {
  std::memset(text_, 0x5A, sizeof text_);
  text_[0] = '\0';
  error_.msg = text_;
  error_.msg_cap = capacity;
  error_.code = 12345;
  error_.index = -1;
}

Answer WatchedError::answer(const std::string& what, int32_t code) const {
  Answer answer;
  answer.what = what;
  answer.code = code;
  answer.message = std::string(text_, ::strnlen(text_, capacity));
  answer.kind = error_.kind;
  answer.index = error_.index;
  if (answer.message.size() == capacity) answer.defect = "the sentence is not terminated";
  for (size_t i = capacity; i < sizeof text_; ++i)
    if (text_[i] != 0x5A) answer.defect = "the sentence was written beyond msg_cap";
  if (code == DA3_OK || !answer.defect.empty()) return answer;
  if (code > 0)
    answer.defect = "the code " + std::to_string(code) + " is positive";
  else if (code < DA3_E_NUMERIC && code != DA3_E_INTERNAL)
    answer.defect = "the code is not in the header";
  else if (error_.code != code)
    answer.defect =
        "da3_error.code is " + std::to_string(error_.code) + ", the call returned " + std::to_string(code);
  else if (answer.message.empty())
    answer.defect = "there is no sentence";
  else if (!valid_utf8(answer.message))
    answer.defect = "the sentence is not UTF-8";
  else if (answer.kind < 0 || answer.kind > 4)
    answer.defect = "da3_error.kind is " + std::to_string(answer.kind);
  return answer;
}

void expect_ok(const Answer& answer) {
  if (!answer.ok()) fail(answer.text());
  if (!answer.defect.empty()) fail(answer.text() + ", but " + answer.defect);
}

void expect_refused(const Answer& answer, std::initializer_list<int32_t> codes, int32_t kind, int64_t index) {
  if (answer.ok()) fail(answer.what + " was accepted; it must be refused");
  if (!answer.defect.empty()) fail(answer.text() + "; but " + answer.defect);
  if (codes.size() && std::find(codes.begin(), codes.end(), answer.code) == codes.end()) {
    std::string want;
    for (int32_t code : codes) want += (want.empty() ? "" : " or ") + std::string(code_name(code));
    fail(answer.text() + "; the code must be " + want);
  }
  if (kind != -1 && answer.kind != kind)
    fail(answer.text() + "; da3_error.kind is " + std::to_string(answer.kind) + " and must be " +
         std::to_string(kind));
  if (index != -2 && answer.index != index)
    fail(answer.text() + "; da3_error.index is " + std::to_string(answer.index) + " and must be " +
         std::to_string(index));
}

da3_plugin_entry_fn open_entry(const Context& context) {
  trace("dlopen");
  void* library = ::dlopen(context.plugin.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw SetupFailure{1, std::string("the dynamic linker refused it: ") + ::dlerror()};
  trace("dlsym");
  const auto entry = reinterpret_cast<da3_plugin_entry_fn>(::dlsym(library, "da3_plugin_entry"));
  if (!entry) throw SetupFailure{1, "it has no function da3_plugin_entry; export it"};
  return entry;
}

std::string table_problem(const da3_plugin* table) {
  if (!table) return "entry answered DA3_OK and gave no table";
  constexpr size_t first = offsetof(da3_plugin, extension) + sizeof table->extension;
  if (table->struct_size < first)
    return "struct_size is " + std::to_string(table->struct_size) + ", version 1.0 has " +
           std::to_string(first);
  if (table->struct_size > 65536)
    return "struct_size is " + std::to_string(table->struct_size) + ", which no table has";
  if (table->head_reserved != 0) return "head_reserved is not 0";
  if (table->abi_major != DA3_ABI_MAJOR)
    return "abi_major is " + std::to_string(table->abi_major) + ", but it accepted a host of major " +
           std::to_string(DA3_ABI_MAJOR);
  const std::pair<const char*, bool> required[] = {{"name", table->name},
                                                   {"id", table->id},
                                                   {"version", table->version},
                                                   {"vendor", table->vendor},
                                                   {"license", table->license},
                                                   {"runtime_id", table->runtime_id},
                                                   {"shutdown", table->shutdown},
                                                   {"probe", table->probe},
                                                   {"options", table->options},
                                                   {"optimizer_create", table->optimizer_create},
                                                   {"optimizer_describe", table->optimizer_describe},
                                                   {"optimizer_destroy", table->optimizer_destroy},
                                                   {"model_load", table->model_load},
                                                   {"model_describe", table->model_describe},
                                                   {"model_destroy", table->model_destroy},
                                                   {"session_create", table->session_create},
                                                   {"session_run", table->session_run},
                                                   {"session_destroy", table->session_destroy}};
  for (const auto& [name, there] : required)
    if (!there) return std::string(name) + " is NULL";
  return "";
}

Plugin::Plugin(const Context& context, TestHost& host) {
  const da3_plugin_entry_fn entry = open_entry(context);
  const da3_plugin* given = nullptr;
  const Answer answer = call("da3_plugin_entry", [&](da3_error* error) {
    return entry(DA3_ABI_MAJOR, DA3_ABI_MAJOR, &host.table, &given, error);
  });
  if (!answer.ok()) throw SetupFailure{5, answer.text()};
  if (const std::string problem = table_problem(given); !problem.empty()) throw SetupFailure{58, problem};
  std::memcpy(&table_, given, std::min<size_t>(given->struct_size, sizeof table_));
  entered_ = true;
}

void Plugin::leave() {
  if (!entered_) return;
  entered_ = false;
  call_void("shutdown", [&] { table_.shutdown(); });
}

Plugin::~Plugin() {
  try {
    leave();
  } catch (const Verdict&) {  // told by the checks of shutdown
  }
}

KeyValues::KeyValues(const Values& values, const char* origin) : values_(values) {
  kvs_.reserve(values_.size());
  for (const auto& [key, value] : values_) {
    da3_kv kv = zeroed<da3_kv>();
    kv.key = key.c_str();
    kv.value = value.c_str();
    kv.origin = origin;
    kvs_.push_back(kv);
    pointers_.push_back(&kvs_.back());
  }
}

std::vector<DeviceRow> probe(const da3_plugin& table) {
  std::vector<DeviceRow> rows;
  expect_ok(call("probe", [&](da3_error* error) {
    return table.probe(
        [](void* ctx, const da3_device* d) {
          if (!DA3_HAS(d, da3_device, reason)) return;
          static_cast<std::vector<DeviceRow>*>(ctx)->push_back(
              {d->dl_type, d->dl_id, d->score, d->precisions, d->flags, d->mem_total, d->numa_node,
               text_or_empty(d->name), text_or_empty(d->driver), text_or_empty(d->arch),
               text_or_empty(d->bus), text_or_empty(d->reason), hex(d->uuid, sizeof d->uuid)});
        },
        &rows, error);
  }));
  return rows;
}

std::vector<OptionRow> options(const da3_plugin& table) {
  std::vector<OptionRow> rows;
  expect_ok(call("options", [&](da3_error* error) {
    return table.options(
        [](void* ctx, const da3_option* o) {
          if (!DA3_HAS(o, da3_option, scope)) return;
          static_cast<std::vector<OptionRow>*>(ctx)->push_back({text_or_empty(o->key), text_or_empty(o->type),
                                                                text_or_empty(o->def), text_or_empty(o->help),
                                                                o->deprecated, o->scope});
        },
        &rows, error);
  }));
  return rows;
}

DeviceRow usable_device(const da3_plugin& table) {
  std::string reasons;
  for (const DeviceRow& device : probe(table)) {
    if (device.score > 0) return device;
    reasons += (reasons.empty() ? "" : "; ") + device.name + ": " + device.reason;
  }
  skip("no device can be used here: " + (reasons.empty() ? "probe found none" : reasons));
}

}  // namespace da3::check

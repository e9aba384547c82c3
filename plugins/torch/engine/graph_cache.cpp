// SPDX-License-Identifier: Apache-2.0
#include "engine/graph_cache.hpp"

#include <c10/util/Exception.h>
#include <da3/error.hpp>

#include <algorithm>

namespace da3::engine {

namespace {

/// Keys that are remembered: what was seen once, what cannot be recorded.
constexpr size_t kMostKeys = 64;

at::Tensor own(const at::Tensor& tensor) { return tensor.defined() ? tensor.clone() : tensor; }

void write(at::Tensor& to, const at::Tensor& from) {
  if (to.defined()) to.copy_(from, /*non_blocking=*/true);
}

/// The first line of what happened: LibTorch adds pages.
std::string first_line(const std::exception& error) {
  const auto* torch = dynamic_cast<const c10::Error*>(&error);
  const std::string text = torch ? torch->what_without_backtrace() : error.what();
  return text.substr(0, std::min<size_t>(text.find('\n'), 200));
}

}  // namespace

GraphCache::Entry* GraphCache::find(const void* model, const std::string& key) {
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (it->model != model || it->key != key) continue;
    entries_.splice(entries_.begin(), entries_, it);
    return &entries_.front();
  }
  return nullptr;
}

net::Computed GraphCache::run(const void* model, const std::string& key, const net::NetInputs& inputs,
                              const Compute& compute) {
  const std::lock_guard lock(mutex_);
  Entry* entry = find(model, key);
  if (!entry) {
    // What comes once is not worth a recording; this run also warms up what the device makes at first use.
    net::Computed computed = compute(inputs);
    entries_.push_front({model, key, {}, {}, {}, nullptr});
    if (entries_.size() > kMostKeys) drop(entries_.back()), entries_.pop_back();
    return computed;
  }
  if (!entry->graph && entry->eager_reason.empty()) record(*entry, inputs, compute);
  if (!entry->graph) return compute(inputs);
  write(entry->inputs.image, inputs.image);
  write(entry->inputs.extrinsics, inputs.extrinsics);
  write(entry->inputs.intrinsics, inputs.intrinsics);
  entry->graph->replay();
  return entry->computed;
}

void GraphCache::record(Entry& entry, const net::NetInputs& inputs, const Compute& compute) {
  try {
    compute(inputs);  // once more right before: nothing that is made at first use may be made while recording
    entry.inputs = {own(inputs.image), own(inputs.extrinsics), own(inputs.intrinsics)};
    entry.graph = recorder_.record([&] { entry.computed = compute(entry.inputs); });
    bytes_ += entry.graph->bytes();
    if (!make_room(entry))
      give_up(entry, "its recording holds " + std::to_string(entry.graph->bytes() >> 20) +
                         " MiB, the limit of all is " + std::to_string(limits_.bytes >> 20) + " MiB");
  } catch (const Error& error) {
    if (error.code() == DA3_E_CANCELLED) throw;
    give_up(entry, error.message());
  } catch (const std::exception& error) {
    give_up(entry, first_line(error));
  }
  report();
}

void GraphCache::give_up(Entry& entry, const std::string& reason) {
  drop(entry);
  entry.eager_reason = reason;
}

/// Drops the least recently used recordings until the limits hold. False: this one alone is too large.
bool GraphCache::make_room(const Entry& keep) {
  const auto recorded = [&] {
    return static_cast<size_t>(
        std::count_if(entries_.begin(), entries_.end(), [](const Entry& e) { return e.graph != nullptr; }));
  };
  const auto too_much = [&] {
    return recorded() > limits_.graphs || (limits_.bytes > 0 && bytes_ > limits_.bytes);
  };
  for (auto it = entries_.rbegin(); it != entries_.rend() && too_much(); ++it)
    if (&*it != &keep) drop(*it);
  return !too_much();
}

void GraphCache::drop(Entry& entry) {
  if (entry.graph) bytes_ -= entry.graph->bytes();
  entry.graph.reset();  // before the tensors that it reads and writes
  entry.computed = {};
  entry.inputs = {};
}

void GraphCache::report() {
  size_t recorded = 0, eager = 0;
  const std::string* reason = nullptr;
  for (const Entry& entry : entries_) {
    recorded += entry.graph ? 1 : 0;
    if (entry.eager_reason.empty()) continue;
    ++eager;
    if (!reason) reason = &entry.eager_reason;
  }
  const std::lock_guard lock(report_mutex_);
  report_ = std::to_string(recorded) + " recorded";
  if (reason) report_ += ", " + std::to_string(eager) + " eager: " + *reason;
}

std::string GraphCache::describe() const {
  const std::lock_guard lock(report_mutex_);
  return report_;
}

template <class Which>
uint64_t GraphCache::remove(const Which& which) {
  const std::lock_guard lock(mutex_);
  const uint64_t before = bytes_;
  for (Entry& entry : entries_)
    if (which(entry)) drop(entry);
  entries_.remove_if(which);
  report();
  return before - bytes_;
}

uint64_t GraphCache::clear() {
  return remove([](const Entry&) { return true; });
}

uint64_t GraphCache::forget(const void* model) {
  return remove([model](const Entry& entry) { return entry.model == model; });
}

}  // namespace da3::engine

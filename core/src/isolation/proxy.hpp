// SPDX-License-Identifier: Apache-2.0
// The table of a plugin that lives in a worker: every function sends a message and waits for the answer.
#pragma once

#include <da3/plugin.h>
#include <da3/guard.hpp>

#include "isolation/remote_watch.hpp"
#include "isolation/worker.hpp"

namespace da3::detail::isolation {

/// What a handle of the table is: an object of the worker.
struct Remote {
  Worker* worker;
  uint64_t id;
};

template <class Handle>
Remote& remote(Handle* handle) {
  if (!handle) throw Error(DA3_E_INVALID, "isolation: the handle is NULL; pass one");
  return *reinterpret_cast<Remote*>(handle);
}

template <class Handle>
Handle* new_remote(Worker& worker, const Json& answer) {
  return reinterpret_cast<Handle*>(new Remote{&worker, answer.at("object")});
}

/// As da3::guard; an answer that is not what it should be is the worker's fault.
template <class Body>
int32_t remote_guard(da3_error* error, Body&& body) noexcept {
  return guard(error, [&] {
    try {
      body();
    } catch (const Json::exception& wrong) {
      throw Error(DA3_E_INTERNAL, std::string("isolation: the worker process answered nonsense: ") +
                                      wrong.what() + "; please report it");
    }
  });
}

/// All functions but probe, options, optimizer_create and the names.
da3_plugin proxy_table();

// Runs: proxy_run.cpp.
int32_t DA3_CALL proxy_session_run(da3_session* session, da3_run* run, da3_error* error);
int32_t DA3_CALL proxy_session_submit(da3_session* session, da3_run* run, da3_ticket** out, da3_error* error);
int32_t DA3_CALL proxy_ticket_wait(da3_ticket* ticket, uint64_t timeout_ms, da3_error* error);
int32_t DA3_CALL proxy_estimate(da3_model* model, const da3_run* run, da3_memory* out, da3_error* error);

}  // namespace da3::detail::isolation

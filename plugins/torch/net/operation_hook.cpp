// SPDX-License-Identifier: Apache-2.0
#include "net/operation_hook.hpp"

#include <utility>

namespace da3::net {
namespace {

thread_local const OperationHook* current = nullptr;

}  // namespace

OperationHook::OperationHook(std::function<void()> body) : body_(std::move(body)), outer_(current) {
  current = this;
}

OperationHook::~OperationHook() { current = outer_; }

void OperationHook::call() {
  if (current) current->body_();
}

}  // namespace da3::net

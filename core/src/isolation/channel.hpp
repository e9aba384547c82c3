// SPDX-License-Identifier: Apache-2.0
// Messages between host and worker: a small header, then CBOR; descriptors of shared memory travel beside.
// Pixels never do.
#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

#include "isolation/system.hpp"

namespace da3::detail::isolation {

using Json = nlohmann::json;

struct Message {
  Json body;
  std::vector<Fd> fds;
};

/// One end of the socket.
class Channel {
 public:
  explicit Channel(Fd socket) : socket_(std::move(socket)) {}

  /// False when the other side is gone. [any]
  bool send(const Json& body, std::span<const int> fds = {});

  /// The next message, nothing at the end of the stream. Throws Error(DA3_E_INTERNAL) for what is no message.
  /// [one thread]
  std::optional<Message> receive();

  int fd() const { return socket_.get(); }

 private:
  Fd socket_;
  std::mutex mutex_;
};

}  // namespace da3::detail::isolation

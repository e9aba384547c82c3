// SPDX-License-Identifier: Apache-2.0
#include "isolation/channel.hpp"

#include <cstring>
#include <da3/error.hpp>

namespace da3::detail::isolation {
namespace {

constexpr uint32_t magic = 0x57334144;      // "DA3W"
constexpr uint32_t most_bytes = 64u << 20;  // descriptions and options, no pixels

struct Header {
  uint32_t magic, bytes, fds, reserved;
};

[[noreturn]] void nonsense() {
  throw Error(DA3_E_INTERNAL, "it sent something that is no message; report it to the plugin's author");
}

}  // namespace

bool Channel::send(const Json& body, std::span<const int> fds) {
  std::vector<uint8_t> bytes(sizeof(Header));
  Json::to_cbor(body, bytes);
  if (bytes.size() - sizeof(Header) > most_bytes)
    throw Error(DA3_E_INVALID, "isolation: a message of " + std::to_string(bytes.size()) +
                                   " bytes is too long; use shorter names and options");
  const Header header{magic, static_cast<uint32_t>(bytes.size() - sizeof(Header)),
                      static_cast<uint32_t>(fds.size()), 0};
  std::memcpy(bytes.data(), &header, sizeof header);
  const std::lock_guard lock(mutex_);
  return send_bytes(socket_.get(), bytes.data(), bytes.size(), fds);
}

std::optional<Message> Channel::receive() {
  Header header{};
  Message message;
  if (!receive_bytes(socket_.get(), &header, sizeof header, message.fds)) return std::nullopt;
  if (header.magic != magic || header.bytes > most_bytes || header.fds != message.fds.size()) nonsense();
  std::vector<uint8_t> bytes(header.bytes);
  if (!receive_bytes(socket_.get(), bytes.data(), bytes.size(), message.fds)) return std::nullopt;
  message.body = Json::from_cbor(bytes, true, false);
  if (!message.body.is_object()) nonsense();
  return message;
}

}  // namespace da3::detail::isolation

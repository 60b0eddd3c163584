#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

namespace support {

/// A port on 127.0.0.1 that is taken, so that nobody else gets it. It refuses until it is told to listen.
class Port {
 public:
  Port() : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_, generic, length) != 0 || ::getsockname(socket_, generic, &length) != 0)
      throw std::runtime_error{"no port"};
    number_ = ntohs(address.sin_port);
  }
  ~Port() { ::close(socket_); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  /// Connections are taken, and never answered.
  void listen() const {
    if (::listen(socket_, 16) != 0) throw std::runtime_error{"listen"};
  }
  /// The next client's session, for the caller to close.
  [[nodiscard]] int accept() const { return ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC); }
  [[nodiscard]] std::string text() const { return std::to_string(number_); }

 private:
  int socket_;
  int number_ = 0;
};

}  // namespace support

#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/database.hpp"

namespace support {

/// Passes connections on to the tests' server until a client says a certain text; then something happens to that
/// session, so many times.
class Relay {
 public:
  enum class Fault {
    cut,    ///< the session is cut
    mute,   ///< what was said does not arrive, and no answer comes
    close,  ///< the session is cut, and no other is taken any more
    last,   ///< what was said arrives, and the session is cut when the answer comes
  };

  Relay(std::string text, int times, Fault fault = Fault::cut)
      : text_{std::move(text)},
        left_{times},
        fault_{fault},
        listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, length) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, generic, &length) != 0)
      throw std::runtime_error{"no port"};
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { run(); }};
  }
  ~Relay() {
    constexpr std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t told = ::write(stop_, &one, sizeof one);
    thread_.join();
    for (const auto& link : links_) end(link);
    ::close(stop_);
    if (listener_ >= 0) ::close(listener_);
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  [[nodiscard]] std::string port() const { return std::to_string(port_); }
  /// Without TLS, which would hide the text.
  [[nodiscard]] std::string url(const std::string& database, const std::string& host = "127.0.0.1") const {
    return "postgresql://postgres:" + server().at("SERVER_PASSWORD") + "@" + host + ":" + port() + "/" + database +
           "?sslmode=disable";
  }
  [[nodiscard]] std::string place(const std::string& database) const {
    return "postgres@127.0.0.1:" + port() + "/" + database;
  }
  /// How often it happened.
  [[nodiscard]] int faults() const { return faults_; }

 private:
  struct Link {
    int client;
    int server;
    bool mute = false;
    bool last = false;  ///< the answer does not arrive
  };

  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  static void end(const Link& link) {
    ::close(link.client);
    ::close(link.server);
  }

  void run() {
    for (;;) {
      std::vector<pollfd> watched{{stop_, POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const Link& link : links_) {
        watched.push_back({link.client, POLLIN, 0});
        watched.push_back({link.server, POLLIN, 0});
      }
      ::poll(watched.data(), watched.size(), -1);
      if (watched[0].revents != 0) return;
      for (std::size_t i = links_.size(); i-- > 0;)
        serve(i, watched[2 + 2 * i].revents != 0, watched[3 + 2 * i].revents != 0);
      if (watched[1].revents != 0) accept();
    }
  }

  void serve(std::size_t index, bool asked, bool answered) {
    const bool lives = (!asked || pass_on(links_[index], true)) && (!answered || pass_on(links_[index], false));
    if (lives) return;
    end(links_[index]);
    links_.erase(links_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  void accept() {
    const Link link{::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC),
                    ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_in address = loopback(std::stoi(server().at("SERVER_PORT")));
    const bool open = ::connect(link.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    open ? links_.push_back(link) : end(link);
  }

  /// False when the session is over. Every message of ours comes in one piece.
  bool pass_on(Link& link, bool asked) {
    std::array<char, 1 << 16> bytes{};
    const ssize_t size = ::recv(asked ? link.client : link.server, bytes.data(), bytes.size(), 0);
    if (size <= 0) return false;
    if (link.mute) return true;
    if (link.last && !asked) return false;
    const std::string text{bytes.data(), static_cast<std::size_t>(size)};
    if (asked && left_ > 0 && text.find(text_) != std::string::npos && !harm(link)) return false;
    if (link.mute) return true;
    return ::send(asked ? link.server : link.client, text.data(), text.size(), MSG_NOSIGNAL) == size;
  }

  bool harm(Link& link) {
    --left_;
    ++faults_;
    link.mute = fault_ == Fault::mute;
    link.last = fault_ == Fault::last;
    if (fault_ == Fault::close) {
      ::close(listener_);
      listener_ = -1;
    }
    return link.mute || link.last;
  }

  std::string text_;
  int left_;
  Fault fault_;
  int listener_;
  int stop_ = ::eventfd(0, EFD_CLOEXEC);
  int port_ = 0;
  std::atomic<int> faults_{0};
  std::vector<Link> links_;
  std::thread thread_;
};

}  // namespace support

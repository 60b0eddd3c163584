#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace support {

/// A managed identity's endpoint that behaves as it is told: the n-th request gets the n-th answer, byte for byte, and
/// every later one the last. It refuses until it is opened.
class Endpoint {
 public:
  explicit Endpoint(std::vector<std::string> answers, std::chrono::milliseconds per_byte = {})
      : answers_{std::move(answers)}, per_byte_{per_byte} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, length) != 0 || ::getsockname(listener_, generic, &length) != 0)
      throw std::runtime_error{"no port"};
    port_ = ntohs(address.sin_port);
  }
  ~Endpoint() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    for (const int session : silent_) ::close(session);
    ::close(listener_);
  }
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  void open() {
    if (::listen(listener_, 64) != 0) throw std::runtime_error{"listen"};
    thread_ = std::thread{[this] { serve(); }};
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/msi/token"; }
  [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<std::string> requests() const {
    const std::scoped_lock lock{mutex_};
    return requests_;
  }

  static std::string answer(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status +
           "\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  static std::string token(const std::string& text) {
    return answer("200 OK", R"({"access_token":")" + text +
                                R"(","expires_on":"1586984735","resource":"https://ossrdbms-aad.database.windows.net",)"
                                R"("token_type":"Bearer","client_id":"11111111-2222-3333-4444-555555555555"})");
  }
  /// The connection stays open, and nothing is said.
  static constexpr const char* silence = "silence";

 private:
  void serve() {
    for (;;) {
      const int session = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (session < 0) return;
      const std::string text = next(request(session));
      if (text == silence) {
        silent_.push_back(session);
        continue;
      }
      say(session, text);
      ::close(session);
    }
  }
  void say(int session, const std::string& text) const {
    const std::size_t piece = per_byte_.count() > 0 ? 1 : text.size();
    for (std::size_t at = 0; at < text.size(); at += piece) {
      if (::send(session, text.data() + at, piece, MSG_NOSIGNAL) < 0) return;
      std::this_thread::sleep_for(per_byte_);
    }
  }
  static std::string request(int session) {
    std::string text;
    std::array<char, 4096> part{};
    while (text.find("\r\n\r\n") == std::string::npos) {
      const ssize_t length = ::recv(session, part.data(), part.size(), 0);
      if (length <= 0) break;
      text.append(part.data(), static_cast<std::size_t>(length));
    }
    return text;
  }
  std::string next(const std::string& request) {
    const std::scoped_lock lock{mutex_};
    requests_.push_back(request);
    return answers_[std::min(requests_.size(), answers_.size()) - 1];
  }

  int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int port_ = 0;
  std::vector<std::string> answers_;
  std::chrono::milliseconds per_byte_;
  std::thread thread_;
  std::vector<int> silent_;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
};

}  // namespace support

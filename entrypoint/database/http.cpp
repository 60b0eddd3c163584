#include "database/http.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <sstream>
#include <string_view>

#include "database/lookup.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t most_bytes = 65536;

[[noreturn]] void fail(int error) { throw HttpFailed{std::strerror(error)}; }

class Socket {
 public:
  explicit Socket(const addrinfo& address)
      : descriptor_{::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)} {
    if (descriptor_ < 0) fail(errno);
  }
  ~Socket() { ::close(descriptor_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void connect(const addrinfo& address, const Wait& wait, Clock::time_point end) const {
    if (::connect(descriptor_, address.ai_addr, address.ai_addrlen) == 0) return;
    if (errno != EINPROGRESS) fail(errno);
    await(Until::writable, wait, end);
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) fail(error);
  }

  void send(std::string_view text, const Wait& wait, Clock::time_point end) const {
    while (!text.empty()) {
      await(Until::writable, wait, end);
      const ssize_t sent = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) fail(errno);
      if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  /// 0 at the end of the stream.
  std::size_t receive(void* space, std::size_t size, const Wait& wait, Clock::time_point end) const {
    for (;;) {
      await(Until::readable, wait, end);
      const ssize_t length = ::recv(descriptor_, space, size, 0);
      if (length >= 0) return static_cast<std::size_t>(length);
      if (errno != EAGAIN) fail(errno);
    }
  }

 private:
  void await(Until state, const Wait& wait, Clock::time_point end) const {
    if (!wait.on(descriptor_, state, end)) throw HttpFailed{"no answer in time"};
  }

  int descriptor_;
};

std::string request_text(const HttpAddress& address, const std::vector<std::pair<std::string, std::string>>& headers) {
  http::request<http::empty_body> request{http::verb::get, address.path, 11};
  request.set(http::field::host, address.authority);
  request.set(http::field::connection, "close");
  for (const auto& [name, value] : headers) request.set(name, value);
  std::ostringstream text;
  text << request;
  return text.str();
}

HttpAnswer read_answer(const Socket& socket, const Wait& wait, Clock::time_point end) {
  http::response_parser<http::string_body> parser;
  parser.eager(true);
  parser.body_limit(most_bytes);
  beast::flat_buffer buffer;
  while (!parser.is_done()) {
    const auto space = buffer.prepare(most_bytes / 16);
    const std::size_t length = socket.receive(space.data(), space.size(), wait, end);
    buffer.commit(length);
    if (length == 0 && !parser.got_some()) throw HttpFailed{"hung up without an answer"};
    beast::error_code error;
    if (length == 0)
      parser.put_eof(error);
    else
      buffer.consume(parser.put(buffer.data(), error));
    if (error && error != http::error::need_more) throw HttpFailed{"not an answer in HTTP: " + error.message()};
  }
  return {parser.get().result_int(), parser.get().body()};
}

HttpAnswer exchange(const addrinfo& target, const std::string& request, const Wait& wait, Clock::time_point end) {
  const Socket socket{target};
  socket.connect(target, wait, end);
  socket.send(request, wait, end);
  return read_answer(socket, wait, end);
}

using Target = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// Of a numeric address.
Target target(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list); error != 0)
    throw HttpFailed{::gai_strerror(error)};
  return {list, &::freeaddrinfo};
}

}  // namespace

HttpAddress parse_http(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  if (!text.starts_with(scheme)) throw std::invalid_argument{"it does not begin with http://"};
  text.remove_prefix(scheme.size());
  const std::string_view authority = text.substr(0, text.find_first_of("/?"));
  const std::string path{text.substr(authority.size())};
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (authority.empty() || contains(authority, '@') || bracket == std::string_view::npos)
    throw std::invalid_argument{"it has no host"};
  const std::size_t colon = authority.find(':', bracket);
  const std::string_view host = bracket == 0 ? authority.substr(0, colon) : authority.substr(1, bracket - 1);
  const std::string port{colon == std::string_view::npos ? "80" : authority.substr(colon + 1)};
  if (host.empty() || !whole_number(port)) throw std::invalid_argument{"it has no host or a wrong port"};
  return {std::string{authority}, std::string{host}, port, path.starts_with('/') ? path : "/" + path};
}

HttpAnswer http_get(const HttpAddress& address, const std::vector<std::pair<std::string, std::string>>& headers,
                    const Wait& wait, Clock::time_point end) {
  const std::string request = request_text(address, headers);
  const Lookup lookup = look_up(address.host, wait, end);
  if (!lookup.error.empty())
    throw HttpFailed{"the host name \"" + address.host + "\" cannot be resolved: " + lookup.error};
  for (const std::string& host : lookup.addresses) try {
      return exchange(*target(host, address.port), request, wait, end);
    } catch (const HttpFailed&) {
      // localhost is two addresses, and hardly anybody listens on both.
      if (&host == &lookup.addresses.back()) throw;
    }
  throw HttpFailed{"the host name \"" + address.host + "\" has no address"};
}

}  // namespace schemagate

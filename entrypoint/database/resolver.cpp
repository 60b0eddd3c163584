#include "database/resolver.hpp"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <sstream>
#include <string_view>

#include "text.hpp"

namespace schemagate {
namespace {

// Of one answer; a server that has more to say is asked by TCP (RFC 1035).
constexpr std::size_t most_bytes = 65536;

bool is_same_name(std::string_view one, std::string_view other) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(one, other, {}, lower, lower);
}

/// hosts(5): an address and its names.
std::vector<std::string> in_hosts(std::string_view host) {
  std::vector<std::string> found;
  std::ifstream file{"/etc/hosts"};
  for (std::string line; std::getline(file, line);) {
    std::istringstream words{std::string{cut(line, '#').first}};
    std::string address;
    words >> address;
    for (std::string name; words >> name;)
      if (is_same_name(name, host) && numeric_host(address).error.empty()) found.push_back(address);
  }
  return found;
}

/// RFC 6761: nobody is asked for it.
std::vector<std::string> loopback(std::string_view host) {
  const bool is_local = is_same_name(host, "localhost") || is_same_name(host, "localhost.");
  return is_local ? std::vector<std::string>{"::1", "127.0.0.1"} : std::vector<std::string>{};
}

/// Reads /etc/resolv.conf, each time anew, and RES_OPTIONS and LOCALDOMAIN.
class Resolver {
 public:
  Resolver() { is_ready_ = ::res_ninit(&state_) == 0; }
  ~Resolver() {
    if (is_ready_) ::res_nclose(&state_);
  }
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// The addresses that the records of the type hold; else error() says why there are none.
  std::vector<std::string> records(const std::string& host, ns_type type) {
    std::vector<unsigned char> answer(most_bytes);
    const int length =
        is_ready_ ? ::res_nsearch(&state_, host.c_str(), ns_c_in, type, answer.data(), static_cast<int>(answer.size()))
                  : -1;
    error_ = is_ready_ ? state_.res_h_errno : NO_RECOVERY;
    ns_msg message{};
    if (length < 0 || ::ns_initparse(answer.data(), std::min(length, static_cast<int>(answer.size())), &message) != 0)
      return {};
    return addresses(message, type);
  }
  /// As netdb.h counts them.
  [[nodiscard]] int error() const { return error_; }

 private:
  static std::vector<std::string> addresses(ns_msg& message, ns_type type) {
    std::vector<std::string> found;
    const std::size_t size = type == ns_t_a ? sizeof(in_addr) : sizeof(in6_addr);
    for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
      ns_rr record{};
      std::array<char, INET6_ADDRSTRLEN> text{};
      if (::ns_parserr(&message, ns_s_an, i, &record) != 0) break;
      if (ns_rr_type(record) == type && ns_rr_rdlen(record) == size &&
          ::inet_ntop(type == ns_t_a ? AF_INET : AF_INET6, ns_rr_rdata(record), text.data(), text.size()) != nullptr)
        found.emplace_back(text.data());
    }
    return found;
  }

  struct __res_state state_ {};
  bool is_ready_ = false;
  int error_ = 0;
};

std::string words_for(int error) {
  if (error == TRY_AGAIN) return ::gai_strerror(EAI_AGAIN);
  if (error == NO_RECOVERY) return ::gai_strerror(EAI_FAIL);
  return ::gai_strerror(error == NO_DATA ? EAI_NODATA : EAI_NONAME);
}

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

AddressList parsed(const std::string& address, const char* port, int& error) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  error = ::getaddrinfo(address.c_str(), port, &hints, &list);
  return {error == 0 ? list : nullptr, &::freeaddrinfo};
}

/// Whether a packet would find a way, which connecting by UDP asks the kernel without sending one.
bool has_route(const std::string& address) {
  int error = 0;
  const AddressList list = parsed(address, "9", error);
  if (!list) return false;
  const int descriptor = ::socket(list->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool is_found = descriptor >= 0 && ::connect(descriptor, list->ai_addr, list->ai_addrlen) == 0;
  if (descriptor >= 0) ::close(descriptor);
  return is_found;
}

Lookup in_order(std::vector<std::string> addresses) {
  const auto is_v6 = [](const std::string& address) { return contains(address, ':'); };
  std::stable_partition(addresses.begin(), addresses.end(), is_v6);
  std::stable_partition(addresses.begin(), addresses.end(), has_route);
  return {std::move(addresses), {}};
}

}  // namespace

Lookup numeric_host(const std::string& host) {
  int error = 0;
  const AddressList list = parsed(host, nullptr, error);
  if (!list) return {{}, ::gai_strerror(error)};
  std::array<char, NI_MAXHOST> text{};
  ::getnameinfo(list->ai_addr, list->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return {{text.data()}, {}};
}

Lookup resolve_host(const std::string& host) {
  std::vector<std::string> found = in_hosts(host);
  if (found.empty()) found = loopback(host);
  if (!found.empty()) return in_order(std::move(found));
  Resolver resolver;
  found = resolver.records(host, ns_t_aaaa);
  int error = resolver.error();
  for (std::string& address : resolver.records(host, ns_t_a)) found.push_back(std::move(address));
  // A name that has addresses of the other family only is known all the same.
  if (error == HOST_NOT_FOUND || error == NO_DATA) error = resolver.error();
  if (found.empty()) return {{}, words_for(error)};
  return in_order(std::move(found));
}

}  // namespace schemagate

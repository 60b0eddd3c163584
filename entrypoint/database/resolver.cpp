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

  /// What the host may stand for, in the order of the search (resolv.conf(5), search and ndots).
  [[nodiscard]] std::vector<std::string> names(const std::string& host) const {
    std::vector<std::string> result;
    if (!host.ends_with('.'))
      for (const char* const* domain = &state_.dnsrch[0]; *domain != nullptr; ++domain)
        result.push_back(host + "." + *domain);
    const bool is_first = std::ranges::count(host, '.') >= static_cast<long>(state_.ndots);
    result.insert(is_first ? result.begin() : result.end(), host);
    return result;
  }
  /// The addresses that the records of the type hold; else error() says why there are none.
  std::vector<std::string> records(const std::string& name, ns_type type) { return asked(::res_nquery, name, type); }
  /// The same of the first of all names() that has some.
  std::vector<std::string> search(const std::string& host, ns_type type) { return asked(::res_nsearch, host, type); }

  /// As netdb.h counts them.
  [[nodiscard]] int error() const { return error_; }
  /// The servers would be as silent when they are asked for another name. A failure of theirs concerns its domain.
  [[nodiscard]] bool is_unanswered() const { return (error_ == TRY_AGAIN || error_ == NO_RECOVERY) && !has_failed_; }

 private:
  using Ask = int (*)(res_state, const char*, int, int, unsigned char*, int);

  std::vector<std::string> asked(Ask ask, const std::string& host, ns_type type) {
    std::vector<unsigned char> answer(most_bytes);
    const int room = static_cast<int>(answer.size());
    const int length = is_ready_ ? ask(&state_, host.c_str(), ns_c_in, type, answer.data(), room) : -1;
    error_ = is_ready_ ? state_.res_h_errno : NO_RECOVERY;
    has_failed_ = (answer[3] & 0x0fU) == ns_r_servfail;
    ns_msg message{};
    if (length < 0 || ::ns_initparse(answer.data(), std::min(length, room), &message) != 0) return {};
    return addresses(message, type);
  }

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
  bool has_failed_ = false;
  int error_ = 0;
};

/// Both families of one name, as getaddrinfo() asks for them: a search for each could end at two names, which are two
/// hosts, and would wait for the servers of domains that come after the right one.
std::vector<std::string> by_servers(Resolver& resolver, const std::string& host) {
  for (const std::string& name : resolver.names(host)) {
    std::vector<std::string> found = resolver.records(name, ns_t_a);
    if (found.empty() && resolver.is_unanswered()) return {};
    for (std::string& address : resolver.records(name, ns_t_aaaa)) found.push_back(std::move(address));
    if (!found.empty()) return found;
  }
  // Of a long list of domains names() knows the first six only.
  return resolver.search(host, ns_t_a);
}

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
  found = by_servers(resolver, host);
  if (found.empty()) return {{}, words_for(resolver.error())};
  return in_order(std::move(found));
}

}  // namespace schemagate

#include "server/accounts.hpp"

#include <pwd.h>

#include <cstdio>
#include <memory>

namespace schemagate {
namespace {

template <typename Wanted>
std::optional<Account> find_account(Wanted wanted) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen("/etc/passwd", "re"), &std::fclose};
  if (!file) return std::nullopt;
  while (const passwd* entry = ::fgetpwent(file.get()))  // NOLINT(concurrency-mt-unsafe)
    if (wanted(*entry)) return Account{entry->pw_name, entry->pw_uid, entry->pw_gid};
  return std::nullopt;
}

}  // namespace

std::optional<Account> account_named(const std::string& name) {
  return find_account([&name](const passwd& entry) { return name == entry.pw_name; });
}

std::optional<Account> account_of(uid_t user) {
  return find_account([user](const passwd& entry) { return entry.pw_uid == user; });
}

}  // namespace schemagate

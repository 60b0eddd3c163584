#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace schemagate {

/// A line of /etc/passwd, which is read without NSS: its modules are the image's, built for another glibc.
struct Account {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
};

[[nodiscard]] std::optional<Account> account_named(const std::string& name);
[[nodiscard]] std::optional<Account> account_of(uid_t user);

}  // namespace schemagate

#pragma once

#include <optional>
#include <string>

#include "schema/keeper.hpp"

namespace schemagate {

/// A new folder for a server, locked as long as this process or one that it forked lives. The keeper removes it.
class Workplace {
 public:
  /// In TMPDIR, or in /tmp where a socket's path would become too long. Owned by `account`, open to nobody else.
  /// Removes what earlier ones left that were killed together with their keeper. Throws Failure 78.
  Workplace(const std::optional<std::string>& temporary, const std::optional<Account>& account);
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int lock() const { return lock_; }
  /// A file that only the account can read; returns its path.
  [[nodiscard]] std::string secret(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
  std::optional<Account> account_;
  int lock_ = -1;
};

}  // namespace schemagate

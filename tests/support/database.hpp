#pragma once

#include <map>
#include <string>
#include <vector>

namespace support {

/// What tests/server wrote: SERVER_PORT, SERVER_PASSWORD, SERVER_LOG, SERVER_CA, …
const std::map<std::string, std::string>& server();

/// A database of its own for a test case; dropped at its end, whoever is still connected.
class Database {
 public:
  Database();
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  /// As the superuser `postgres`; `parameters` like `?schema=app`.
  [[nodiscard]] std::string url(const std::string& parameters = "") const;
  /// As another role, whose password is the same.
  [[nodiscard]] std::string url_as(const std::string& role, const std::string& parameters = "") const;
  /// `postgres@127.0.0.1:PORT/NAME`, as our messages name it.
  [[nodiscard]] std::string place() const;

  /// Creates a login role with the server's password; named for this database, dropped with it.
  std::string role(const std::string& suffix, const std::string& options = "");

  /// Rows as `a|b`, NULL as empty. Throws when the server refuses.
  std::vector<std::string> query(const std::string& sql) const;
  /// The one value of one row.
  std::string value(const std::string& sql) const;
  /// `name|finished|rolled back|steps|logs` of each history row, by started_at.
  std::vector<std::string> history(const std::string& schema = "public") const;
  /// Every statement the server logged for this database by sessions whose application_name starts with `application`.
  std::vector<std::string> statements(const std::string& application = "schemagate") const;

 private:
  std::string name_;
  std::vector<std::string> roles_;
};

}  // namespace support

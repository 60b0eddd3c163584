#include "support/database.hpp"

#include <unistd.h>

#include <atomic>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "database/connect.hpp"
#include "support/process.hpp"

namespace support {
namespace {

using schemagate::Attempt;
using schemagate::Clock;
using schemagate::Connection;
using schemagate::Wait;

Connection open(const std::string& database) {
  Attempt attempt{{{"host", "127.0.0.1"},
                   {"port", server().at("SERVER_PORT")},
                   {"user", "postgres"},
                   {"password", server().at("SERVER_PASSWORD")},
                   {"dbname", database},
                   {"application_name", "the test"}}};
  const Wait wait = Wait::undisturbed();
  if (!attempt.complete(wait, Clock::now() + std::chrono::seconds{20})) throw std::runtime_error{attempt.error()};
  return attempt.connection(wait);
}

std::string joined(const schemagate::Row& row) {
  std::string text;
  for (std::size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : "|") + row[i].value_or("");
  return text;
}

}  // namespace

const std::map<std::string, std::string>& server() {
  static const auto settings = [] {
    std::map<std::string, std::string> found;
    std::ifstream stream{build_folder() + "/server/settings"};
    if (!stream) throw std::runtime_error{"no server: tests/server start was not run"};
    for (std::string line; std::getline(stream, line);)
      found[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
    return found;
  }();
  return settings;
}

Database::Database() {
  static std::atomic<int> number{0};
  name_ = "t" + std::to_string(::getpid()) + "_" + std::to_string(++number);
  open("postgres").bare("CREATE DATABASE " + name_);
}

Database::~Database() {
  try {
    Connection connection = open("postgres");
    connection.bare("DROP DATABASE " + name_ + " WITH (FORCE)");
    for (const std::string& role : roles_) connection.bare("DROP ROLE " + role);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the server goes away after the tests anyway
  }
}

std::string Database::url(const std::string& parameters) const { return url_as("postgres", parameters); }

std::string Database::url_as(const std::string& role, const std::string& parameters) const {
  return "postgresql://" + role + ":" + server().at("SERVER_PASSWORD") + "@127.0.0.1:" + server().at("SERVER_PORT") +
         "/" + name_ + parameters;
}

std::string Database::place() const { return "postgres@127.0.0.1:" + server().at("SERVER_PORT") + "/" + name_; }

std::string Database::role(const std::string& suffix, const std::string& options) {
  roles_.push_back(name_ + "_" + suffix);
  query("CREATE ROLE " + roles_.back() + " LOGIN PASSWORD '" + server().at("SERVER_PASSWORD") + "' " + options);
  return roles_.back();
}

std::vector<std::string> Database::query(const std::string& sql) const {
  std::vector<std::string> rows;
  const schemagate::Reply reply = open(name_).bare(sql);
  if (reply.error) throw schemagate::QueryFailed{*reply.error};
  if (reply.results.empty()) return rows;
  for (const auto& row : reply.results.back()) rows.push_back(joined(row));
  return rows;
}

std::string Database::value(const std::string& sql) const {
  const std::vector<std::string> rows = query(sql);
  return rows.empty() ? "" : rows[0];
}

std::vector<std::string> Database::history(const std::string& schema) const {
  return query(
      "SELECT migration_name, finished_at IS NOT NULL, rolled_back_at IS NOT NULL, applied_steps_count, logs FROM \"" +
      schema + "\"._prisma_migrations ORDER BY started_at, migration_name");
}

/// A logged statement may span lines; the following ones begin with a tab.
std::vector<std::string> Database::statements(const std::string& application) const {
  std::vector<std::string> found;
  std::ifstream stream{server().at("SERVER_LOG")};
  const std::string prefix = name_ + "|" + application;
  bool ours = false;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("\t")) {
      if (ours) found.back() += "\n" + line.substr(1);
      continue;
    }
    const std::size_t at = line.find("LOG:  statement: ");
    ours = line.starts_with(prefix) && at != std::string::npos;
    if (ours) found.push_back(line.substr(at + 17));
  }
  return found;
}

}  // namespace support

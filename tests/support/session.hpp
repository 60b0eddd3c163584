#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "database/connect.hpp"
#include "support/database.hpp"

namespace support {

/// A session that stays open: somebody else who is in the way.
class Session {
 public:
  explicit Session(const std::string& database, const std::string& role = "postgres",
                   const std::string& application = "somebody")
      : connection_{open({{"host", "127.0.0.1"},
                          {"port", server().at("SERVER_PORT")},
                          {"user", role},
                          {"password", server().at("SERVER_PASSWORD")},
                          {"dbname", database},
                          {"application_name", application}})} {}
  explicit Session(const schemagate::Keywords& keywords) : connection_{open(keywords)} {}

  std::string value(const std::string& sql) {
    const schemagate::Reply reply = connection_.bare(sql);
    if (reply.error) throw schemagate::QueryFailed{*reply.error};
    const bool none = reply.results.empty() || reply.results.back().empty() || reply.results.back()[0].empty();
    return none ? "" : reply.results.back()[0][0].value_or("");
  }
  /// Without waiting for the answer.
  void begin(const std::string& sql) { connection_.ask_bare(sql); }

 private:
  static schemagate::Connection open(const schemagate::Keywords& keywords) {
    schemagate::Attempt attempt{keywords};
    const schemagate::Wait wait = schemagate::Wait::undisturbed();
    if (!attempt.complete(wait, schemagate::Clock::now() + std::chrono::seconds{20}))
      throw std::runtime_error{attempt.error()};
    return attempt.connection(wait);
  }

  schemagate::Connection connection_;
};

}  // namespace support

#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <string>

#include "support/folder.hpp"
#include "support/process.hpp"
#include "support/session.hpp"

namespace support {

/// A server of a test's own, to be stopped and started again.
class SecondServer {
 public:
  SecondServer() {
    control("start");
    std::ifstream stream{folder_.path() + "/settings"};
    for (std::string line; std::getline(stream, line);)
      settings_[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
    // Its password would escape the search for secrets in the output, which knows the other server's.
    Session{keywords()}.value("ALTER ROLE postgres PASSWORD '" + server().at("SERVER_PASSWORD") + "'");
    settings_["SERVER_PASSWORD"] = server().at("SERVER_PASSWORD");
  }
  ~SecondServer() { run({script(), "stop", folder_.path()}, variables()); }
  SecondServer(const SecondServer&) = delete;
  SecondServer& operator=(const SecondServer&) = delete;

  [[nodiscard]] const std::string& at(const std::string& name) const { return settings_.at(name); }
  [[nodiscard]] std::string url() const {
    return "postgresql://postgres:" + at("SERVER_PASSWORD") + "@127.0.0.1:" + at("SERVER_PORT") + "/postgres";
  }
  [[nodiscard]] std::string place() const { return "postgres@127.0.0.1:" + at("SERVER_PORT") + "/postgres"; }
  [[nodiscard]] schemagate::Keywords keywords() const {
    return {{"host", "127.0.0.1"},
            {"port", at("SERVER_PORT")},
            {"user", "postgres"},
            {"password", at("SERVER_PASSWORD")},
            {"dbname", "postgres"}};
  }

  [[nodiscard]] const std::string& folder() const { return folder_.path(); }
  /// Waits for the sessions that are there.
  void down() const { control("down"); }
  /// Returns before it answers.
  void up() const { control("up"); }
  /// The next start stays "starting up" as long as the file that is returned exists.
  [[nodiscard]] std::string hold_start() const {
    const std::string data = at("SERVER_DATA");
    std::string file = data + "/hold";
    std::ofstream{file}.close();
    std::ofstream{data + "/postgresql.conf", std::ios::app}
        << "hot_standby = off\nrestore_command = 'while [ -e hold ]; do sleep 0.1; done; false'\n";
    std::ofstream{data + "/recovery.signal"}.close();
    return file;
  }

 private:
  static std::string script() { return SCHEMAGATE_SOURCE "/tests/server"; }
  static Variables variables() { return {{"PG_BIN", server().at("SERVER_BIN")}}; }
  void control(const std::string& action) const {
    const Ran ran = run({script(), action, folder_.path()}, variables());
    REQUIRE_MESSAGE(ran.code == 0, ran.err);
  }

  Folder folder_;
  std::map<std::string, std::string> settings_;
};

}  // namespace support

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "database/url.hpp"
#include "log.hpp"
#include "server/environment.hpp"
#include "wait.hpp"

namespace schemagate {

struct ThrowawayOptions {
  std::string programs;     ///< --pg-bin: the folder of initdb and postgres; empty looks for it
  bool listens = false;     ///< on 127.0.0.1, with a password; otherwise only on a private socket
  std::optional<int> port;  ///< to listen on; a free one when not given
};

/// A PostgreSQL of our own in a folder of its own: fast and unsafe settings, unprivileged user, gone with its folder
/// when this ends or this process is killed; what a killed machine left is removed by the next one.
class Throwaway {
 public:
  /// Starts it and waits until it answers. Throws Failure 78 (no initdb and postgres found, no user to run as root,
  /// port taken), 69 (it did not start: the last lines of its log), 75 (deadline); Stopped while signals are held. As
  /// long as it lives, this process has no PG* variables: libpq would prefer some of them to what url() says.
  Throwaway(const ThrowawayOptions& options, const Environment& environment, const Wait& wait, const Log& log);
  ~Throwaway();
  Throwaway(const Throwaway&) = delete;
  Throwaway& operator=(const Throwaway&) = delete;

  /// Of an empty database, as the superuser.
  [[nodiscard]] std::string url() const;
  [[nodiscard]] int major() const;
  /// Leaves server and folder behind when this ends (--keep); returns the command that stops and removes both.
  [[nodiscard]] std::string keep();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace schemagate

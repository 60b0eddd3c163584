#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemagate {

/// Ours alone: whatever happens, the program never gets them.
inline constexpr std::array own_secrets{"SCHEMAGATE_DATABASE_URL", "SCHEMAGATE_DATABASE_URL_FILE",
                                        "SCHEMAGATE_DATABASE_URL_COMMAND"};

/// The process environment as it was given: byte for byte, duplicates and order included.
class Environment {
 public:
  /// `strings` is main's third argument: our own memory, which /proc/PID/environ shows to others.
  explicit Environment(char** strings);

  /// The first entry of that name, as getenv would; empty values count as absent.
  [[nodiscard]] std::optional<std::string> value(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> entries() const;
  [[nodiscard]] std::vector<std::string> names_with_prefix(std::string_view prefix) const;

  /// Takes the entry out of what the program gets and overwrites the original bytes: unsetenv alone would leave them
  /// readable in /proc/PID/environ.
  void wipe(std::string_view name);
  /// The same for all that leads to the operator's database: our own secrets, DATABASE_URL, and copies of what masked()
  /// hides under another name of a secret, but the managed identity's. What libpq reads is only taken out.
  void wipe_connections();

  /// For execve: what is left, without our own secrets, ended by a null pointer. Valid as long as this.
  [[nodiscard]] std::vector<char*> block() const;

 private:
  template <typename Chosen>
  void wipe_if(Chosen chosen);

  std::vector<char*> strings_;
};

}  // namespace schemagate

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "failure.hpp"
#include "terminal.hpp"

namespace spdlog {
class logger;
}

namespace schemagate {

enum class LogFormat { text, json, silent };

/// What a JSON line carries beside its message.
using Fields = std::vector<std::pair<std::string_view, std::variant<std::string, std::int64_t>>>;

/// A refusal as people read it, without a line end and without secrets.
[[nodiscard]] std::string report_text(const Report& told);

/// Events on stderr, one line each under `json`; stdout belongs to the program that we become.
class Log {
 public:
  explicit Log(LogFormat format);

  /// `event` is the stable name that machines match; `message` is for people.
  void info(std::string_view event, std::string_view message, const Fields& fields = {}) const;
  void warn(std::string_view event, std::string_view message, const Fields& fields = {}) const;
  /// How far something long is: on a terminal one line that is drawn again and gives way to the next event.
  void progress(std::string_view event, std::string_view message, const Fields& fields = {}) const;
  /// How often to tell it.
  [[nodiscard]] std::chrono::milliseconds pace() const { return std::chrono::seconds{line_ ? 1 : 10}; }
  /// The last thing printed.
  void failure(const Report& report) const;

 private:
  void make_room() const;

  LogFormat format_;
  std::shared_ptr<spdlog::logger> logger_;
  std::shared_ptr<TerminalLine> line_;  ///< null when stderr is no terminal, or is for machines
};

}  // namespace schemagate

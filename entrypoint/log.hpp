#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "failure.hpp"

namespace spdlog {
class logger;
}

namespace schemagate {

enum class LogFormat { text, json, silent };

/// What a JSON line carries beside its message.
using Fields = std::vector<std::pair<std::string_view, std::variant<std::string, std::int64_t>>>;

/// Events on stderr, one line each under `json`; stdout belongs to the program that we become.
class Log {
 public:
  explicit Log(LogFormat format);

  /// `event` is the stable name that machines match; `message` is for people.
  void info(std::string_view event, std::string_view message, const Fields& fields = {}) const;
  void warn(std::string_view event, std::string_view message, const Fields& fields = {}) const;
  /// The last thing printed.
  void failure(const Report& report) const;

 private:
  LogFormat format_;
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace schemagate

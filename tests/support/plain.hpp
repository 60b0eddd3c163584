#pragma once

#include <chrono>
#include <functional>
#include <regex>
#include <string>
#include <thread>

namespace support {

/// A text without what differs from run to run: `pid N`, `T s`, `DAY TIME`. Of longer times the whole seconds stay.
inline std::string plain(const std::string& text) {
  std::string result = std::regex_replace(text, std::regex{R"(pid \d+)"}, "pid N");
  result = std::regex_replace(result, std::regex{R"(pg_terminate_backend\(\d+\))"}, "pg_terminate_backend(N)");
  result = std::regex_replace(result, std::regex{R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"}, "DAY TIME");
  result = std::regex_replace(result, std::regex{R"(up to [0-9.]+ m?s more)"}, "up to T more");
  result = std::regex_replace(result, std::regex{R"( for \d+ s)"}, " for T s");
  result = std::regex_replace(result, std::regex{R"( for (\d+)\.\d s)"}, " for $1 s");
  return std::regex_replace(result, std::regex{R"( in \d+(\.\d+)? m?s)"}, " in T");
}

/// False when it did not become true within 20 s.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return true;
}

/// Seconds that `step` takes.
inline double seconds(const std::function<void()>& step) {
  const auto start = std::chrono::steady_clock::now();
  step();
  return std::chrono::duration<double>{std::chrono::steady_clock::now() - start}.count();
}

}  // namespace support

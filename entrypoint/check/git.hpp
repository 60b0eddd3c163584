#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace schemagate {

/// How a git command ended.
struct Answer {
  int code = 0;
  std::string out;
  std::string err;
};

/// The git on PATH.
class Git {
 public:
  Git();
  [[nodiscard]] bool present() const { return !program_.empty(); }
  /// Where the following commands run.
  void enter(const std::string& folder) { folder_ = folder; }
  /// For the following commands; without text it is taken away.
  void set(const std::string& variable, const std::optional<std::string>& text) { variables_[variable] = text; }
  [[nodiscard]] Answer ask(const std::vector<std::string>& words, const std::string& input = "") const;

 private:
  std::string program_;
  std::string folder_;
  std::map<std::string, std::optional<std::string>> variables_;
};

}  // namespace schemagate

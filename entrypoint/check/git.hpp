#pragma once

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
  [[nodiscard]] Answer ask(const std::vector<std::string>& words, const std::string& input = "") const;

 private:
  std::string program_;
  std::string folder_;
};

}  // namespace schemagate

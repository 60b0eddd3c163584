#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace schemagate {

/// How a git command ended.
struct Answer {
  int code = 0;
  std::string out;
  std::string err;
};

/// git failed where it should not.
struct Unanswered {
  std::string words;  ///< its own
};

/// The git on PATH, told to ask nothing of the world: no hook, no monitor, no pager, no lock, no prompt, no server.
///
/// Whoever made a repository wrote its configuration, which names programs. Only commands that run none of them may be
/// asked: those that list what git keeps (rev-parse, ls-files, ls-tree, merge-base) and what patterns say (check-attr,
/// check-ignore, config). Not status, add, hash-object, diff, log, or whatever reads a file of the work tree: it goes
/// through filters. Source: gitattributes(5), `filter`; git-config(1).
class Git {
 public:
  Git();
  [[nodiscard]] bool present() const { return !program_.empty(); }
  /// Where the following commands run.
  void enter(const std::string& folder) { folder_ = folder; }
  /// For the following commands; without text it is taken away.
  void set(const std::string& variable, const std::optional<std::string>& text) { variables_[variable] = text; }
  [[nodiscard]] Answer ask(const std::vector<std::string>& words, const std::string& input = "") const;
  /// The same where only success will do.
  [[nodiscard]] std::string out(const std::vector<std::string>& words, const std::string& input = "") const;

 private:
  std::string program_;
  std::string folder_;
  std::map<std::string, std::optional<std::string>> variables_;
};

[[nodiscard]] std::string without_line_end(std::string text);

/// `-z` output: every piece ends with a NUL.
[[nodiscard]] std::vector<std::string_view> pieces(std::string_view text);

}  // namespace schemagate

#include "check/dockerfile.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "text.hpp"

namespace schemagate {
namespace {

constexpr std::string_view blanks = " \t\v\f\r";

std::string_view from_first(std::string_view text, std::string_view not_of) {
  return text.substr(std::min(text.find_first_not_of(not_of), text.size()));
}
std::string_view up_to_last(std::string_view text, std::string_view not_of) {
  return text.substr(0, text.find_last_not_of(not_of) + 1);
}

std::string upper(std::string_view word) {
  std::string result{word};
  std::ranges::transform(result, result.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return result;
}

std::vector<std::string> between_blanks(std::string_view text) {
  std::vector<std::string> words;
  for (text = from_first(text, blanks); !text.empty(); text = from_first(text, blanks)) {
    const std::size_t end = std::min(text.find_first_of(blanks), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

std::optional<std::vector<std::string>> json_words(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto is_text = [](const nlohmann::json& element) { return element.is_string(); };
  if (!json.is_array() || !std::ranges::all_of(json, is_text)) return std::nullopt;
  return json.get<std::vector<std::string>>();
}

/// `<<EOF`, `<<-"EOF"`: the word that ends it.
std::optional<std::string> here_document(std::string_view word) {
  if (!word.starts_with("<<")) return std::nullopt;
  word.remove_prefix(word.starts_with("<<-") ? 3 : 2);
  std::string end{word};
  std::erase_if(end, [](char c) { return c == '"' || c == '\''; });
  return end.empty() || end.starts_with('<') ? std::nullopt : std::optional{end};
}

/// The file by lines, and what `# escape=` makes of it.
class Lines {
 public:
  explicit Lines(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    for (const std::string_view line : split(text, '\n')) lines_.push_back(up_to_last(line, "\r"));
    for (const std::string_view line : lines_) {
      const auto [key, value] = cut(line, '=');
      if (!line.starts_with('#') || !contains(line, '=')) break;
      if (upper(from_first(key, "# \t")) == "ESCAPE" && contains(value, '`')) escape_ = '`';
    }
  }

  [[nodiscard]] bool at_end() const { return next_ == lines_.size(); }
  std::string_view take() { return lines_[next_++]; }

  /// The next instruction with what continues it; comments and blank lines, also in between, are passed over.
  std::string take_instruction() {
    std::string whole;
    for (bool more = true; more && !at_end();) {
      const std::string_view line = take();
      const std::string_view bare = from_first(line, blanks);
      if (bare.empty() || bare.starts_with('#')) continue;
      if (whole.empty()) begin_ = next_;
      const std::string_view ended = up_to_last(line, " \t");
      more = ended.ends_with(escape_);
      whole += more ? ended.substr(0, ended.size() - 1) : line;
    }
    return whole;
  }
  /// Number of the line where that instruction begins.
  [[nodiscard]] std::size_t begin() const { return begin_; }

  void skip_to(const std::string& end, bool tabs) {
    while (!at_end())
      if (const std::string_view line = take(); (tabs ? from_first(line, "\t") : line) == end) return;
  }

 private:
  std::vector<std::string_view> lines_;
  std::size_t next_ = 0;
  std::size_t begin_ = 0;
  char escape_ = '\\';
};

void skip_here_documents(Instruction& instruction, Lines& lines) {
  if (instruction.name != "COPY" && instruction.name != "ADD" && instruction.name != "RUN") return;
  for (const std::string& word : instruction.words)
    if (const auto end = here_document(word)) lines.skip_to(*end, word.starts_with("<<-"));
  std::erase_if(instruction.words, [](const std::string& word) { return here_document(word).has_value(); });
}

Instruction read_instruction(std::string_view text, std::size_t line) {
  text = from_first(text, blanks);
  const std::size_t end = std::min(text.find_first_of(blanks), text.size());
  Instruction instruction{line, upper(text.substr(0, end)), {}, {}, std::string{from_first(text.substr(end), blanks)}};
  std::string_view rest = instruction.text;
  while (rest.starts_with("--")) {
    const std::size_t length = std::min(rest.find_first_of(blanks), rest.size());
    instruction.flags.emplace_back(rest.substr(0, length));
    rest = from_first(rest.substr(length), blanks);
  }
  const auto json = rest.starts_with('[') ? json_words(rest) : std::nullopt;
  instruction.words = json ? *json : between_blanks(rest);
  return instruction;
}

/// Behind a `$`.
struct Variable {
  std::string name;
  char rule = 0;  ///< `-` or `+` of `${NAME:-word}`
  std::string word;
};

bool is_name(char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string take_name(std::string_view& rest) {
  const auto length = static_cast<std::size_t>(std::ranges::find_if_not(rest, is_name) - rest.begin());
  std::string name{rest.substr(0, length)};
  rest.remove_prefix(name.size());
  return name;
}

Variable take_variable(std::string_view& rest) {
  if (!rest.starts_with('{')) return {take_name(rest), 0, ""};
  auto [inside, behind] = cut(rest.substr(1), '}');
  rest = behind;
  Variable variable{take_name(inside), 0, ""};
  if (inside.starts_with(':')) inside.remove_prefix(1);
  if (inside.empty()) return variable;
  variable.rule = inside[0];
  variable.word = inside.substr(1);
  return variable;
}

std::optional<std::string> value(const Variable& variable, const Arguments& arguments) {
  const auto found = arguments.find(variable.name);
  const bool known = found != arguments.end();
  if (variable.rule == '-') return known ? found->second : variable.word;
  if (variable.rule == '+') return known ? variable.word : "";
  return known && variable.rule == 0 ? std::optional{found->second} : std::nullopt;
}

/// The next character, or what stands for it; `single` is whether it is in single quotes.
std::optional<std::string> take_piece(std::string_view& rest, bool& single, const Arguments& arguments) {
  char c = rest[0];
  rest.remove_prefix(1);
  if (c == '\'') single = !single;
  if (c == '\'' || (c == '"' && !single)) return "";
  if (c == '$' && !single) return value(take_variable(rest), arguments);
  if (c == '\\' && !single && !rest.empty()) {
    c = rest[0];
    rest.remove_prefix(1);
  }
  return std::string(1, c);
}

}  // namespace

std::vector<Instruction> read_dockerfile(std::string_view text) {
  std::vector<Instruction> instructions;
  for (Lines lines{text}; !lines.at_end();) {
    const std::string whole = lines.take_instruction();
    if (whole.empty()) break;
    instructions.push_back(read_instruction(whole, lines.begin()));
    skip_here_documents(instructions.back(), lines);
  }
  return instructions;
}

std::optional<std::string> expanded(std::string_view word, const Arguments& arguments) {
  std::string result;
  for (bool single = false; !word.empty();) {
    const std::optional<std::string> piece = take_piece(word, single, arguments);
    if (!piece) return std::nullopt;
    result += *piece;
  }
  return result;
}

}  // namespace schemagate

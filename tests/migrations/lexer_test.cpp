#include "migrations/lexer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace schemagate {
namespace {

struct Lexed {
  std::vector<Token> tokens;
  bool failed = false;
};

Lexed lexed(const std::string& text, std::size_t piece) {
  Lexer lexer{text, piece};
  Lexed result;
  while (const auto token = lexer.next()) result.tokens.push_back(*token);
  result.failed = lexer.failed();
  return result;
}

/// The sizes of a piece with which it is read in another way than at once.
std::string otherwise(const std::string& text) {
  const Lexed whole = lexed(text, text.size() + 1);
  std::string result;
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Lexed pieces = lexed(text, piece);
    if (pieces.failed != whole.failed || (!whole.failed && pieces.tokens != whole.tokens))
      result += text + " by " + std::to_string(piece) + "\n";
  }
  return result;
}

std::string words(const std::string& text) {
  std::string result;
  for (const Token& token : lexed(text, 1000).tokens) result += text.substr(token.begin, token.end - token.begin) + "|";
  return result;
}

TEST_SUITE("lexer") {
  TEST_CASE("a text read in pieces of any size has the same tokens") {
    for (const std::string text :
         {"SELECT 'a b; c' , \"d  e\" FROM /* f /* g */ h */ i -- j ; k\n WHERE l = $m$ n ; $$ o $m$;",
          "SELECT 'ä ö'\n  'ü' , E'\\' x', U&\"y \"\" z\", U&'q '' r', 1.5e3 , 1e +5, B'0 1' ;",
          "SELECT 'one'  -- two\n  'three' ; SELECT 'four'\n\n\n\n\n 'five'", "-- only\n-- comments\n", "   ", "a",
          "f(1,2,'3,;(',4);--(,;\ng(5)", "äöü  ßßß   ÿÿÿ 'äöü  ßßß   ÿÿÿ", "SELECT 1 ; SELECT 1_000 ; SELECT 2",
          "SELECT 1 ; /* never  ends ; x"})
      CHECK(otherwise(text) == "");
  }

  TEST_CASE("the end of each token is its own") {
    CHECK(words("U&\"a\"\"b\".c U&'d''e' 'f' E'g\\'' \"h\" $1 $$i$$ n'j' --k\n<= 1.5") ==
          "U&\"a\"\"b\"|.|c|U&'d''e'|'f'|E'g\\''|\"h\"|$1|$$i$$|n|'j'|<=|1.5|");
  }

  TEST_CASE("keywords are known, and which of them are names too") {
    const auto tokens = lexed("SELECT \"select\" commit x", 1000).tokens;

    REQUIRE(tokens.size() == 4);
    CHECK(tokens[0] == Token{.begin = 0, .end = 6, .keyword = true, .reserved = true});
    CHECK(tokens[1] == Token{.begin = 7, .end = 15, .keyword = false, .reserved = false});
    CHECK(tokens[2] == Token{.begin = 16, .end = 22, .keyword = true, .reserved = false});
    CHECK(tokens[3] == Token{.begin = 23, .end = 24, .keyword = false, .reserved = false});
  }

  TEST_CASE("a zero byte cannot be read") { CHECK(lexed({"a\0b", 3}, 10).failed); }
}

}  // namespace
}  // namespace schemagate

#include "check/show.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace schemagate {
namespace {

Issue issue(const std::string& file, const std::string& what = "w") {
  return {Severity::error, "untracked", file, 0, what, "y", "n"};
}

}  // namespace

TEST_SUITE("show") {
  TEST_CASE("a rule is shown ten times and then counted") {
    const std::vector<Issue> many(12, issue("f"));

    const std::string text = issues_text(many, "summary");

    CHECK(text.starts_with("error    f: w\n  why    y\n  next   n\nerror    f: w\n"));
    CHECK(text.ends_with("  next   n\nand 2 more: untracked; --json has them all\nsummary\n"));
    CHECK(issues_text({}, "summary") == "summary\n");
  }

  TEST_CASE("what a file is called does not steer the terminal or make lines") {
    CHECK(issues_text({issue("a\n\x1b[2Jb", "x\x1b[2J\ny")}, "s\n::x") ==
          "error    a??[2Jb: x?[2J\n           y\n  why    y\n  next   n\ns?::x\n");
  }

  TEST_CASE("an annotation is escaped as the runner decodes it") {
    Issue one = issue("/top/a:b,c%\r\nd", "100%\r\n::error::x");
    one.severity = Severity::note;
    one.line = 3;

    CHECK(issues_github({one}, "s", "/top", "/top/x") ==
          "::notice file=a%3Ab%2Cc%25%0D%0Ad,line=3,title=schemagate%3A "
          "untracked::100%25%0D%0A::error::x%0Ay%0An\ns\n");
    CHECK(issues_github({issue("../f")}, "s", "/top", "/top/x").starts_with("::error file=f,title="));
    CHECK(issues_github({issue("/else/f")}, "s", "/top", "/top/x").starts_with("::error file=/else/f,title="));
    CHECK(issues_github({issue("f")}, "s", "", "/x").starts_with("::error file=f,title="));
  }

  TEST_CASE("findings are one JSON object on one line, whatever bytes a name has") {
    const std::string text = issues_json({issue("a\xff\n")}, "s");

    const auto json = nlohmann::json::parse(text, nullptr, false);
    REQUIRE(json.is_object());
    CHECK(text.find('\n') == text.size() - 1);
    CHECK(json["summary"] == "s");
    CHECK(json["findings"][0]["file"] == "a\xef\xbf\xbd\n");
    CHECK(json["findings"][0]["line"].is_null());
    CHECK(json["findings"][0]["severity"] == "error");
  }
}

}  // namespace schemagate

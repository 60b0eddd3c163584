#include "migrations/checksum.hpp"

#include <doctest/doctest.h>

#include <string>

namespace schemagate {
namespace {

// Of "hello"; the second without the zeros that pad its bytes 0x0e and 0x04, as old versions of Prisma recorded it.
constexpr const char* hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
constexpr const char* hello_unpadded = "2cf24dba5fb0a3e26e83b2ac5b9e29e1b161e5c1fa7425e7343362938b9824";

std::string unpadded(const std::string& padded) {
  std::string result;
  for (std::size_t i = 0; i < padded.size(); i += 2)
    result += padded[i] == '0' ? padded.substr(i + 1, 1) : padded.substr(i, 2);
  return result;
}

TEST_SUITE("checksum") {
  TEST_CASE("it is the SHA-256 of the bytes in lower-case hex") {
    CHECK(checksum("hello") == hello);
    CHECK(checksum("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(checksum(std::string{"a\0b", 3}) != checksum("a"));
  }

  TEST_CASE("a script matches its own checksum and no other") {
    CHECK(matches("abc", checksum("abc")));
    CHECK_FALSE(matches("abc", checksum("abcd")));
    CHECK_FALSE(matches("abc\n", checksum("abc")));
  }

  TEST_CASE("LF and CRLF forms of a script match each other") {
    const std::string lf = "ab\ncd\n\ngh\rab\n";
    const std::string crlf = "ab\r\ncd\r\n\r\ngh\rab\r\n";

    CHECK(matches(lf, checksum(crlf)));
    CHECK(matches(crlf, checksum(lf)));
  }

  TEST_CASE("a file that mixes line ends matches what git made of it with LF") {
    CHECK(matches("a\r\nb\nc\r\n", checksum("a\nb\nc\n")));
    CHECK(matches("a\r\nb\n", checksum("a\r\r\nb\r\n")));
  }

  TEST_CASE("other changes of line ends do not match") {
    CHECK_FALSE(matches("a\nb\n", checksum("a\rb\r")));
    CHECK_FALSE(matches("a\nb\n", checksum("a\nb")));
    CHECK_FALSE(matches("a\r", checksum("a")));
  }

  TEST_CASE("a checksum that an old Prisma recorded without padding matches") {
    CHECK(matches("hello", hello_unpadded));
    CHECK_FALSE(matches("hallo", hello_unpadded));
  }

  TEST_CASE("the old form matches the other line ends too") {
    std::string script = "a\r\n";
    while (unpadded(checksum(script)) == checksum(script)) script.insert(0, "a");

    CHECK(matches(script, unpadded(checksum(script))));
    CHECK(matches(script.substr(0, script.size() - 2) + "\n", unpadded(checksum(script))));
  }

  TEST_CASE("an empty or upper-case checksum matches nothing, as in Prisma") {
    CHECK_FALSE(matches("hello", ""));
    CHECK_FALSE(matches("", ""));
    CHECK_FALSE(matches("hello", "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"));
  }
}

}  // namespace
}  // namespace schemagate

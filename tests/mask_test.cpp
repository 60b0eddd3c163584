#include "mask.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "spelling.hpp"

namespace schemagate {
namespace {

/// With a letter for each way of writing one.
constexpr const char* awkward = "aB3 \"'\\/%+&=\n\tüß?#@:-z";

TEST_SUITE("mask") {
  TEST_CASE("a secret is hidden in every spelling of its letters") {
    conceal(awkward);

    for (const std::string spelling : {
             R"(aB3 "'\/%+&=)"
             "\n\tüß?#@:-z",                                                                 // as it is
             R"(aB3%20%22'%5C%2F%25%2B%26%3D%0A%09%C3%BC%C3%9F%3F%23%40%3A-z)",              // encodeURIComponent
             R"(aB3+%22'%5c%2f%25%2b%26%3d%0a%09%c3%bc%c3%9f%3f%23%40%3a-z)",                // a form, lower case
             R"(%61%42%33%20%22%27%5C%2F%25%2B%26%3D%0A%09%C3%BC%C3%9F%3F%23%40%3A%2D%7A)",  // all of it
             R"(aB3 \"'\\/%+&=\n\tüß?#@:-z)",                                                // JSON
             R"(aB3 \"'\\\/%+&=\n\tüß?#@:-z)",                                               // JSON of PHP
             R"(\u0061B3 \u0022\u0027\\/%+\u0026\u003d\n\tüß?#@:-z)",                        // JSON of Go and .NET
             R"(aB3 "''\/%+&=)"
             "\n\tüß?#@:-z",  // SQL
             R"(aB3 "\'\\/%+&=)"
             "\n\tüß?#@:-z",  // libpq's quoted value
             R"(aB3 ""'\/%+&=)"
             "\n\tüß?#@:-z",                                      // CSV, identifiers
             "6142332022275c2f252b263d0a09c3bcc39f3f23403a2d7a",  // bytea
             "6142332022275C2F252B263D0A09C3BCC39F3F23403A2D7A",
             "YUIzICInXC8lKyY9CgnDvMOfPyNAOi16",  // base64
         }) {
      CAPTURE(spelling);
      CHECK(masked("it is " + spelling + ", or not") == "it is ***, or not");
      CHECK(holds_secret(spelling));
    }
  }

  TEST_CASE("base64 of more than the secret hides all that depends on it") {
    conceal("correct horse battery");

    // Of `app:` and the secret, of `u:` and the secret, of the secret and a line end.
    CHECK(masked("Basic YXBwOmNvcnJlY3QgaG9yc2UgYmF0dGVyeQ==") == "Basic YXBwO***==");
    CHECK(masked("Basic dTpjb3JyZWN0IGhvcnNlIGJhdHRlcnk=") == "Basic dT***=");
    CHECK(masked("Y29ycmVjdCBob3JzZSBiYXR0ZXJ5Cg==") == "***Cg==");
  }

  TEST_CASE("base64 of URLs has an alphabet of its own") {
    conceal("?>?>?>?>?>");

    CHECK(masked("Pz4_Pj8-Pz4_Pg") == "***");
    CHECK(masked("Pz4/Pj8+Pz4/Pg") == "***");
  }

  TEST_CASE("what is short, or a name, is shown") {
    conceal("7letter");
    conceal("warehouse");
    reveal("warehouse");
    conceal("üüüüüüü");

    CHECK(masked("7letter warehouse üüüüüüü") == "7letter warehouse üüüüüüü");
  }

  TEST_CASE("a secret within another one does not leave the rest of it") {
    conceal("inner-part");
    conceal("outer-inner-part-outer");

    CHECK(masked("outer-inner-part-outer and inner-part") == "*** and ***");
  }

  TEST_CASE("nothing else of a text changes") {
    const std::string text = std::string{"a"} + '\0' + "b\xff\xfe % %2 \\ \\u00 '' \"\" +";

    CHECK(masked(text) == text);
    CHECK(masked("") == "");
  }

  TEST_CASE("the credentials of a connection string are found in whatever form it has") {
    for (const std::string form :
         {"postgresql://app:SECRET@db/app", "POSTGRES://app:SECRET@db", "mysql://u:SECRET@h", "'postgres://a:SECRET@h'",
          "host=db;Port=5432;User ID=app;Password=SECRET;Database=app", "Server=db,PASSWORD = 'SECRET',x=y",
          "host=db pwd=\"SECRET\"", "password=SECRET&user=app", "host=db passwd = SECRET"}) {
      CAPTURE(form);
      static int number = 0;
      std::string text = form;
      const std::string secret = "found-" + std::to_string(++number) + "-secret";
      text.replace(text.find("SECRET"), 6, secret);
      conceal_connection(text);

      CHECK(masked("it was " + secret) == "it was ***");
      CHECK(masked("no file " + text) == "no file ***");
    }
  }

  TEST_CASE("a password that is encoded is hidden as it is and as it was") {
    conceal_connection("postgresql://app:p%40ss%2Fphrase@db/app");
    conceal_connection("postgresql://app%3Aanother%20one@db/app");

    CHECK(masked("p%40ss%2Fphrase p@ss/phrase another one") == "*** *** ***");
  }

  TEST_CASE("what is like a connection string is known, and what is not") {
    for (const char* text : {"postgresql://h", "Postgres://h", "x jdbc:postgresql://h", "amqp://u:p@h", "a PWD=b",
                             "Password = x", "password=", "DATABASE_URL=postgres://x"})
      CHECK_MESSAGE(is_like_connection(text), text);
    for (const char* text : {"", "60s", "prisma/migrations", "https://host/path", "https://host/path@2", "a@b:c",
                             "http://host:80/x", "password", "the password is", "/run/secrets/pwd"})
      CHECK_MESSAGE(!is_like_connection(text), text);
  }

  TEST_CASE("the part of a text that spells a word") {
    CHECK(spelled("abc", "abc") == 3);
    CHECK(spelled("a%62cd", "abc") == 5);
    CHECK(spelled("ab", "abc") == 0);
    CHECK(spelled("a%6", "ab") == 0);
    CHECK(spelled("a\\", "a\\") == 2);
    CHECK(spelled("", "a") == 0);
    CHECK(spelled("a", "") == 0);
  }
}

}  // namespace
}  // namespace schemagate

#include "database/url.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace schemagate {
namespace {

using namespace std::string_literals;

constexpr const char* folder = "prisma";
constexpr const char* secret = "s3cr3t-Marker";

Url parse(std::string_view text) { return parse_url(text, folder); }

std::string value(std::string_view text, std::string_view keyword) { return parse(text).value(keyword); }

std::string place(std::string_view text) { return parse(text).place(); }

/// Everything that people are told about a connection string.
std::string told(const Url& url) {
  std::string result = url.place();
  for (const std::string& note : url.notes) {
    result += "\n" + note;
  }
  return result;
}

/// What is wrong with it and what to do; empty when it is accepted.
std::string refusal(std::string_view text) {
  try {
    static_cast<void>(parse(text));
    return {};
  } catch (const BadUrl& bad) {
    return bad.what() + "\n"s + bad.next;
  }
}

bool mentions(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

bool has_note(std::string_view text, std::string_view part) { return mentions(told(parse(text)), part); }

using Texts = std::vector<std::string>;

/// Those of the texts that fail a claim, for the report; empty when all is well.
template <typename Claim>
std::string failing(const Texts& texts, Claim claim) {
  std::string result;
  for (const std::string& text : texts) {
    result += claim(text) ? "" : text + "\n";
  }
  return result;
}

std::string not_refused(const Texts& texts, std::string_view part) {
  return failing(texts, [part](const std::string& text) { return mentions(refusal(text), part); });
}

std::string without_note(const Texts& texts, std::string_view part) {
  return failing(texts, [part](const std::string& text) { return has_note(text, part); });
}

std::string without_value(const Texts& texts, std::string_view keyword, std::string_view expected) {
  return failing(texts, [=](const std::string& text) { return value(text, keyword) == expected; });
}

bool is_quiet(std::string_view text) { return parse(text).notes.empty(); }

bool is_discreet(const std::string& text) {
  const std::string refused = refusal(text);
  return !mentions(refused.empty() ? told(parse(text)) : refused, secret);
}

TEST_SUITE("url") {
  TEST_CASE("a URL becomes libpq's keywords, sorted, and nothing else") {
    const Url url = parse("postgresql://app:pw@db.example.com:5432/shop?schema=sales&application_name=gate");

    const decltype(url.keywords) expected{{"application_name", "gate"}, {"dbname", "shop"}, {"host", "db.example.com"},
                                          {"password", "pw"},           {"port", "5432"},   {"user", "app"}};
    CHECK(url.keywords == expected);
    CHECK(url.schema == "sales");
    CHECK(url.notes.empty());
  }

  TEST_CASE("postgres:// is the same scheme as postgresql://") {
    CHECK(parse("postgres://u:p@h/db") == parse("postgresql://u:p@h/db"));
  }

  TEST_CASE("port, user and password are absent unless given") {
    const Url url = parse("postgresql://h/db");

    CHECK(url.value("port").empty());
    CHECK(url.value("user").empty());
    CHECK(url.value("password").empty());
    CHECK(url.keywords.size() == 2);
  }

  TEST_CASE("a line end after the URL is not a part of it") { CHECK(value("postgresql://h/db\n", "dbname") == "db"); }

  TEST_CASE("what follows a # is ignored with a note") {
    CHECK(value("postgresql://h/db#x", "dbname") == "db");
    CHECK(has_note("postgresql://h/db#x", "%23"));
  }
}

TEST_SUITE("url: user and password") {
  TEST_CASE("an @ in the password splits at the last one") {
    CHECK(value("postgresql://app:p@ss@w@h/db", "password") == "p@ss@w");
    CHECK(value("postgresql://app:p@ss@w@h/db", "host") == "h");
  }

  TEST_CASE("the first : ends the user") {
    CHECK(value("postgresql://app:a:b:c@h/db", "user") == "app");
    CHECK(value("postgresql://app:a:b:c@h/db", "password") == "a:b:c");
  }

  TEST_CASE("user, password, host and database are percent-decoded") {
    CHECK(value("postgresql://a%40b:%2f%3F%23@h/db", "user") == "a@b");
    CHECK(value("postgresql://a%40b:%2f%3F%23@h/db", "password") == "/?#");
    CHECK(value("postgresql://u@h%2ex/my%20db", "host") == "h.x");
    CHECK(value("postgresql://u@h%2ex/my%20db", "dbname") == "my db");
  }

  TEST_CASE("a lone % is kept as it is") {
    CHECK(value("postgresql://u:100%@h/db", "password") == "100%");
    CHECK(value("postgresql://u:5%zz%4@h/db", "password") == "5%zz%4");
    CHECK(value("postgresql://u:%+1%41@h/db", "password") == "%+1A");
  }

  TEST_CASE("a + in the password is a +") { CHECK(value("postgresql://u:a+b@h/db", "password") == "a+b"); }

  TEST_CASE("an unescaped / ? or # in the password is refused with its replacement") {
    const Texts texts{"postgresql://u:a/b@h/db",   "postgresql://u:a?b@h/db",   "postgresql://u:a#b@h/db",
                      "postgresql://u:1/b@h/db",   "postgresql://u:1?b@h/db",   "postgresql://u:1#b@h/db",
                      "postgresql://u:x@y/b@h/db", "postgresql://u:1?b=c@h/db", "postgresql://u:1?b&c@h/db?schema=x",
                      "postgresql://u:pa/ss"};

    CHECK(not_refused(texts, "/ as %2F") == "");
    CHECK(not_refused(texts, "# as %23") == "");
  }

  TEST_CASE("an @ in the value of a known parameter is no sign of a torn password") {
    CHECK(value("postgresql://h/db?user=me@corp", "user") == "me@corp");
    CHECK(value("postgresql://u@h/db?application_name=a@b", "application_name") == "a@b");
  }
}

TEST_SUITE("url: host, port and database") {
  TEST_CASE("an IPv6 address is written in brackets") {
    CHECK(value("postgresql://u@[::1]:5433/db", "host") == "::1");
    CHECK(value("postgresql://u@[::1]:5433/db", "port") == "5433");
    CHECK(value("postgresql://u@[fe80::1%25eth0]/db", "host") == "fe80::1%eth0");
  }

  TEST_CASE("an IPv6 address without its brackets is refused") {
    CHECK(mentions(refusal("postgresql://u@::1/db"), "brackets"));
    const Texts texts{"postgresql://[::1/db", "postgresql://[]/db", "postgresql://[::1]x/db"};

    CHECK(not_refused(texts, "brackets do not match") == "");
  }

  TEST_CASE("several hosts keep their ports beside them") {
    CHECK(value("postgresql://u@h1:1,h2:2/db", "host") == "h1,h2");
    CHECK(value("postgresql://u@h1:1,h2:2/db", "port") == "1,2");
    CHECK(value("postgresql://u@h1,[::2]:2,h3/db", "host") == "h1,::2,h3");
    CHECK(value("postgresql://u@h1,[::2]:2,h3/db", "port") == ",2,");
    CHECK(value("postgresql://u@h1,h2/db", "port").empty());
  }

  TEST_CASE("an empty host in a list is refused") {
    CHECK(mentions(refusal("postgresql://h1,,h2/db"), "commas"));
    CHECK(mentions(refusal("postgresql://h1,/db"), "commas"));
  }

  TEST_CASE("a socket folder is given as a parameter, as an encoded host or beside a dummy host") {
    const Texts texts{"postgresql://u@/db?host=/var/run", "postgresql://u@%2Fvar%2Frun/db",
                      "postgresql://u@localhost/db?host=/var/run", "postgresql://u@localhost/db?host=%2Fvar%2Frun"};

    CHECK(without_value(texts, "host", "/var/run") == "");
    CHECK(without_value(texts, "dbname", "db") == "");
    CHECK(failing(texts, is_quiet) == "");
    CHECK(value("postgresql://u@localhost/db?host=/cloudsql/a:b:c", "host") == "/cloudsql/a:b:c");
  }

  TEST_CASE("an abstract socket begins with its @") {
    CHECK(value("postgresql://u@/db?host=@pg", "host") == "@pg");
    CHECK(value("host=@pg", "host") == "@pg");
  }

  TEST_CASE("a URL without a host means localhost and says so") {
    const Texts texts{"postgresql:///db", "postgresql://u@/db", "postgresql://u:p@/db?host="};

    CHECK(without_value(texts, "host", "localhost") == "");
    CHECK(without_note(texts, "localhost is used") == "");
    CHECK(value("postgresql://u@:5433/db", "port") == "5433");
    CHECK(value("postgresql:///db?hostaddr=10.0.0.1", "host").empty());
  }

  TEST_CASE("a URL without a database means postgres and says so") {
    const Texts texts{"postgresql://u@h", "postgresql://u@h/", "postgresql://u@h?schema=x"};

    CHECK(without_value(texts, "dbname", "postgres") == "");
    CHECK(without_note(texts, "postgres is used") == "");
  }

  TEST_CASE("a service may know host and database: neither is assumed") {
    const decltype(Url::keywords) expected{{"service", "shop"}};
    CHECK(parse("postgresql:///?service=shop").keywords == expected);
    CHECK(parse("postgresql:///?service=shop").notes.empty());
  }

  TEST_CASE("the database is the first segment of the path") {
    CHECK(value("postgresql://h/db/more", "dbname") == "db");
    CHECK(has_note("postgresql://h/db/more", "first segment"));
    CHECK(parse("postgresql://h/db/").notes.empty());
  }

  TEST_CASE("a port is a number from 1 to 65535, wherever it stands") {
    CHECK(value("postgresql://h:65535/db", "port") == "65535");
    CHECK(value("postgresql://h:/db", "port").empty());
    const Texts texts{"postgresql://h:0/db",
                      "postgresql://h:65536/db",
                      "postgresql://h:-1/db",
                      "postgresql://h:+1/db",
                      "postgresql://h:99999999999999999999/db",
                      "postgresql://h:5432x/db",
                      "postgresql://[::1]:x/db",
                      "postgresql://a:1,b:x/db",
                      "postgresql://h/db?port=0",
                      "postgresql://h:x/db?port=5432",
                      "host=h port=abc"};

    CHECK(not_refused(texts, "1 to 65535") == "");
  }

  TEST_CASE("a database name that is a connection string is refused") {
    CHECK(mentions(refusal("dbname=postgresql://u:p@h/db"), "itself a connection string"));
    CHECK(mentions(refusal("postgresql://h/?dbname=postgresql://u:p@h/db"), "itself a connection string"));
  }
}

TEST_SUITE("url: parameters") {
  TEST_CASE("names and values are percent-decoded and a + is a blank") {
    CHECK(value("postgresql://h/db?application%5Fname=a+b%20c%2Bd%", "application_name") == "a b c+d%");
  }

  TEST_CASE("options may contain a raw =") {
    CHECK(value("postgresql://h/db?options=-c a=b", "options") == "-c a=b");
    CHECK(value("postgresql://h/db?options=-c%20a%3Db", "options") == "-c a=b");
  }

  TEST_CASE("the last of two equal parameters wins") {
    CHECK(value("postgresql://h/db?application_name=a&application_name=b", "application_name") == "b");
    CHECK(parse("postgresql://h/db?schema=a&schema=b").schema == "b");
  }

  TEST_CASE("user, password, dbname, host and port override the rest of the URL") {
    const std::string text = "postgresql://u:p@h:1/db?user=u2&password=p2&host=h2&port=2&dbname=db2";

    CHECK(parse(text) == parse("postgresql://u2:p2@h2:2/db2"));
  }

  TEST_CASE("an empty parameter overrides nothing") {
    CHECK(parse("postgresql://u:p@h:1/db?user=&password=&host=&port=&dbname=&options=") ==
          parse("postgresql://u:p@h:1/db"));
  }

  TEST_CASE("what libpq knows is handed to it") {
    const Texts names{"application_name",
                      "options",
                      "channel_binding",
                      "keepalives",
                      "keepalives_idle",
                      "keepalives_interval",
                      "keepalives_count",
                      "tcp_user_timeout",
                      "target_session_attrs",
                      "hostaddr",
                      "passfile",
                      "service",
                      "sslcrl",
                      "sslcrldir",
                      "sslsni",
                      "sslkey",
                      "sslrootcert",
                      "ssl_min_protocol_version",
                      "ssl_max_protocol_version",
                      "requirepeer",
                      "fallback_application_name"};

    const auto is_passed = [](const std::string& name) {
      const Url url = parse("postgresql://h/db?" + name + "=7");
      return url.value(name) == "7" && url.notes.empty() && value(name + "=7", name) == "7";
    };
    CHECK(failing(names, is_passed) == "");
  }

  TEST_CASE("what only Prisma's pool and client know is dropped silently") {
    const Texts names{"pgbouncer",
                      "connection_limit",
                      "pool_timeout",
                      "socket_timeout",
                      "statement_cache_size",
                      "max_connection_lifetime",
                      "max_idle_connection_lifetime",
                      "single_use_connections",
                      "uselibpqcompat"};

    const auto is_dropped = [](const std::string& name) {
      return parse("postgresql://h/db?" + name + "=7") == parse("postgresql://h/db");
    };
    CHECK(failing(names, is_dropped) == "");
  }

  TEST_CASE("encoding and GSSAPI are dropped, with a note when that changes something") {
    CHECK(parse("postgresql://h/db?client_encoding=utf8&gssencmode=disable&krbsrvname=x") ==
          parse("postgresql://h/db"));
    CHECK(has_note("postgresql://h/db?client_encoding=LATIN1", "UTF8 is used"));
    CHECK(has_note("postgresql://h/db?gssencmode=require", "gssencmode is ignored"));
  }

  TEST_CASE("pgbouncer=true is a hint that the URL is a pooler's") {
    CHECK(has_note("postgresql://h/db?pgbouncer=true", "direct URL"));
  }

  TEST_CASE("an unknown parameter is ignored and named, its value is not") {
    CHECK(has_note("postgresql://h/db?conection_limit=5432x", "the parameter conection_limit is not known"));
    CHECK_FALSE(has_note("postgresql://h/db?conection_limit=5432x", "5432x"));
  }

  TEST_CASE("an unknown parameter that may be a piece of a password is not named") {
    const Texts texts{"postgresql://h/db?password=a&b2c", "postgresql://h/db?b2c!=x", "postgresql://h/db?b2c%0A=x",
                      "postgresql://h/db?b2c01234567890123456789012345678901234567=x"};

    CHECK(without_note(texts, "a parameter is not known") == "");
    CHECK(failing(texts, [](const std::string& text) { return !has_note(text, "b2c"); }) == "");
  }

  TEST_CASE("connect_timeout is a whole number") {
    CHECK(value("postgresql://h/db?connect_timeout=0", "connect_timeout") == "0");
    CHECK(value("postgresql://h/db?connect_timeout=15", "connect_timeout") == "15");
    const Texts texts{"postgresql://h/db?connect_timeout=5s", "postgresql://h/db?connect_timeout=-1",
                      "postgresql://h/db?connect_timeout=99999999999", "connect_timeout=1.5"};

    CHECK(not_refused(texts, "connect_timeout is not a whole number") == "");
  }
}

TEST_SUITE("url: encryption") {
  TEST_CASE("libpq's six sslmodes pass") {
    const Texts modes{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"};

    const auto is_passed = [](const std::string& mode) {
      return value("postgresql://h/db?sslmode=" + mode, "sslmode") == mode &&
             value("sslmode=" + mode, "sslmode") == mode;
    };
    CHECK(failing(modes, is_passed) == "");
  }

  TEST_CASE("sslmode=no-verify is require, with a note") {
    CHECK(value("postgresql://h/db?sslmode=no-verify", "sslmode") == "require");
    CHECK(has_note("postgresql://h/db?sslmode=no-verify", "no-verify"));
  }

  TEST_CASE("any other sslmode is refused with the list of those that exist") {
    const Texts texts{"postgresql://h/db?sslmode=verify_full",
                      "postgresql://h/db?sslmode=", "postgresql://h/db?sslmode=require%20prefer", "host=h sslmode=on"};

    CHECK(not_refused(texts, "disable, allow, prefer, require, verify-ca or verify-full") == "");
  }

  TEST_CASE("sslaccept=strict verifies the server unless TLS is off") {
    CHECK(value("postgresql://h/db?sslaccept=strict", "sslmode") == "verify-full");
    CHECK(value("postgresql://h/db?sslmode=require&sslaccept=anything", "sslmode") == "verify-full");
    CHECK(value("postgresql://h/db?sslmode=disable&sslaccept=strict", "sslmode") == "disable");
    CHECK(has_note("postgresql://h/db?sslaccept=strict", "verify-full"));
    CHECK(parse("postgresql://h/db?sslmode=verify-full&sslaccept=strict").notes.empty());
  }

  TEST_CASE("sslaccept=accept_invalid_certs changes nothing") {
    CHECK(parse("postgresql://h/db?sslaccept=accept_invalid_certs") == parse("postgresql://h/db"));
    CHECK(value("postgresql://h/db?sslmode=require&sslaccept=accept_invalid_certs", "sslmode") == "require");
  }

  TEST_CASE("ssl=true requires TLS unless sslmode says more") {
    CHECK(value("postgresql://h/db?ssl=true", "sslmode") == "require");
    CHECK(value("postgresql://h/db?ssl=true&sslmode=verify-ca", "sslmode") == "verify-ca");
  }

  TEST_CASE("ssl is read as node-postgres reads it, and sslmode in capitals too") {
    const auto mode = [](const std::string& query) { return value("postgresql://h/db?" + query, "sslmode"); };

    for (const char* query : {"ssl=true", "ssl=1", "ssl=require", "ssl=no-verify", "ssl=TRUE", "ssl=No-Verify",
                              "sslmode=Require", "sslmode=REQUIRE", "sslmode=NO-VERIFY"})
      CHECK_MESSAGE(mode(query) == "require", query);
    for (const char* query : {"ssl=0", "ssl=false", "ssl=disable", "ssl=False", "sslmode=Disable"})
      CHECK_MESSAGE(mode(query) == "disable", query);
    CHECK(mode("ssl=Verify-Full") == "verify-full");
    CHECK(mode("ssl=0&sslmode=require") == "require");
    CHECK(mode("ssl=").empty());
    CHECK(value("host=h sslmode=Verify-Full", "sslmode") == "verify-full");
  }

  TEST_CASE("any other ssl, and a parameter of TLS in capitals, is refused and not told again") {
    CHECK(refusal("postgresql://h/db?ssl=s3cret") ==
          "ssl has a value that does not exist\nwrite sslmode=require, or sslmode=disable, without ssl");
    CHECK(refusal("postgresql://h/db?sslMode=s3cret") ==
          "the parameter sslmode is written in small letters\nwrite sslmode: as it is, it would be ignored, and TLS be "
          "left to chance");
    for (const char* text :
         {"postgresql://h/db?SSL=true", "postgresql://h/db?SslRootCert=/x", "postgresql://h/db?sslAccept=strict",
          "postgresql://h/db?Channel_Binding=require", "host=h SSLMODE=require"})
      CHECK_MESSAGE(mentions(refusal(text), "is written in small letters"), text);
  }

  TEST_CASE("an engine of OpenSSL is refused") {
    CHECK(mentions(refusal("postgresql://h/db?sslcert=/c&sslkey=pkcs11:s3cret"), "sslkey names an engine of OpenSSL"));
    CHECK(mentions(refusal("host=h sslkey=pkcs11:s3cret"), "sslkey names an engine of OpenSSL"));
  }

  TEST_CASE("sslcert without sslkey is the server's CA, beside the schema") {
    CHECK(value("postgresql://h/db?sslcert=certs/ca.pem", "sslrootcert") == "prisma/certs/ca.pem");
    CHECK(value("postgresql://h/db?sslcert=/etc/ca.pem", "sslrootcert") == "/etc/ca.pem");
    CHECK(parse_url("postgresql://h/db?sslcert=ca.pem", "").value("sslrootcert") == "ca.pem");
    CHECK(value("postgresql://h/db?sslcert=ca.pem", "sslcert").empty());
    CHECK(has_note("postgresql://h/db?sslcert=ca.pem", "the server's CA"));
  }

  TEST_CASE("sslcert with sslkey is the client's certificate") {
    const std::string text = "postgresql://h/db?sslcert=c.crt&sslkey=c.key&sslpassword=pw";

    CHECK(value(text, "sslcert") == "c.crt");
    CHECK(value(text, "sslkey") == "c.key");
    CHECK(value(text, "sslpassword") == "pw");
    CHECK(value(text, "sslrootcert").empty());
    CHECK(parse(text).notes.empty());
    CHECK(has_note(text + "&sslidentity=x", "sslidentity is ignored"));
  }

  TEST_CASE("sslrootcert is libpq's and wins over Prisma's sslcert") {
    CHECK(value("postgresql://h/db?sslcert=a.pem&sslrootcert=b.pem", "sslrootcert") == "b.pem");
    CHECK(has_note("postgresql://h/db?sslcert=a.pem&sslrootcert=b.pem", "sslcert without sslkey is ignored"));
  }

  TEST_CASE("a PKCS#12 identity is refused with the two commands that convert it") {
    const Texts texts{"postgresql://h/db?sslidentity=c.p12&sslpassword=pw", "postgresql://h/db?sslidentity=c.p12",
                      "postgresql://h/db?sslpassword=pw"};

    CHECK(not_refused(texts, "openssl pkcs12 -in identity.p12 -clcerts -nokeys -out client.crt\n") == "");
    CHECK(not_refused(texts, "openssl pkcs12 -in identity.p12 -nocerts -nodes -out client.key\n") == "");
    CHECK(not_refused(texts, "sslcert=client.crt&sslkey=client.key") == "");
  }
}

TEST_SUITE("url: key=value") {
  TEST_CASE("pairs are read as libpq reads them") {
    const Url url = parse(" host = db port=5433 dbname='my db'user=a\\ b password='it\\'s \\\\'\n schema=sales ");

    const decltype(url.keywords) expected{
        {"dbname", "my db"}, {"host", "db"}, {"password", "it's \\"}, {"port", "5433"}, {"user", "a b"}};
    CHECK(url.keywords == expected);
    CHECK(url.schema == "sales");
  }

  TEST_CASE("nothing is decoded and no host or database assumed") {
    const decltype(Url::keywords) expected{{"password", "a%40+b://c"}};
    CHECK(parse("password=a%40+b://c").keywords == expected);
  }

  TEST_CASE("sslcert and sslpassword are libpq's") {
    CHECK(value("sslcert=c.crt sslpassword=x", "sslcert") == "c.crt");
    CHECK(value("sslcert=c.crt sslpassword=x", "sslpassword") == "x");
  }

  TEST_CASE("the last of two equal keywords wins and an empty value is none") {
    CHECK(value("host=a host=b", "host") == "b");
    CHECK(parse("host='' user=").keywords.empty());
  }

  TEST_CASE("an unknown keyword is refused by name") {
    CHECK(mentions(refusal("host=h databse=x"), "the keyword databse "));
    CHECK(mentions(refusal("connection_limit=1"), "the keyword connection_limit "));
    CHECK(mentions(refusal("DATABASE_URL=postgresql://u:p@h/db"), "the keyword DATABASE_URL "));
    CHECK(mentions(refusal("u:p@h/db?x=1"), "a keyword "));
  }

  TEST_CASE("an open quote and a keyword without = are refused") {
    const Texts texts{"password='abc", "password='abc\\'", "host=h password", "host=my host user=x"};

    CHECK(not_refused(texts, "cannot be read") == "");
  }
}

TEST_SUITE("url: refusals") {
  TEST_CASE("an empty text is refused") {
    CHECK(mentions(refusal(""), "is empty"));
    CHECK(mentions(refusal(" \n"), "is empty"));
  }

  TEST_CASE("each foreign scheme gets its own advice") {
    CHECK(mentions(refusal("mysql://u:p@h/db"), "not for PostgreSQL"));
    CHECK(mentions(refusal("POSTGRESQL://u:p@h/db"), "begin it with postgresql://"));
    CHECK(mentions(refusal("prisma://accelerate.example/?api_key=x"), "direct URL"));
    CHECK(mentions(refusal("prisma+postgres://localhost:1/?api_key=x"), "direct URL"));
    CHECK(mentions(refusal("jdbc:postgresql://h/db?user=u"), "Java's form"));
    CHECK(mentions(refusal("db.example.com"), "neither a URL nor key=value pairs"));
  }

  TEST_CASE("a leading blank and kept quotes are refused with the cause") {
    CHECK(mentions(refusal(" postgresql://u:p@h/db"), "begins with a blank"));
    CHECK(mentions(refusal("\npostgres://u:p@h/db?schema=x"), "begins with a blank"));
    CHECK(mentions(refusal("\"postgresql://u:p@h/db\""), "docker --env-file keeps them"));
    CHECK(mentions(refusal("'host=h'"), "docker --env-file keeps them"));
  }

  TEST_CASE("a zero byte is refused anywhere") {
    const Texts texts{"postgresql://u:p\0@h/db"s,
                      "postgresql://u:p%00@h/db"s,
                      "postgresql://h/db?application_name=%00"s,
                      "postgresql://h/db?unknown%00=x"s,
                      "postgresql://h/db#%00"s,
                      "postgresql://u:%0\n0@h/db"s,
                      "host=h\0"s};

    CHECK(not_refused(texts, "zero byte") == "");
    CHECK(value("postgresql://u:%2500@h/db", "password") == "%00");
    CHECK(value("password=%00", "password") == "%00");
  }
}

TEST_SUITE("url: for people") {
  TEST_CASE("a place is user, host, port and database") {
    CHECK(place("postgresql://app:pw@db.example.com:5432/app") == "app@db.example.com:5432/app");
    CHECK(place("postgresql://db.example.com/app?sslmode=require") == "db.example.com/app");
    CHECK(place("postgresql://app@[::1]:5432/app") == "app@[::1]:5432/app");
    CHECK(place("postgresql://h1:1,h2:2/app") == "h1:1,h2:2/app");
    CHECK(place("host=h1,h2 port=1 dbname=app") == "h1:1,h2:1/app");
    CHECK(place("postgresql://app@/app?host=/var/run/postgresql") == "app@[/var/run/postgresql]/app");
    CHECK(place("postgresql:///app?hostaddr=10.0.0.1") == "10.0.0.1/app");
    CHECK(place("user=app") == "app@(default host)");
  }

  TEST_CASE("no message, note or place tells the password") {
    const Texts shapes{"postgresql://u:$@h/db",
                       "postgresql://u:$@h:x/db",
                       "postgresql://u:$@h:0/db?sslmode=nope",
                       "postgresql://u:$@[::1/db",
                       "postgresql://u:$@,/db",
                       "postgresql://u:$/x@h/db",
                       "postgresql://u:$?x@h/db",
                       "postgresql://u:$#x@h/db",
                       "postgresql://u:x/$@h/db",
                       "postgresql://u:x?$@h/db",
                       "postgresql://u:x#$@h/db",
                       "postgresql://u:12/$@h/db",
                       "postgresql://u:12?$@h/db",
                       "postgresql://u:12?$&x@h/db",
                       "postgresql://u:12?x=$@h/db",
                       "postgresql://u:12?host=$@h/db",
                       "postgresql://u:12#$@h/db",
                       "postgresql://u:a@b/$@h/db",
                       "postgresql://u:a@12?$@h/db",
                       "postgresql://u:$",
                       "postgresql://u:$/db",
                       "postgresql://u:$%00@h/db",
                       "postgresql://u%3A$@h/db",
                       "postgresql://u%3A$%40h/db",
                       "postgresql://h/db?password=a&$",
                       "postgresql://h/db?password=a#$",
                       "postgresql://h/db?password=$&connect_timeout=x",
                       "postgresql://h/db?sslmode=$",
                       "postgresql://h/db?connect_timeout=$",
                       "postgresql://h/db?port=$",
                       "postgresql://h/db?unknown=$",
                       "postgresql://h/db?sslidentity=a&sslpassword=$",
                       "postgresql://h/?dbname=postgresql://u:$@h/db",
                       "mysql://u:$@h/db",
                       "u:$@h://x",
                       "prisma+postgres://h/?api_key=$",
                       "prisma://h/?api_key=$",
                       "jdbc:postgresql://h/db?password=$",
                       " postgresql://u:$@h/db",
                       "\"postgresql://u:$@h/db\"",
                       "'postgresql://u:$@h/db'",
                       "psql 'postgresql://u:$@h/db?schema=x'",
                       "postgresql:/u:$@h/db",
                       "postgresql:/u:$@h/db?schema=x",
                       "u:$@h/db?schema=x",
                       "DATABASE_URL=postgresql://u:$@h/db",
                       "password='$",
                       "password=$ x",
                       "password=x $",
                       "password=x $ host=h",
                       "password=$ port=x",
                       "passwrod=$",
                       "dbname=postgresql://u:$@h/db",
                       "$"};

    const auto keeps = [](std::string text) { return is_discreet(text.replace(text.find('$'), 1, secret)); };
    CHECK(failing(shapes, keeps) == "");
  }

  TEST_CASE("a URL cut off anywhere is read or refused, and never tells the password") {
    const std::string whole = "postgresql://u:"s + secret + "@h:5432/db?schema=x&sslmode=require&sslcert=ca.pem";

    Texts pieces;
    for (std::size_t length = whole.find('@'); length <= whole.size(); ++length) {
      pieces.push_back(whole.substr(0, length));
    }

    CHECK(failing(pieces, is_discreet) == "");
  }
}

}  // namespace
}  // namespace schemagate

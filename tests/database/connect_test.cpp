#include "database/connect.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

// The messages are those of libpq 15 with PQERRORS_VERBOSE, as seen against PostgreSQL 15 and PgBouncer.

namespace schemagate {
namespace {

const std::string tcp = "connection to server at \"127.0.0.1\", port 5432 failed: ";
const std::string location = "\nLOCATION:  auth_failed, auth.c:334";

std::string fatal(const std::string& state, const std::string& message) {
  return tcp + "FATAL:  " + state + ": " + message + location;
}

/// `SQLSTATE passing` or `SQLSTATE lasting`.
std::string kind(const std::string& message) {
  const Refused refused = explain(message);
  return refused.sqlstate + (refused.passing ? " passing" : " lasting");
}

using Texts = std::vector<std::string>;

/// Those of the messages that are not of the kind, for the report; empty when all are.
std::string otherwise(const Texts& messages, bool passing) {
  std::string result;
  for (const std::string& message : messages) result += explain(message).passing == passing ? "" : message + "\n";
  return result;
}

TEST_SUITE("connect: what the server says") {
  TEST_CASE("the SQLSTATE is found and shown in parentheses, without the line of the source") {
    const Refused refused = explain(fatal("28P01", "password authentication failed for user \"app\""));

    CHECK(refused.sqlstate == "28P01");
    CHECK(refused.message == tcp + "FATAL: password authentication failed for user \"app\" (28P01)");
  }

  TEST_CASE("a server that is not ready yet passes") {
    CHECK(kind(fatal("57P03", "the database system is starting up")) == "57P03 passing");
    CHECK(kind(fatal("57P03", "the database system is shutting down")) == "57P03 passing");
    CHECK(kind(fatal("57P01", "terminating connection due to administrator command")) == "57P01 passing");
  }

  TEST_CASE("a server without room passes") {
    CHECK(kind(fatal("53300", "sorry, too many clients already")) == "53300 passing");
    CHECK(kind(fatal("53300", "remaining connection slots are reserved")) == "53300 passing");
    CHECK(kind(fatal("53200", "out of memory")) == "53200 passing");
    CHECK(kind(fatal("58000", "could not open file")) == "58000 passing");
  }

  TEST_CASE("a wrong user, password or database lasts") {
    CHECK(kind(fatal("28P01", "password authentication failed for user \"app\"")) == "28P01 lasting");
    CHECK(kind(fatal("28000", "no pg_hba.conf entry for host \"10.0.0.7\", user \"app\"")) == "28000 lasting");
    CHECK(kind(fatal("3D000", "database \"shop\" does not exist")) == "3D000 lasting");
    CHECK(kind(fatal("42501", "permission denied for database \"shop\"")) == "42501 lasting");
    CHECK(kind(fatal("42704", "unrecognized configuration parameter \"x\"")) == "42704 lasting");
    CHECK(kind(fatal("55000", "database \"template0\" is not currently accepting connections")) == "55000 lasting");
  }

  TEST_CASE("a server may speak another language") {
    CHECK(kind(tcp + "致命错误:  57P03: 数据库系统启动中" + location) == "57P03 passing");
    CHECK(kind(tcp + "SCHWERWIEGEND:  28P01: Passwort-Authentifizierung fehlgeschlagen" + location) == "28P01 lasting");
  }

  TEST_CASE("what the server adds is kept") {
    const std::string message = tcp +
                                "FATAL:  42501: permission denied for database \"shop\"\nDETAIL:  User does not have "
                                "CONNECT privilege." +
                                location;

    CHECK(explain(message).message.find("User does not have CONNECT privilege.") != std::string::npos);
    CHECK(explain(message).message.find("LOCATION") == std::string::npos);
  }

  TEST_CASE("the same answer to a try with TLS and one without is told once") {
    const std::string refused = fatal("28P01", "password authentication failed for user \"app\"");

    CHECK(explain(refused + "\n" + refused) == explain(refused));
  }

  TEST_CASE("the word of one of several hosts counts more than the silence of another") {
    const std::string silent =
        "connection to server at \"h1\", port 1 failed: Connection refused\n\tIs the server running on "
        "that host and accepting TCP/IP connections?\n";

    CHECK(kind(silent + fatal("57P03", "the database system is starting up")) == "57P03 passing");
    CHECK(kind(silent + fatal("28P01", "password authentication failed for user \"app\"")) == "28P01 lasting");
  }
}

TEST_SUITE("connect: what a pooler says") {
  TEST_CASE("PgBouncer says 08P01 to everything, and its words tell what lasts") {
    CHECK(kind(fatal("08P01", "no such database: shop")) == "08P01 lasting");
    CHECK(kind(fatal("08P01", "unsupported startup parameter: search_path")) == "08P01 lasting");
    CHECK(kind(fatal("08P01", "no more connections allowed (max_client_conn)")) == "08P01 passing");
    CHECK(kind(fatal("08P01", "query_wait_timeout")) == "08P01 passing");
  }
}

TEST_SUITE("connect: what libpq says") {
  TEST_CASE("a server that cannot be reached passes") {
    const std::string port =
        "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?";
    const std::string socket =
        "connection to server on socket \"/run/.s.PGSQL.5432\" failed: No such file or directory";

    CHECK(otherwise({tcp + port, tcp + "No route to host", tcp + "timeout expired", tcp + "no answer", socket}, true) ==
          "");
  }

  TEST_CASE("a name that cannot be resolved passes") {
    const std::string name = "could not translate host name \"db\" to address: ";

    CHECK(otherwise({name + "Name or service not known", name + "Temporary failure in name resolution"}, true) == "");
  }

  TEST_CASE("a server that hangs up passes, also in the middle of the TLS handshake") {
    CHECK(
        otherwise({tcp + "server closed the connection unexpectedly\n\tThis probably means the server terminated",
                   tcp + "SSL SYSCALL error: EOF detected", tcp + "SSL SYSCALL error: Connection reset by peer",
                   tcp + "SSL error: unexpected eof while reading", tcp + "could not receive data from server: reset"},
                  true) == "");
  }

  TEST_CASE("a server in the wrong state for target_session_attrs passes: a failover ends") {
    CHECK(otherwise({tcp + "session is read-only", tcp + "server is not in hot standby mode",
                     tcp + "server is in hot standby mode"},
                    true) == "");
  }

  TEST_CASE("a password that is missing lasts") {
    CHECK(kind(tcp + "fe_sendauth: no password supplied") == " lasting");
  }

  TEST_CASE("a server whose certificate is not the one that was asked for lasts") {
    CHECK(otherwise(
              {tcp + "SSL error: certificate verify failed", tcp + "root certificate file \"/ca.pem\" does not exist",
               tcp + "server certificate for \"db\" (and 1 other name) does not match host name \"127.0.0.1\""},
              false) == "");
  }

  TEST_CASE("a server that does not speak TLS as it must lasts") {
    CHECK(otherwise({tcp + "server does not support SSL, but SSL was required", tcp + "SSL error: wrong version number",
                     tcp + "channel binding required, but SSL not in use",
                     tcp + "certificate present, but not private key file \"/client.key\""},
                    false) == "");
  }

  TEST_CASE("a setting that libpq refuses lasts") {
    CHECK(otherwise({"invalid sslmode value: \"maybe\"", "invalid channel_binding value: \"nope\"",
                     "invalid ssl_min_protocol_version value: \"TLSv1.9\"",
                     "invalid integer value \"x\" for connection option \"port\"", "invalid port number: \"0\""},
                    false) == "");
  }
}

}  // namespace
}  // namespace schemagate

#pragma once

#include <fmt/format.h>

#include <string>

#include "database/connection.hpp"
#include "database/url.hpp"
#include "failure.hpp"
#include "wait.hpp"

namespace schemagate {

/// What may befall any of our own statements, as the Failure that it is; `state` says what the database is like then.
/// Class 42, a statement that makes no sense, would be a bug of ours and passes through.
template <typename Step>
auto guarded(const Url& url, const char* state, const Step& step) try {
  return step();
} catch (const ConnectionLost& lost) {
  // libpq adds an excerpt of our own statement and how it noticed.
  const std::string text = lost.what();
  throw Failure{Report{.code = static_cast<int>(ExitCode::unreachable),
                       .what = fmt::format("the connection was lost: {}", text.substr(0, text.find('\n'))),
                       .where = url.place(),
                       .state = state,
                       .next = "start again",
                       .lost = true}};
} catch (const DeadlinePassed&) {
  throw Failure{ExitCode::lock_timeout, "--deadline (SCHEMAGATE_DEADLINE) passed", url.place(), state,
                "start again, with a longer deadline if it happens again"};
} catch (const QueryFailed& failed) {
  if (failed.error.sqlstate.starts_with("42")) throw;
  throw Failure{ExitCode::unreachable, fmt::format("the server refused a statement of schemagate: {}", failed.what()),
                url.place(), state, "remove the cause that the server names, and start again"};
}

}  // namespace schemagate

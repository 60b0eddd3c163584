#pragma once

#include <optional>
#include <string>

#include "database/connect.hpp"
#include "database/refused.hpp"
#include "database/url.hpp"
#include "wait.hpp"

namespace schemagate {

/// Where Url::identity is set: a new token of that managed identity becomes the password in `keywords`. A token lives
/// for hours, but only the one that was just given is sure to be taken.
///
/// Returns why there is none yet, when a later try may get one. Throws Failure 69 (refused), 78 (the platform offers
/// no identity); no text of either contains a token.
[[nodiscard]] std::optional<Refused> add_token(const Url& url, Keywords& keywords, const Wait& wait,
                                               Clock::time_point end);

/// The server gets a token as it is, so never by a connection that fell back to plain text, unless that is asked for.
void require_secrecy(const Url& url, Keywords& keywords);

/// What to do when the server refuses the role and its token.
[[nodiscard]] std::string identity_advice(const std::string& role);

/// What the endpoint's answer to a wrong request says, in one line of bounded length.
[[nodiscard]] std::string complaint(const std::string& body);

}  // namespace schemagate

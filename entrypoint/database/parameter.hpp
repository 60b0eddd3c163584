#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "database/url.hpp"

namespace schemagate {

/// What a connection string says, decoded, in the order in which it says it.
using Parameters = std::vector<std::pair<std::string, std::string>>;

/// Null and empty when absent.
[[nodiscard]] const std::string* find(const Parameters& parameters, std::string_view name);
[[nodiscard]] std::string text_of(const Parameters& parameters, std::string_view name);

/// The last one of a name wins.
void put(Parameters& parameters, std::string name, std::string value);

/// Gives libpq a keyword. An empty value is no value: `?host=` leaves the host of the URL alone.
void set_keyword(Url& url, std::string_view keyword, std::string value);

/// What becomes of a parameter.
enum class Use { libpq, shared, prisma, silent, dropped, unknown };

[[nodiscard]] Use use_of(std::string_view name);

/// Whether a name that the operator wrote can be shown: anything else may be a part of a torn password.
[[nodiscard]] bool is_showable(std::string_view name);

/// `1,2` for several hosts; an empty one means the default. Throws BadUrl.
void require_ports(std::string_view ports);

/// libpq's word for the sslmode that was given, with a note when it is another one. Throws BadUrl.
[[nodiscard]] std::string read_mode(const std::string& written, Url& url);

/// The sslmode that `ssl` asks for, as node-postgres reads it: `true`, `1`, `require` and `no-verify` encrypt, `0` does
/// not. Throws BadUrl.
[[nodiscard]] std::string read_ssl(const std::string& written);

/// Refuses a parameter of TLS in capitals: libpq, Prisma and node-postgres would ignore it without a word. Throws
/// BadUrl.
void require_case(std::string_view name);

/// Tells of a parameter that is left out, when it asked for something.
void note_dropped(std::string_view name, std::string_view value, Url& url);

}  // namespace schemagate

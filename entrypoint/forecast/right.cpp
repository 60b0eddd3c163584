#include "forecast/right.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "failure.hpp"
#include "text.hpp"

namespace schemagate {
namespace {

constexpr int no_right = static_cast<int>(ExitCode::no_permission);

std::string quoted(const std::string& name) {
  std::string result = "\"";
  for (const char c : name) result.append(c == '"' ? 2 : 1, c);
  return result + "\"";
}

std::string sql_name(const Relation& relation) { return quoted(relation.schema) + "." + quoted(relation.name); }

bool is_listed(const std::string& name, const std::string& list) {
  for (std::string_view part : split(list, ',')) {
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    std::string lower{part};
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (lower == name) return true;
  }
  return false;
}

/// https://learn.microsoft.com/azure/postgresql/extensions/how-to-allow-extensions
std::optional<Problem> refused_by_azure(const std::string& name, const Facts& facts) {
  if (!facts.allow_list) return std::nullopt;
  if (!is_listed(name, *facts.allow_list))
    return Problem{no_right, fmt::format("the extension {} is not in azure.extensions", name),
                   fmt::format("add it to the server's list:  az postgres flexible-server parameter set --name "
                               "azure.extensions --value {}{}{} …",
                               *facts.allow_list, facts.allow_list->empty() ? "" : ",", name)};
  if (facts.azure_admin) return std::nullopt;
  return Problem{no_right,
                 fmt::format("the role \"{}\" is not a member of azure_pg_admin, which CREATE EXTENSION {} asks for, "
                             "also IF NOT EXISTS and there",
                             facts.role, name),
                 fmt::format("as the administrator:  GRANT azure_pg_admin TO {}", quoted(facts.role))};
}

std::optional<Problem> refused_to_role(const std::string& name, const Extension& extension, const Facts& facts) {
  if (facts.superuser || facts.allow_list || (extension.trusted && facts.may_create)) return std::nullopt;
  if (extension.trusted) return missing_database_right("the extension " + name, facts);
  return Problem{no_right,
                 fmt::format("the role \"{}\" may not create the extension {}: it is not trusted, only a superuser may",
                             facts.role, name),
                 fmt::format("as a superuser, beforehand:  CREATE EXTENSION {}", quoted(name))};
}

}  // namespace

Problem missing_right(std::string_view right, const Relation& relation, const std::string& role, int version) {
  const std::string table = sql_name(relation);
  if (right == "OWNER" || (right == "MAINTAIN" && version < 170000))
    return {no_right, fmt::format("the role \"{}\" is not the owner of {}", role, table),
            fmt::format("as its owner:  ALTER TABLE {} OWNER TO {}", table, quoted(role))};
  return {no_right, fmt::format("the role \"{}\" lacks {} on {}", role, right, table),
          fmt::format("as its owner:  GRANT {} ON {} TO {}", right, table, quoted(role))};
}

Problem missing_type_right(const std::string& type, const std::string& role) {
  const auto [schema, name] = cut(type, '.');
  const std::string sql = quoted(std::string{schema}) + "." + quoted(std::string{name});
  return {no_right, fmt::format("the role \"{}\" is not the owner of the type {}", role, sql),
          fmt::format("as its owner:  ALTER TYPE {} OWNER TO {}", sql, quoted(role))};
}

Problem missing_database_right(const std::string& what, const Facts& facts) {
  return {no_right, fmt::format("the role \"{}\" may not create {}: it lacks CREATE on the database", facts.role, what),
          fmt::format("as the owner:  GRANT CREATE ON DATABASE {} TO {}", quoted(facts.database), quoted(facts.role))};
}

Problem missing_schema_right(const std::string& schema, const std::string& role) {
  return {no_right, fmt::format("the role \"{}\" lacks CREATE on SCHEMA {}", role, quoted(schema)),
          fmt::format("as its owner:  GRANT CREATE ON SCHEMA {} TO {}", quoted(schema), quoted(role))};
}

std::optional<Problem> refused_extension(const std::string& name, bool conditional, const Facts& facts) {
  if (auto refused = refused_by_azure(name, facts)) return refused;
  const auto found = facts.extensions.find(name);
  if (found == facts.extensions.end() || !found->second.available)
    return Problem{static_cast<int>(ExitCode::migration_failed),
                   fmt::format("the server does not have the extension {}", name),
                   "install its package on the server, or use a server that has it"};
  if (found->second.installed && conditional) return std::nullopt;
  return refused_to_role(name, found->second, facts);
}

}  // namespace schemagate

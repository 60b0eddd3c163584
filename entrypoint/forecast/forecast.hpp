#pragma once

#include <optional>
#include <string>
#include <vector>

#include "migrations/claim.hpp"
#include "migrations/facts.hpp"
#include "migrations/script.hpp"

namespace schemagate {

/// What is worst of a statement, for those who work with the database while it runs.
enum class Risk {
  harmless,       ///< nobody waits
  unknown,        ///< the text does not tell
  blocks_writes,  ///< INSERT, UPDATE and DELETE on a table wait, or on its rows
  blocks_all,     ///< SELECT waits too
  rewrites,       ///< likewise, and for as long as every row is written anew
  breaks_older,   ///< statements of images that know nothing of it fail
};
[[nodiscard]] std::string_view name(Risk risk);

/// A lock on a relation that is there already.
struct Touch {
  Oid oid = 0;
  std::string relation{};  ///< with its schema
  std::string index_of{};  ///< the table of an index
  char kind = 'r';         ///< pg_class.relkind
  LockMode lock = LockMode::none;
  Work work = Work::catalog;
  std::optional<double> rows{};
  std::optional<double> bytes{};
  double reads = 0;
  double writes = 0;
  bool waits = false;  ///< for every older transaction
};

/// What older images notice.
struct Notice {
  Older older = Older::works;
  std::string sqlstate{};
  std::string object{};  ///< `public.users.email`
  std::string why{};
  std::string key{};  ///< what is gone; once it is there again, the notice is only risky
};

struct Step {
  std::size_t line = 1;
  std::size_t segment = 1;
  std::string text{};
  bool unknown = false;
  bool every_row = false;  ///< is written, and stays locked
  std::vector<Touch> touches{};
  std::vector<Notice> notices{};
  std::vector<std::string> notes{};
};
/// Every word that is true of it, worst first.
[[nodiscard]] std::vector<Risk> risks(const Step& step);

/// A migration.
struct Course {
  std::string name{};
  Mode mode = Mode::transactional;
  std::size_t segments = 1;
  std::size_t done = 0;  ///< segments that an earlier start has committed
  std::vector<Step> steps{};
  bool readable = true;
  std::string parts_if{};  ///< when the server has one transaction taken apart all the same; empty for never
};

/// What the migration cannot succeed with.
struct Problem {
  int code = 0;  ///< that apply exits with
  std::string what{};
  std::string next{};
};

/// Who is in the way now.
struct Blocker {
  Holder holder{};
  std::string relation{};
  std::string course{};
  std::size_t line = 0;
  LockMode wanted = LockMode::none;
};

struct Forecast {
  std::vector<Course> courses{};
  std::vector<Blocker> blockers{};
  std::vector<Problem> problems{};
  std::optional<Holder> oldest{};  ///< what CONCURRENTLY waits for, if anything does
};

/// A migration that is pending, and how much of its script is committed already.
struct Ahead {
  std::string name{};
  std::string script{};
  std::size_t done = 0;  ///< bytes
};

[[nodiscard]] Questions questions(const std::vector<Ahead>& pending);

/// Pure: statement after statement, each on what those before it leave behind.
[[nodiscard]] Forecast make_forecast(const std::vector<Ahead>& pending, const Facts& facts);

}  // namespace schemagate

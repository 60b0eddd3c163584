#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "forecast/columns.hpp"
#include "forecast/domains.hpp"
#include "forecast/forecast.hpp"
#include "forecast/names.hpp"
#include "forecast/reach.hpp"

namespace schemagate {

/// What each statement comes to on the live database, in the order in which they run.
class Weigher {
 public:
  explicit Weigher(const Facts& facts) : facts_{facts}, names_{facts}, reach_{facts}, domains_{facts} {}

  /// Adds to a step that has its place and text already.
  void weigh(const Claims& claims, Step& step);

  /// PostgreSQL's parser says so of a statement.
  /// The same of a statement that PostgreSQL can parse and a migration cannot run.
  void reject(const std::string& migration, const std::string& message, const std::string& next, Step& step);
  void fail(const std::string& migration, const std::string& message, Step& step);

  [[nodiscard]] std::vector<Problem> problems() const { return problems_; }
  /// What was made anew after it was gone.
  [[nodiscard]] const Restored& restored() const { return restored_; }

 private:
  [[nodiscard]] bool is_done(const Claims& claims, Step& step);
  void add(const Claim& claim, Step& step);
  void add_known(const Claim& claim, const Relation& relation, Step& step);
  void add_index(const Claim& claim, const Relation& index, Step& step);
  void without_relation(const Claim& claim, Step& step);
  void tell_older(const Notice& notice, Step& step);
  void restore(const std::string& key);
  void make_key(const Claim& claim, const Relation& relation);
  void lose_key(const std::string& name);
  void change_names(const Claim& claim, std::optional<Oid> found);
  void require_right(const Claim& claim, const Relation& relation);
  void require_schema(const Claim& claim);
  void require_type(const Claim& claim);
  void require_database();

  [[nodiscard]] Work work_of(const Claim& claim, const Relation& relation, Step& step) const;
  [[nodiscard]] Work new_column(const Claim& claim, const Relation& relation, Step& step) const;
  [[nodiscard]] Work new_type(const Claim& claim, const Relation& relation) const;
  [[nodiscard]] bool is_volatile(const std::string& function) const;
  [[nodiscard]] std::optional<Notice> column_notice(const Claim& claim, const Relation& relation) const;
  [[nodiscard]] std::optional<Notice> key_notice(const Claim& claim, const Relation& relation) const;
  [[nodiscard]] bool has_other_key(const Relation& relation, const std::string& name, const std::string& key) const;
  [[nodiscard]] Notice notice_of(const Claim& claim, const Relation& relation) const;

  void drop_type(const Claim& claim, Step& step);
  void rename_type(const Claim& claim, Step& step);
  void change_domain(const Claim& claim);
  [[nodiscard]] std::string type_of(const std::string& written) const;
  void query(const Claim& claim, Step& step) const;
  void extension(const Claim& claim, Step& step);
  static void cascade(const Claim& claim, char kind, Step& step);
  void problem(int code, const std::string& what, const std::string& next);

  const Facts& facts_;
  Names names_;
  Reach reach_;
  Domains domains_;
  std::map<std::string, std::string> types_;  ///< what a type was called at first; empty for a new one
  Restored restored_;
  Columns columns_;
  std::map<std::string, std::string> keys_;          ///< that pending statements make: key, by name
  std::set<std::pair<Oid, std::string>> lost_keys_;  ///< that they drop
  std::vector<Problem> problems_;
  bool other_role_ = false;
};

}  // namespace schemagate

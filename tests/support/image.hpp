#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support/database.hpp"
#include "support/folder.hpp"
#include "support/plain.hpp"
#include "support/process.hpp"

namespace support {

/// A database and the folder of migrations that an image brings to it.
class Image {
 public:
  explicit Image(std::string parameters = "") : parameters_{std::move(parameters)} {}

  Database database;
  Folder folder;

  Image& migration(const std::string& name, const std::string& script) {
    folder.migration(name, script);
    return *this;
  }

  /// The binary with this folder and a URL of this database.
  [[nodiscard]] Ran command(std::vector<std::string> words, const std::string& url = "",
                            const Variables& variables = {}) const {
    words.insert(words.begin() + 1, {"--migrations", folder.path()});
    Variables all = variables;
    all["SCHEMAGATE_DATABASE_URL"] = url.empty() ? database.url(parameters_) : url;
    return schemagate(words, all);
  }
  [[nodiscard]] Ran apply() const { return command({"apply"}); }

  /// Path of a migration's file, as messages name it.
  [[nodiscard]] std::string file(const std::string& name) const {
    return folder.path() + "/" + name + "/migration.sql";
  }

  /// The last line of every apply test: a second run reads the history and nothing else.
  void check_second_run_does_nothing() const {
    const std::string schema = parameters_.starts_with("?schema=") ? parameters_.substr(8) : "public";
    const std::vector<std::string> before = database.history(schema);
    const std::string mark = "second_" + std::to_string(++runs_);
    const std::string separator = parameters_.empty() ? "?" : "&";

    const Ran ran = command({"apply"}, database.url(parameters_ + separator + "application_name=" + mark));

    CHECK(ran.code == 0);
    CHECK(ran.err.find("up to date") != std::string::npos);
    CHECK(database.statements(mark).size() == 1);
    CHECK(database.history(schema) == before);
  }

 private:
  std::string parameters_;
  mutable int runs_ = 0;
};

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace support

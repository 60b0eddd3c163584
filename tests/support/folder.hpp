#pragma once

#include <string>

namespace support {

/// A temporary folder, removed at the end of the test.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Writes `NAME/migration.sql`, again for an edit.
  Folder& migration(const std::string& name, const std::string& script);
  /// Writes any file below the folder; returns its path.
  std::string file(const std::string& name, const std::string& content) const;
  void remove(const std::string& name) const;

 private:
  std::string path_;
};

}  // namespace support

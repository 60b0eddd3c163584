#include "support/folder.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace support {

namespace fs = std::filesystem;

Folder::Folder() {
  std::string pattern = (fs::temp_directory_path() / "schemagate-test.XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"mkdtemp"};
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code error;
  fs::remove_all(path_, error);
}

Folder& Folder::migration(const std::string& name, const std::string& script) {
  file(name + "/migration.sql", script);
  return *this;
}

std::string Folder::file(const std::string& name, const std::string& content) const {
  const fs::path whole = fs::path{path_} / name;
  fs::create_directories(whole.parent_path());
  std::ofstream{whole, std::ios::binary} << content;
  return whole.string();
}

void Folder::remove(const std::string& name) const { fs::remove_all(fs::path{path_} / name); }

}  // namespace support

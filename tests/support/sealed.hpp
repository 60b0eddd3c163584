#pragma once

#include "support/image.hpp"

namespace support {

/// An image that carries a snapshot of its migrations, made on a database of its own.
class SealedImage : public Image {
 public:
  explicit SealedImage(std::string parameters = "") : Image{parameters}, made_with_{std::move(parameters)} {}

  SealedImage& migration(const std::string& name, const std::string& script) {
    Image::migration(name, script);
    return *this;
  }
  SealedImage& seal() {
    const Database scratch;
    const Ran ran = schemagate({"snapshot", "--database-url", "--migrations", folder.path()},
                               {{"SCHEMAGATE_DATABASE_URL", scratch.url(made_with_)}});
    INFO(ran.err);
    REQUIRE(ran.code == 0);
    return *this;
  }
  /// Sealed and applied.
  SealedImage& start() {
    seal();
    REQUIRE(apply().code == 0);
    return *this;
  }
  [[nodiscard]] std::string snapshot() const { return folder.path() + "/schema.snapshot"; }
  [[nodiscard]] std::string mark() const {
    return database.value("SELECT coalesce(obj_description('_prisma_migrations'::regclass), '')");
  }

 private:
  std::string made_with_;
};

/// Two tables, as most of these tests need.
inline void add_shop(SealedImage& image) {
  image.migration("1_users", "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL UNIQUE, note text)")
      .migration("2_orders", "CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users, total int)");
}

}  // namespace support

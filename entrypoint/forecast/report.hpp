#pragma once

#include <string>

#include "forecast/forecast.hpp"

namespace schemagate {

/// Where a forecast was made, for who reads it.
struct Scene {
  std::string place{};  ///< `app@db:5432/app`
  std::string folder{};
  int version = 0;
  std::string role{};
  bool rated = false;  ///< reads and writes are a second
  std::vector<std::string> unread{};
};

/// Lines of at most 160 columns, but for names longer than that.
[[nodiscard]] std::string forecast_text(const Forecast& forecast, const Scene& scene, bool colour);
/// For a pull request.
[[nodiscard]] std::string forecast_markdown(const Forecast& forecast, const Scene& scene);

/// What stands before the migrations in every form: `PostgreSQL 17.2`.
[[nodiscard]] std::string version_text(int version);
/// `about 1.2 million rows, 310 MB, 40 reads/s, 3 writes/s`.
[[nodiscard]] std::string size_text(const Touch& touch, bool rated);
/// How a migration runs: `one transaction`.
[[nodiscard]] std::string mode_text(const Course& course);
/// What a blocker is and has, without what it is in the way of.
[[nodiscard]] std::string holder_text(const Holder& holder);
/// What older images notice: `breaks older images: public.users.email: …  (42703)`.
[[nodiscard]] std::string notice_text(const Notice& notice);
/// `ACCESS EXCLUSIVE on public.users (…), catalog only`.
[[nodiscard]] std::string touch_text(const Touch& touch, bool rated);

}  // namespace schemagate

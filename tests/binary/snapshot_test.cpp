#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/sealed.hpp"

using namespace support;

// `schemagate snapshot` and `schemagate diff`.
namespace {

std::string content(const std::string& path) {
  std::ifstream stream{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

/// Without a database of the operator's.
Ran snapshot(const SealedImage& image, std::vector<std::string> flags = {}, const Variables& variables = {}) {
  flags.insert(flags.begin(), {"snapshot", "--migrations", image.folder.path()});
  return schemagate(flags, variables);
}

std::string sum(const SealedImage& image, const std::string& script) {
  return image.database.value("SELECT encode(sha256('" + script + "'), 'hex')");
}

}  // namespace

TEST_SUITE("snapshot") {
  TEST_CASE("a snapshot is written by a server of our own, and is the same when it is made again") {
    SealedImage image;
    image.migration("1_a", "CREATE TABLE a (id int PRIMARY KEY, note text)");

    const Ran first = snapshot(image);
    const std::string text = content(image.snapshot());
    const Ran second = snapshot(image);

    INFO(first.err);
    CHECK(first.code == 0);
    CHECK(first.out == "");
    CHECK(first.err.ends_with("schemagate: wrote " + image.snapshot() + ": 7 objects of 1 migration, PostgreSQL 15\n"));
    CHECK(second.code == 0);
    CHECK(content(image.snapshot()) == text);
    CHECK(text ==
          "# schemagate snapshot 1\n"
          "# server 15\n"
          "# schema public\n"
          "migration\t1_a\t" +
              sum(image, "CREATE TABLE a (id int PRIMARY KEY, note text)") +
              "\n"
              "colorder\tpublic.a\tcolumns=id,note\n"
              "column\tpublic.a.id\ttype=integer\tnotnull\n"
              "column\tpublic.a.note\ttype=text\n"
              "constraint\tpublic.a.a_pkey\tdef=PRIMARY KEY (id)\n"
              "index\tpublic.a_pkey\ttable=public.a\tconstraint\n"
              "schema\tpublic\n"
              "table\tpublic.a\n"
              "# end\n");
  }

  TEST_CASE("--check passes while the committed snapshot is what the migrations produce") {
    SealedImage image;
    image.migration("1_a", "CREATE TABLE a (id int)").seal();

    const Ran same = snapshot(image, {"--check"});
    image.migration("2_b", "ALTER TABLE a ADD COLUMN note text");
    const std::string before = content(image.snapshot());
    const Ran other = snapshot(image, {"--check"});

    CHECK(same.code == 0);
    CHECK(same.err.ends_with("schemagate: " + image.snapshot() +
                             " is what the migrations produce: 4 objects of 1 migration, PostgreSQL 15\n"));
    CHECK(other.code == 76);
    CHECK(contains(other.err,
                   "schemagate: the snapshot is not what the migrations produce (- committed, + produced):\n"));
    CHECK(contains(other.err, "\n+colorder\tpublic.a\tcolumns=id,note\n"));
    CHECK(contains(other.err, "\n-colorder\tpublic.a\tcolumns=id\n+migration\t"));
    CHECK(contains(other.err, "\n+column\tpublic.a.note\ttype=text\n"));
    CHECK(other.err.ends_with("  where  " + image.snapshot() + ", " + image.folder.path() +
                              "\n  state  no database was touched but the throw-away one\n"
                              "  next   make it again and commit it:  schemagate snapshot\n"));
    CHECK(content(image.snapshot()) == before);
  }

  TEST_CASE("a migration that fails, fails the snapshot and so the image build") {
    SealedImage image;
    image.migration("1_a", "CREATE TABLE a (id int)").migration("2_b", "CREATE TABLE a (id int)");

    const Ran ran = snapshot(image);

    CHECK(ran.code == 65);
    CHECK(contains(ran.err, "migration 2_b failed: relation \"a\" already exists (42P07)"));
    CHECK(content(image.snapshot()) == "");
  }

  TEST_CASE("a snapshot is replayed elsewhere only on an empty database") {
    SealedImage image;
    image.migration("1_a", "CREATE TABLE a (id int)");
    image.database.query("CREATE TABLE precious (id int)");

    const Ran ran = image.command({"snapshot", "--database-url"});

    CHECK(ran.code == 76);
    CHECK(ran.err ==
          "schemagate: the database to replay the migrations on is not empty:\n"
          "  colorder public.precious\n"
          "  column public.precious.id\n"
          "  table public.precious\n"
          "  where  " +
              image.database.place() +
              "\n  state  the database was not changed; the program was not started\n"
              "  next   point the URL to a new database, or leave out --database-url to use a throw-away server\n");
    CHECK(content(image.snapshot()) == "");
  }

  TEST_CASE("a snapshot that cannot be written leaves the one that is there") {
    SealedImage image;
    image.migration("1_a", "CREATE TABLE a (id int)");

    const Ran ran = image.command({"snapshot", "--database-url", "--snapshot", "/nowhere/schema.snapshot"});

    CHECK(ran.code == 78);
    CHECK(
        ran.err.ends_with("schemagate: the snapshot cannot be written: No such file or directory\n"
                          "  where  /nowhere/schema.snapshot\n"
                          "  state  the file is as it was\n"
                          "  next   make the folder writable, or name another file with --snapshot\n"));
  }

  TEST_CASE("a snapshot is not made again from a folder that lost migrations of it") {
    SealedImage image;
    image.migration("1_a", "CREATE TABLE a (id int)").migration("2_b", "CREATE TABLE b (id int)").seal();
    const std::string before = content(image.snapshot());
    std::filesystem::remove_all(image.folder.path() + "/2_b");

    const Ran refused = snapshot(image);
    const std::string after = content(image.snapshot());
    std::filesystem::remove(image.snapshot());
    const Ran anew = snapshot(image);

    CHECK(refused.code == 78);
    CHECK(
        refused.err ==
        "schemagate: the snapshot that is there was made with migrations that the folder does not have:\n"
        "  2_b\n"
        "  where  " +
            image.snapshot() + ", " + image.folder.path() +
            "\n  state  the file is as it was\n"
            "  next   bring them back: in an image, see what .dockerignore and COPY leave out; if they were removed on "
            "purpose:\n           rm " +
            image.snapshot() + "\n");
    CHECK(after == before);
    CHECK(anew.code == 0);
  }

  TEST_CASE("a migration that has another name now is not lost") {
    SealedImage image;
    image.migration("1_a", "CREATE TABLE a (id int)").migration("2_b", "CREATE TABLE b (id int)").seal();
    std::filesystem::rename(image.folder.path() + "/2_b", image.folder.path() + "/3_b");

    CHECK(snapshot(image).code == 0);
    CHECK(contains(content(image.snapshot()), "migration\t3_b\t"));
  }

  TEST_CASE("a snapshot with a merge conflict, or of an edited migration, is made again") {
    SealedImage image;
    image.migration("1_a", "CREATE TABLE a (id int)").seal();
    const std::string before = content(image.snapshot());
    std::ofstream{image.snapshot()} << "<<<<<<< HEAD\n" << before;

    const Ran resolved = snapshot(image);
    const std::string after = content(image.snapshot());
    image.migration("1_a", "CREATE TABLE a (id bigint)");
    const Ran edited = snapshot(image);

    CHECK(resolved.code == 0);
    CHECK(after == before);
    CHECK(edited.code == 0);
    CHECK(contains(content(image.snapshot()), "type=bigint"));
  }

  TEST_CASE("a schema of its own is in the snapshot, an unused public is not") {
    SealedImage image{"?schema=shop"};
    image.migration("1_a", "CREATE TABLE a (id int)").seal();

    const std::string text = content(image.snapshot());

    CHECK(contains(text, "# schema shop\n"));
    CHECK(contains(text, "\nschema\tshop\n"));
    CHECK_FALSE(contains(text, "public"));
  }
}

TEST_SUITE("diff") {
  TEST_CASE("equal is 0, different is 76, whatever it means") {
    SealedImage image;
    add_shop(image);
    image.start();

    const Ran equal = image.command({"diff"});
    image.database.query("CREATE TABLE extra (id int)");
    const Ran different = image.command({"diff"});

    CHECK(equal.code == 0);
    CHECK(equal.out == "the live schema is what " + image.snapshot() + " says\n");
    CHECK(equal.err == "");
    CHECK(different.code == 76);
    CHECK(different.out.starts_with("harmless  table public.extra: extra"));
    CHECK(different.out.ends_with("1 harmless difference\n"));
    CHECK(different.err == "");
  }

  TEST_CASE("diff speaks JSON and Markdown") {
    SealedImage image;
    add_shop(image);
    image.start();
    image.database.query("ALTER TABLE users DROP COLUMN note");

    const Ran json = image.command({"diff", "--json"});
    const Ran markdown = image.command({"diff", "--format", "markdown"});

    CHECK(json.code == 76);
    CHECK(json.out ==
          "{\"database\":\"" + image.database.place() + "\",\"snapshot\":\"" + image.snapshot() +
              "\",\"equal\":false,\"findings\":[{\"level\":\"breaking\",\"change\":\"missing\",\"kind\":\"column\","
              "\"identity\":\"public.users.note\",\"property\":null,\"expected\":\"type=text\",\"found\":null,"
              "\"reason\":\"every statement that names it fails\",\"sqlstate\":\"42703\",\"diff\":null}]}\n");
    CHECK(markdown.code == 76);
    CHECK(contains(markdown.out, "| breaking |"));
    CHECK(contains(markdown.out, "public.users.note"));
  }

  TEST_CASE("a function's body is shown as a unified diff") {
    SealedImage image;
    image.migration("1_f", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n  SELECT 1\n  + 1\n$$").start();
    image.database.query("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n  SELECT 1\n  + 2\n$$");

    const Ran ran = image.command({"diff"});

    CHECK(ran.code == 76);
    CHECK(contains(ran.out, "function public.f(): def changed"));
    CHECK(contains(ran.out, "-  + 1\n"));
    CHECK(contains(ran.out, "+  + 2\n"));
  }

  TEST_CASE("without a snapshot there is nothing to compare with") {
    SealedImage image;
    add_shop(image);

    const Ran ran = image.command({"diff"});

    CHECK(ran.code == 78);
    CHECK(ran.err == "schemagate: there is no snapshot to compare with\n  where  " + image.snapshot() +
                         "\n  state  the database was not contacted; the program was not started\n"
                         "  next   schemagate snapshot writes it\n");
  }
}

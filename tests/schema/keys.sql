-- Indexes and keys of every form: some are described by our own text, all must read as PostgreSQL's.
CREATE SCHEMA "Odd ""schema";
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN email AS varchar(200);
CREATE DOMAIN amount AS int;

CREATE TABLE "Odd ""schema"."Select" (
  "Id" bigint PRIMARY KEY, "order" text UNIQUE, plain varchar(30), "a b" int, "c""d" int, "é" uuid,
  UNIQUE ("a b", "order"), UNIQUE ("order", "a b")
);
CREATE INDEX "Index of ""all""" ON "Odd ""schema"."Select" ("é", "c""d", plain, "a b");
CREATE UNIQUE INDEX "user" ON "Odd ""schema"."Select" ("c""d");

CREATE TABLE things (
  id int, a int, b text, c varchar(10), d char(5), e mood, f int[], g timestamptz, h numeric, i email, j amount,
  k name, l jsonb, m inet, n oid, o bool, p tsvector, q int4range, r "char", s bytea, t varchar COLLATE "C", u text COLLATE "C",
  CONSTRAINT things_key PRIMARY KEY (a, id),
  CONSTRAINT later UNIQUE (b) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT covering UNIQUE (c) INCLUDE (d, a),
  CONSTRAINT filled UNIQUE (g) WITH (fillfactor = 50),
  CONSTRAINT moods UNIQUE (e, a), CONSTRAINT mails UNIQUE (i), CONSTRAINT collated UNIQUE (t),
  CONSTRAINT apart EXCLUDE USING gist (q WITH &&),
  CONSTRAINT same EXCLUDE USING btree (h WITH =)
);
CREATE INDEX plain_a ON things (a);
CREATE INDEX many ON things (h, g, c, b, a);
CREATE INDEX twice ON things (a, a);
CREATE UNIQUE INDEX one ON things (id);
CREATE INDEX down ON things (a DESC);
CREATE INDEX nulls ON things (a NULLS FIRST, b);
CREATE INDEX down_last ON things (a DESC NULLS LAST);
CREATE INDEX partial ON things (a) WHERE b <> 'x';
CREATE INDEX expression ON things (lower(b));
CREATE INDEX mixed ON things (a, lower(b));
CREATE INDEX included ON things (a) INCLUDE (b, c);
CREATE INDEX filled_a ON things (a) WITH (fillfactor = 70);
CREATE INDEX deduplicated ON things (a) WITH (deduplicate_items = off);
CREATE INDEX patterns ON things (b text_pattern_ops, c varchar_pattern_ops, d bpchar_pattern_ops);
CREATE INDEX varchar_ops ON things (c varchar_ops);
CREATE INDEX text_ops ON things (c text_ops);
CREATE INDEX chars ON things (d);
CREATE INDEX other_collation ON things (b COLLATE "C");
CREATE INDEX other_collation_of_varchar ON things (a, c COLLATE "POSIX");
CREATE INDEX own_collation ON things (u, t);
CREATE INDEX default_collation ON things (u COLLATE "default");
CREATE INDEX moody ON things (e);
CREATE INDEX lists ON things (f);
CREATE INDEX domains ON things (i, j);
CREATE INDEX names ON things (k, n, o, r, s, m, l);
CREATE INDEX hashed ON things USING hash (b);
CREATE INDEX words ON things USING gin (p);
CREATE INDEX document ON things USING gin (l jsonb_path_ops);
CREATE INDEX ranges ON things USING gist (q);
CREATE INDEX summary ON things USING brin (g);
CREATE INDEX spread ON things USING spgist (m);

CREATE TABLE renamed (before_ int UNIQUE, after_ text, CONSTRAINT renamed_key PRIMARY KEY (after_));
CREATE INDEX renamed_columns ON renamed (after_, before_);
ALTER TABLE renamed RENAME before_ TO "Now";
ALTER TABLE renamed RENAME after_ TO then_;
ALTER TABLE renamed RENAME TO "Renamed";
ALTER INDEX renamed_columns RENAME TO "Columns";

CREATE TABLE gaps (gone int, a int, b int, PRIMARY KEY (b, a));
ALTER TABLE gaps DROP COLUMN gone;
CREATE INDEX gaps_ab ON gaps (a, b);

CREATE TABLE parts (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE INDEX parts_at ON parts (at);
CREATE INDEX parts_only ON ONLY parts (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');

CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (extra int UNIQUE) INHERITS (parent);
CREATE MATERIALIZED VIEW latest AS SELECT a, b FROM things;
CREATE UNIQUE INDEX latest_a ON latest (a);
CREATE INDEX latest_b ON latest (b);

-- An operator class of one's own that is the default for its type, and the one that it took the place of.
CREATE TYPE version AS ENUM ('1', '2');
CREATE FUNCTION compare(version, version) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT enum_cmp($1, $2)';
CREATE OPERATOR CLASS version_ops DEFAULT FOR TYPE version USING btree AS
  OPERATOR 1 < (anyenum, anyenum), OPERATOR 2 <= (anyenum, anyenum), OPERATOR 3 = (anyenum, anyenum),
  OPERATOR 4 >= (anyenum, anyenum), OPERATOR 5 > (anyenum, anyenum), FUNCTION 1 compare(version, version);
CREATE TABLE releases (v version, w version);
CREATE INDEX releases_v ON releases (v);
CREATE INDEX releases_w ON releases (w enum_ops);

-- The same for a domain, whose base type has a default; and one with options.
CREATE DOMAIN number AS int;
CREATE OPERATOR CLASS number_ops DEFAULT FOR TYPE number USING btree AS
  OPERATOR 1 < (int4, int4), OPERATOR 2 <= (int4, int4), OPERATOR 3 = (int4, int4), OPERATOR 4 >= (int4, int4),
  OPERATOR 5 > (int4, int4), FUNCTION 1 (number, number) btint4cmp(int4, int4);
CREATE TABLE numbers (n number, m number);
CREATE INDEX numbers_n ON numbers (n number_ops);
CREATE INDEX numbers_m ON numbers (m);
CREATE TYPE grade AS ENUM ('a', 'b');
CREATE OPERATOR CLASS grade_ops DEFAULT FOR TYPE grade USING btree AS
  OPERATOR 1 < (anyenum, anyenum), OPERATOR 2 <= (anyenum, anyenum), OPERATOR 3 = (anyenum, anyenum),
  OPERATOR 4 >= (anyenum, anyenum), OPERATOR 5 > (anyenum, anyenum),
  FUNCTION 1 (grade, grade) enum_cmp(anyenum, anyenum), FUNCTION 5 gtsvector_options(internal);
CREATE TABLE grades (g grade);
CREATE INDEX grades_g ON grades (g grade_ops (siglen = 77));

DO $$BEGIN
  IF current_setting('server_version_num')::int >= 150000 THEN
    EXECUTE 'CREATE UNIQUE INDEX no_nulls ON things (a, b) NULLS NOT DISTINCT';
    EXECUTE 'ALTER TABLE things ADD CONSTRAINT no_null UNIQUE NULLS NOT DISTINCT (n)';
  END IF;
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'CREATE TABLE stays (id int4range, during daterange, PRIMARY KEY (id, during WITHOUT OVERLAPS))';
  END IF;
END$$;

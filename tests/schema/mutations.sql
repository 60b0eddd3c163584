-- What may have happened to a live schema, each tried alone on kitchen_sink.sql: the level of the worst finding, a name
-- and the SQL. "none" is deliberately not detected, "same" neither, but must change the fingerprint. [18] is for that
-- major and later, [-15] for that and earlier.

--! breaking a table is dropped
DROP TABLE public.hooks CASCADE;
--! breaking a table is renamed
ALTER TABLE public.settings RENAME TO setting;
--! same two tables trade names
ALTER TABLE public.left_twin RENAME TO tmp; ALTER TABLE public.right_twin RENAME TO left_twin; ALTER TABLE tmp RENAME TO right_twin;
--! breaking a table is in another schema
ALTER TABLE public.settings SET SCHEMA spare;
--! breaking a schema is renamed
ALTER SCHEMA app RENAME TO apps;
--! breaking a schema is dropped
DROP SCHEMA spare;
--! harmless a table is added
CREATE TABLE public.added (id integer);
--! harmless a column has the name of no type
CREATE TABLE public.added ("???" integer);
--! risky a table is added that refers to one
CREATE TABLE public.added (hook_id integer REFERENCES public.hooks);
--! harmless a table is unlogged
ALTER TABLE public.settings SET UNLOGGED;
--! harmless an unlogged table is logged
ALTER TABLE app.cache SET LOGGED;
--! harmless storage parameters change
ALTER TABLE app.users SET (fillfactor = 70);
--! harmless storage parameters are reset
ALTER TABLE app.users RESET (fillfactor);
--! harmless storage parameters of the TOAST table change
ALTER TABLE app.users SET (toast.autovacuum_enabled = true);
--! harmless storage parameters of a TOAST table are added
ALTER TABLE public.settings SET (toast.autovacuum_vacuum_threshold = 99);
--! harmless storage parameters of a TOAST table move to another
ALTER TABLE app.users RESET (toast.autovacuum_enabled); ALTER TABLE public.settings SET (toast.autovacuum_enabled = false);
--! risky the replica identity changes
ALTER TABLE public.settings REPLICA IDENTITY NOTHING;
--! risky the replica identity is an index
ALTER TABLE app.orders REPLICA IDENTITY USING INDEX orders_pkey;
--! harmless a typed table is on its own
ALTER TABLE app.pair NOT OF;
--! risky a table no longer inherits
ALTER TABLE app.dogs NO INHERIT app.animals;
--! risky a table inherits
ALTER TABLE app.cats INHERIT app.animals;
--! breaking a table became partitioned by another key
DROP TABLE app.attendance, app.events; CREATE TABLE app.events (id bigint NOT NULL, at timestamptz NOT NULL, kind text, PRIMARY KEY (id, at)) PARTITION BY HASH (id);
--! risky a table became a view that can be written
ALTER TABLE public.left_twin RENAME TO twin; CREATE VIEW public.left_twin AS SELECT id FROM public.twin;
--! breaking a table became a view that cannot
DROP TABLE public.settings; CREATE VIEW public.settings AS SELECT ''::text AS key, NULL::jsonb AS value;

--! breaking a column is dropped
ALTER TABLE app.users DROP COLUMN bio;
--! breaking a column is renamed
ALTER TABLE app.users RENAME COLUMN bio TO biography;
--! breaking a column is dropped and added again elsewhere with another type
ALTER TABLE app.users DROP COLUMN small, ADD COLUMN small text;
--! harmless a column is dropped and added again, so at the end
ALTER TABLE app.users DROP COLUMN bio; ALTER TABLE app.users ADD COLUMN bio text; ALTER TABLE app.users ALTER bio SET STORAGE EXTERNAL;
--! harmless a column is added
ALTER TABLE app.users ADD COLUMN extra text;
--! harmless a column is added that has a default
ALTER TABLE app.users ADD COLUMN extra text NOT NULL DEFAULT '';
--! breaking a column is added that must be given
ALTER TABLE app.users ADD COLUMN extra text NOT NULL;
--! harmless a column is longer
ALTER TABLE app.attendance ALTER place TYPE varchar(40);
--! breaking a column is shorter
ALTER TABLE app.attendance ALTER place TYPE varchar(10);
--! harmless a column has no limit any more
ALTER TABLE app.attendance ALTER place TYPE text;
--! risky an integer is wider
ALTER TABLE public.hooks ALTER fired TYPE bigint;
--! breaking a column is of another type
ALTER TABLE app.users ALTER small TYPE text;
--! breaking a number has fewer digits
DROP VIEW app.rich; ALTER TABLE app.users DROP CONSTRAINT users_state, ALTER balance TYPE numeric(8,2);
--! risky a timestamp is without time zone
ALTER TABLE app.attendance DROP CONSTRAINT attendance_event; ALTER TABLE app.attendance ALTER event_at TYPE timestamp;
--! risky jsonb is json
ALTER TABLE public.settings ALTER value TYPE json;
--! breaking NOT NULL is set
ALTER TABLE app.users ALTER born SET NOT NULL;
--! risky NOT NULL is set where there is a default
ALTER TABLE app.users ALTER age SET NOT NULL;
--! risky NOT NULL is dropped
ALTER TABLE app.orders ALTER room DROP NOT NULL;
--! breaking a default is dropped from a column that must be given
ALTER TABLE app.users ALTER name DROP DEFAULT;
--! risky a default is dropped
ALTER TABLE app.users ALTER age DROP DEFAULT;
--! risky a default changes
ALTER TABLE app.users ALTER age SET DEFAULT 21;
--! risky a default moves by a time zone
ALTER TABLE app.users ALTER expires_at SET DEFAULT '2030-01-01 01:00:00+00';
--! harmless a default is added
ALTER TABLE app.users ALTER born SET DEFAULT '2000-01-01';
--! risky a default with other white space
ALTER TABLE app.users ALTER settings SET DEFAULT '{"a": "b\n\n"}';
--! risky a collation changes
ALTER TABLE public.settings ALTER key TYPE text COLLATE "C";
--! risky a collation is the type's own again
ALTER TABLE app.users ALTER nick TYPE citext COLLATE "default";
--! breaking an identity is dropped
ALTER TABLE app.orders ALTER number DROP IDENTITY;
--! breaking an identity is added that forbids values
ALTER TABLE app.animals ALTER id DROP DEFAULT, ALTER id ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME app.animal_ids);
--! harmless an identity allows values
ALTER TABLE app.orders ALTER id SET GENERATED BY DEFAULT;
--! breaking an identity forbids values
ALTER TABLE app.orders ALTER number SET GENERATED ALWAYS;
--! breaking a generated column is plain
ALTER TABLE app.users ALTER shout DROP EXPRESSION;
--! risky a generated column is computed otherwise
ALTER TABLE app.users DROP COLUMN shout; ALTER TABLE app.users ADD COLUMN shout text GENERATED ALWAYS AS (lower(name::text)) STORED;
--! harmless a column's storage changes
ALTER TABLE app.users ALTER bio SET STORAGE MAIN;
--! harmless a column's compression changes
ALTER TABLE app.users ALTER bio SET COMPRESSION pglz;
--! harmless a column's statistics target changes
ALTER TABLE app.users ALTER born SET STATISTICS 77;
--! harmless a column's statistics target is reset
ALTER TABLE app.users ALTER age SET STATISTICS -1;
--! harmless a column's options change
ALTER TABLE app.users ALTER name SET (n_distinct = -0.7);
--! breaking a column with odd letters is dropped
ALTER TABLE app."Odd.Name" DROP COLUMN "with\slash";
--! harmless a virtual column is added [18]
ALTER TABLE app.users ADD COLUMN twice integer GENERATED ALWAYS AS (age * 2) VIRTUAL;

--! breaking a primary key is dropped
ALTER TABLE app.cache DROP CONSTRAINT cache_pkey;
--! risky a primary key is renamed
ALTER TABLE app.cache RENAME CONSTRAINT cache_pkey TO cache_key;
--! breaking a unique constraint is dropped
ALTER TABLE app.users DROP CONSTRAINT users_public_id_key;
--! breaking a unique constraint is deferrable
ALTER TABLE app.users DROP CONSTRAINT users_public_id_key, ADD CONSTRAINT users_public_id_key UNIQUE (public_id) DEFERRABLE;
--! risky a unique constraint is added
ALTER TABLE app.users ADD UNIQUE (born);
--! risky nulls are equal in a unique constraint [15]
ALTER TABLE app.users DROP CONSTRAINT users_public_id_key, ADD CONSTRAINT users_public_id_key UNIQUE NULLS NOT DISTINCT (public_id);
--! harmless a unique constraint includes nothing any more
ALTER TABLE app.orders DROP CONSTRAINT orders_number_key, ADD CONSTRAINT orders_number_key UNIQUE (number);
--! risky a foreign key is dropped
ALTER TABLE app.orders DROP CONSTRAINT orders_parent_id_fkey;
--! risky a foreign key is added
ALTER TABLE public.hooks ADD CONSTRAINT hooks_fired FOREIGN KEY (fired) REFERENCES app.animals;
--! risky a foreign key is added that is not validated
ALTER TABLE public.hooks ADD CONSTRAINT hooks_fired FOREIGN KEY (fired) REFERENCES app.animals NOT VALID;
--! risky a foreign key deletes otherwise
ALTER TABLE app.orders DROP CONSTRAINT orders_parent_id_fkey, ADD CONSTRAINT orders_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES app.orders ON DELETE CASCADE;
--! breaking a foreign key is immediate
ALTER TABLE app.orders ALTER CONSTRAINT orders_user_fkey DEFERRABLE INITIALLY IMMEDIATE;
--! breaking a foreign key is not deferrable
ALTER TABLE app.orders ALTER CONSTRAINT orders_user_fkey NOT DEFERRABLE;
--! risky a foreign key to a partitioned table is dropped
ALTER TABLE app.attendance DROP CONSTRAINT attendance_event;
--! risky foreign keys are not enforced, since all triggers are disabled
ALTER TABLE app.orders DISABLE TRIGGER ALL;
--! harmless a CHECK is dropped
ALTER TABLE app.orders DROP CONSTRAINT orders_total_check;
--! risky a CHECK is added
ALTER TABLE app.orders ADD CHECK (room > 0);
--! risky a CHECK is added that is not validated
ALTER TABLE app.orders ADD CHECK (room > 0) NOT VALID;
--! harmless a CHECK is added that is not enforced [18]
ALTER TABLE app.orders ADD CHECK (room > 0) NOT ENFORCED;
--! risky a CHECK is stricter
ALTER TABLE app.orders DROP CONSTRAINT orders_total_check, ADD CONSTRAINT orders_total_check CHECK (total > 10);
--! harmless a CHECK is validated
ALTER TABLE app.orders VALIDATE CONSTRAINT orders_late;
--! risky a CHECK is inherited
ALTER TABLE app.users DROP CONSTRAINT users_state, ADD CONSTRAINT users_state CHECK (name IN ('a', 'b') OR age BETWEEN 1 AND 200 AND balance > 0);
--! risky a CHECK has another list
ALTER TABLE app.users DROP CONSTRAINT users_state, ADD CONSTRAINT users_state CHECK (name IN ('a', 'c') OR age BETWEEN 1 AND 200 AND balance > 0) NO INHERIT;
--! risky an exclusion is dropped
ALTER TABLE app.orders DROP CONSTRAINT orders_room_excl;
--! risky an exclusion excludes otherwise
ALTER TABLE app.orders DROP CONSTRAINT orders_room_excl, ADD CONSTRAINT orders_room_excl EXCLUDE USING gist (room WITH =, during WITH =);
--! risky a constraint is renamed
ALTER TABLE app.users RENAME CONSTRAINT users_public_id_key TO users_public;
--! breaking NOT NULL that is not validated [18]
ALTER TABLE app.users ADD CONSTRAINT born_given NOT NULL born NOT VALID;

--! harmless an index is dropped
DROP INDEX app.orders_user;
--! harmless an index is renamed
ALTER INDEX app.orders_user RENAME TO orders_by_user;
--! harmless an index is added
CREATE INDEX hooks_fired ON public.hooks (fired);
--! risky a unique index is added
CREATE UNIQUE INDEX hooks_fired ON public.hooks (fired);
--! breaking a unique index is dropped
DROP INDEX app.orders_open;
--! breaking a unique index has another predicate
DROP INDEX app.orders_open; CREATE UNIQUE INDEX orders_open ON app.orders (user_id) WHERE status = 'closed';
--! harmless an index has another predicate
DROP INDEX app.users_email_lower; CREATE INDEX users_email_lower ON app.users (lower(email) text_pattern_ops) INCLUDE (age) WHERE age > 21;
--! harmless an index has another operator class
DROP INDEX app.users_email_lower; CREATE INDEX users_email_lower ON app.users (lower(email)) INCLUDE (age) WHERE age > 18;
--! harmless an index has another order
DROP INDEX app.users_name; CREATE INDEX users_name ON app.users (name COLLATE "C" DESC NULLS FIRST, born);
--! harmless an index has another collation
DROP INDEX app.users_name; CREATE INDEX users_name ON app.users (name DESC NULLS LAST, born);
--! harmless an index has other parameters
ALTER INDEX app.users_tags SET (fastupdate = on);
--! harmless the index of a constraint has parameters
ALTER INDEX app.users_pkey SET (fillfactor = 50);
--! harmless statistics of an index's expression change
ALTER INDEX app.users_email_lower ALTER COLUMN 1 SET STATISTICS 44;
--! harmless an index is invalid
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.orders_user'::regclass;
--! breaking a unique index is invalid
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.orders_open'::regclass;
--! harmless an index of a partitioned table is dropped
DROP INDEX app.events_kind;
--! breaking the unique index of a materialized view is dropped
DROP INDEX app.totals_user;

--! breaking a sequence is dropped
ALTER TABLE app.orders ALTER ticket DROP DEFAULT; DROP SEQUENCE app.tickets;
--! risky a sequence counts otherwise
ALTER SEQUENCE app.tickets INCREMENT 1;
--! risky a sequence ends earlier
ALTER SEQUENCE app.tickets MAXVALUE 500;
--! risky a sequence begins again
ALTER SEQUENCE app.tickets CYCLE;
--! harmless a sequence caches more
ALTER SEQUENCE app.tickets CACHE 50;
--! harmless a sequence starts elsewhere
ALTER SEQUENCE app.tickets START 15;
--! risky a sequence is of another type
ALTER SEQUENCE app.tickets AS bigint;
--! harmless a sequence belongs to a column
ALTER SEQUENCE app.tickets OWNED BY app.orders.ticket;
--! harmless a sequence is added
CREATE SEQUENCE app.more;

--! risky a label is added
ALTER TYPE app.colour ADD VALUE 'blue';
--! breaking a label is renamed
ALTER TYPE app.colour RENAME VALUE 'red' TO 'rouge';
--! breaking a label is removed
DROP TYPE app.colour; CREATE TYPE app.colour AS ENUM ('red');
--! risky labels are in another order
DROP TYPE app.colour; CREATE TYPE app.colour AS ENUM ('green', 'red');
--! risky a label is added between
ALTER TYPE app.mood ADD VALUE 'so so' BEFORE 'ok';
--! breaking an enum is dropped
DROP TYPE app.colour;
--! breaking an enum is renamed
ALTER TYPE app.colour RENAME TO color;
--! risky a domain refuses more
ALTER DOMAIN app.positive ADD CHECK (VALUE < 100);
--! harmless a domain refuses less
ALTER DOMAIN app.positive DROP CONSTRAINT positive_check;
--! harmless a domain refuses less, by a constraint with a strange name
ALTER DOMAIN app.odd DROP CONSTRAINT "a=b
c\d";
--! risky a domain has another default
ALTER DOMAIN app.email SET DEFAULT 'x@y';
--! breaking a domain is dropped
DROP DOMAIN app.positive;
--! breaking an attribute is added
ALTER TYPE app.address ADD ATTRIBUTE country text CASCADE;
--! breaking an attribute is of another type
DROP TABLE app.pair; ALTER TABLE app.users DROP home; DROP TYPE app.address; CREATE TYPE app.address AS (street text, zip integer, city text COLLATE "C"); ALTER TABLE app.users ADD home app.address; CREATE TABLE app.pair OF app.address;
--! breaking an attribute is renamed
ALTER TYPE app.address RENAME ATTRIBUTE zip TO postcode CASCADE;
--! breaking a range is of another type
DROP TYPE app.spans; CREATE TYPE app.spans AS RANGE (subtype = integer);
--! risky a range has no difference function
DROP TYPE app.spans; CREATE TYPE app.spans AS RANGE (subtype = float8);

--! risky a view shows other rows
CREATE OR REPLACE VIEW app.adults AS SELECT u.id, u.name, u.mood FROM app.users u WHERE u.age >= 21;
--! breaking a view lacks a column
DROP VIEW app.adults; CREATE VIEW app.adults AS SELECT u.id, u.name FROM app.users u WHERE u.age >= 18;
--! breaking a view has its columns in another order
DROP VIEW app.adults; CREATE VIEW app.adults AS SELECT u.id, u.mood, u.name FROM app.users u WHERE u.age >= 18;
--! risky a view has another column at its end
CREATE OR REPLACE VIEW app.adults AS SELECT u.id, u.name, u.mood, u.age FROM app.users u WHERE u.age >= 18;
--! breaking a view is dropped
DROP VIEW app.adults;
--! risky a view has no security barrier
ALTER VIEW app.open_orders RESET (security_barrier);
--! risky a view checks nothing
ALTER VIEW app.rich RESET (check_option);
--! breaking a view cannot be written any more
CREATE OR REPLACE VIEW app.adults AS SELECT DISTINCT u.id, u.name, u.mood FROM app.users u WHERE u.age >= 18;
--! breaking a materialized view is dropped
DROP MATERIALIZED VIEW app.totals;
--! harmless a view is added
CREATE VIEW app.seniors AS SELECT 1 AS one;

--! risky a function's body changes
CREATE OR REPLACE FUNCTION app.plus(a integer, b integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT a + b + 1';
--! risky a function's volatility changes
ALTER FUNCTION app.plus(integer, integer) VOLATILE;
--! risky a function runs as who calls it
ALTER FUNCTION app.whoami() SECURITY INVOKER;
--! risky a function's search_path is gone
ALTER FUNCTION app.whoami() RESET search_path;
--! risky a function is called for NULL too
ALTER FUNCTION app.plus(integer, integer) CALLED ON NULL INPUT;
--! risky a function costs more
ALTER FUNCTION app.rows() COST 50;
--! breaking a function has no default any more
DROP FUNCTION app.plus(integer, integer); CREATE FUNCTION app.plus(a integer, b integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT a + b';
--! breaking a function is dropped
DROP FUNCTION app.plus(integer, integer);
--! risky a function's argument has another name
DROP FUNCTION app.plus(integer, integer); CREATE FUNCTION app.plus(x integer, y integer DEFAULT 1) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT x + y';
--! risky a function's body has other control characters
CREATE OR REPLACE FUNCTION app.separated() RETURNS text LANGUAGE sql AS E'SELECT \'\x1f\x1fb\'';
--! breaking a function returns another type
DROP FUNCTION app.plus(integer, integer); CREATE FUNCTION app.plus(a integer, b integer DEFAULT 1) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
--! risky a function is overloaded
CREATE FUNCTION app.plus(a integer, b integer, c integer DEFAULT 0) RETURNS integer LANGUAGE sql AS 'SELECT 1';
--! harmless a function is added
CREATE FUNCTION app.minus(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1';
--! risky a standard body changes
CREATE OR REPLACE FUNCTION app.inlined(x integer) RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM app.users WHERE users.age >= x; END;
--! risky a procedure's body changes
CREATE OR REPLACE PROCEDURE app.tidy(days integer, INOUT gone integer) LANGUAGE plpgsql AS $$BEGIN gone := days + 1; END$$;
--! breaking a procedure is dropped
DROP PROCEDURE app.tidy;
--! risky an aggregate starts elsewhere
CREATE OR REPLACE AGGREGATE app.total(integer) (sfunc = int4pl, stype = integer, initcond = '1');
--! breaking an aggregate is dropped
DROP AGGREGATE app.total(integer);

--! risky a trigger is dropped
DROP TRIGGER orders_touch ON app.orders;
--! risky a trigger is disabled
ALTER TABLE app.orders DISABLE TRIGGER orders_touch;
--! risky a trigger is enabled
ALTER TABLE app.orders ENABLE TRIGGER orders_off;
--! risky a trigger is added
CREATE TRIGGER another BEFORE INSERT ON public.hooks FOR EACH ROW EXECUTE FUNCTION app.touch();
--! risky a trigger has another condition
DROP TRIGGER orders_touch ON app.orders; CREATE TRIGGER orders_touch BEFORE UPDATE OF note ON app.orders FOR EACH ROW EXECUTE FUNCTION app.touch();
--! risky a rule is dropped
DROP RULE hooks_quiet ON public.hooks;
--! risky a rule is disabled
ALTER TABLE public.hooks DISABLE RULE hooks_quiet;
--! risky a rule is added
CREATE RULE quieter AS ON UPDATE TO public.hooks DO INSTEAD NOTHING;
--! risky an event trigger is disabled
ALTER EVENT TRIGGER notice_ddl DISABLE;
--! risky an event trigger is dropped
DROP EVENT TRIGGER notice_ddl;

--! risky row-level security is off
ALTER TABLE app.orders DISABLE ROW LEVEL SECURITY;
--! breaking row-level security is on
ALTER TABLE public.settings ENABLE ROW LEVEL SECURITY;
--! breaking row-level security holds for the owner
ALTER TABLE app.orders FORCE ROW LEVEL SECURITY;
--! breaking a policy is dropped
DROP POLICY own ON app.orders;
--! breaking a policy shows other rows
ALTER POLICY own ON app.orders USING (user_id > 100);
--! breaking a policy is for others
ALTER POLICY own ON app.orders TO pg_monitor;
--! breaking a policy is for the owner no more
ALTER POLICY mine ON app.orders TO pg_monitor;
--! breaking a policy restricts
CREATE POLICY more ON app.orders AS RESTRICTIVE USING (total < 1);

--! harmless statistics are dropped
DROP STATISTICS app.users_born;
--! harmless statistics have another target
ALTER STATISTICS app.users_born SET STATISTICS 300;
--! breaking an operator is dropped
DROP OPERATOR app.=== (integer, integer);
--! breaking a cast is dropped
DROP CAST (integer AS app.mood);
--! risky a cast is implicit
DROP CAST (integer AS app.mood); CREATE CAST (integer AS app.mood) WITH FUNCTION app.to_mood(integer) AS IMPLICIT;
--! harmless a cast between PostgreSQL's own types is added
CREATE CAST (bytea AS json) WITHOUT FUNCTION;
--! harmless a cast makes operators ambiguous
CREATE CAST (integer AS text) WITH INOUT AS IMPLICIT; CREATE CAST (bigint AS text) WITH INOUT AS IMPLICIT; CREATE CAST (oid AS text) WITH INOUT AS IMPLICIT; CREATE CAST (smallint AS text) WITH INOUT AS IMPLICIT;
--! risky an operator class is dropped
DROP OPERATOR CLASS app.odd_ops USING btree;
--! breaking a collation is dropped
DROP COLLATION app.de;
--! risky a collation is another
DROP COLLATION app.de; CREATE COLLATION app.de (provider = icu, locale = 'fr-FR');
--! risky a dictionary has another option
ALTER TEXT SEARCH DICTIONARY app.plain (STOPWORDS = german);
--! risky a configuration maps otherwise
ALTER TEXT SEARCH CONFIGURATION app.search ALTER MAPPING FOR asciiword WITH app.plain;
--! breaking a configuration is dropped
DROP TEXT SEARCH CONFIGURATION app.search;
--! harmless an extension is added
CREATE EXTENSION pgcrypto;
--! breaking an extension is dropped
DROP EXTENSION btree_gist CASCADE;
--! harmless an extension is in another schema
ALTER EXTENSION btree_gist SET SCHEMA spare;
--! risky a foreign table is read from elsewhere
ALTER FOREIGN TABLE app.remote OPTIONS (SET table_name 'u');
--! risky a foreign table's column is read from elsewhere
ALTER FOREIGN TABLE app.remote ALTER id OPTIONS (SET column_name 'other');
--! breaking a foreign table is dropped
DROP FOREIGN TABLE app.remote;
--! risky a foreign server is renamed
ALTER SERVER elsewhere RENAME TO nowhere;

--! none an owner changes
ALTER TABLE app.users OWNER TO pg_monitor;
--! none rights are granted
GRANT SELECT ON app.users TO PUBLIC;
--! none rights on a column are granted
GRANT SELECT (email) ON app.users TO PUBLIC;
--! none default rights change
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC;
--! none a comment is made
COMMENT ON COLUMN app.users.bio IS 'about them';
--! none a publication is made
CREATE PUBLICATION everything FOR ALL TABLES;
--! none a sequence goes on
SELECT setval('app.tickets', 500);
--! none a server has other options
ALTER SERVER elsewhere OPTIONS (SET host 'other.example');
--! none a large object is made
SELECT lo_create(0);
--! none a partition is made
CREATE TABLE app.events_2026 PARTITION OF app.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
--! none an index is made on a partition
CREATE INDEX events_2024_at ON app.events_2024 (at);
--! none a temporary table is made
CREATE TEMPORARY TABLE passing (id integer PRIMARY KEY);
--! none the history table gets a column
ALTER TABLE public._prisma_migrations ADD COLUMN extra text;
--! none a system setting of the database changes
DO $$BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = ''8MB''', current_database()); END$$;

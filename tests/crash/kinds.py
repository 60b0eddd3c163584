"""The migrations that are disturbed. Each counts in powers of ten, so that nothing done twice or left out hides."""
import hashlib

BASE = """
CREATE TABLE counter (n int NOT NULL);
INSERT INTO counter VALUES (0);
CREATE TABLE item (id int PRIMARY KEY, code text, size int);
INSERT INTO item SELECT i, 'c' || i, i % 7 FROM generate_series(1, 300) i;
CREATE INDEX item_size ON item (size);
CREATE INDEX item_old ON item (code);
-- Somebody else's, not to be tidied away.
CREATE INDEX item_broken ON item (size);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'item_broken'::regclass;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE feeling (id int PRIMARY KEY, mood mood);
CREATE TABLE event (day date NOT NULL, what text) PARTITION BY RANGE (day);
CREATE TABLE event_2023 PARTITION OF event FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO event VALUES ('2023-05-01', 'old'), ('2024-05-01', 'new');
"""

# As Prisma creates it (prisma-engines, sql-schema-connector, imperative_migration_persistence), with the first one.
HISTORY = f"""
CREATE TABLE _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
);
INSERT INTO _prisma_migrations VALUES
    (gen_random_uuid(), '{hashlib.sha256(BASE.encode()).hexdigest()}', now(), '0001_step', NULL, NULL, now(), 1);
"""

COUNT = "UPDATE counter SET n = n + 1;\n"

TRANSACTIONAL = """
ALTER TABLE item ADD COLUMN note text NOT NULL DEFAULT 'none';
CREATE TABLE box (id int PRIMARY KEY, item int REFERENCES item);
INSERT INTO box SELECT id, id FROM item WHERE size = 3;
CREATE UNIQUE INDEX item_code ON item (code);
UPDATE counter SET n = n + 10;
"""

DATA = """
UPDATE counter SET n = n + 10;
INSERT INTO item SELECT id + 1000, code || 'x', size FROM item;
DELETE FROM item WHERE size = 2;
UPDATE item SET size = size + 1;
"""

OWN = """
BEGIN;
UPDATE counter SET n = n + 10;
CREATE TABLE one (id int);
COMMIT;
"""

OWN_TWICE = """
BEGIN;
UPDATE counter SET n = n + 100;
CREATE TABLE two (id int);
COMMIT;
BEGIN;
UPDATE counter SET n = n + 1000;
INSERT INTO two VALUES (1);
COMMIT;
"""

CONCURRENT = [
    "CREATE INDEX CONCURRENTLY item_both ON item (size, code);\n",
    COUNT,
    "CREATE UNIQUE INDEX CONCURRENTLY item_code ON item (code);\n",
    "REINDEX INDEX CONCURRENTLY item_size;\n",
    "DROP INDEX CONCURRENTLY item_old;\n",
]

ENUM = """
UPDATE counter SET n = n + 10;
ALTER TYPE mood ADD VALUE 'glad';
INSERT INTO feeling VALUES (1, 'glad');
UPDATE counter SET n = n + 100;
"""

MIXED = """
-- Everything that a release may need, in one file.
CREATE TABLE box (id int PRIMARY KEY, item int REFERENCES item);
UPDATE counter SET n = n + 10;
CREATE INDEX CONCURRENTLY item_both ON item (size, code);
UPDATE item SET size = size + 1;
UPDATE counter SET n = n + 100;
CREATE UNIQUE INDEX CONCURRENTLY item_code ON item (code);
DROP INDEX CONCURRENTLY item_old;
REINDEX INDEX CONCURRENTLY item_size;
VACUUM item;
ALTER TYPE mood ADD VALUE 'glad';
INSERT INTO feeling VALUES (1, 'glad');
UPDATE counter SET n = n + 1000;
ALTER TABLE event DETACH PARTITION event_2023 CONCURRENTLY;
INSERT INTO box SELECT id, id FROM item WHERE size = 3;
UPDATE counter SET n = n + 10000;
"""

# Names that the server chooses, that need quotes, that may be there; what is not told by a name at all.
ODD = """
UPDATE counter SET n = n + 10;
CREATE INDEX CONCURRENTLY ON item (code, size);
CREATE INDEX CONCURRENTLY ON item (code, size);
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "Odd; ""Name" ON public.item (lower(code)) WHERE size >= 0;
REINDEX TABLE CONCURRENTLY item;
UPDATE counter SET n = n + 100;
ALTER TYPE mood RENAME VALUE 'sad' TO 'blue';
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'calm' BEFORE 'ok';
INSERT INTO feeling VALUES (1, 'calm'), (2, 'blue');
DROP INDEX CONCURRENTLY IF EXISTS item_old;
CREATE INDEX CONCURRENTLY item_old ON item (size DESC, code);
DROP INDEX CONCURRENTLY item_old;
CREATE INDEX CONCURRENTLY item_old ON item (code);
VACUUM (ANALYZE) item;
REINDEX (VERBOSE) INDEX CONCURRENTLY "Odd; ""Name";
UPDATE counter SET n = n + 1000
"""

# A procedure that commits, which only the server can tell.
CALL = """
UPDATE counter SET n = n + 10;
CREATE PROCEDURE twice() LANGUAGE plpgsql AS $$ BEGIN
  UPDATE counter SET n = n + 100; COMMIT; UPDATE counter SET n = n + 1000; COMMIT;
END $$;
CALL twice();
UPDATE counter SET n = n + 10000;
DO $$ BEGIN UPDATE counter SET n = n + 100000; COMMIT; END $$;
"""

# What a session has been told holds for the statements behind it, also in the session that goes on with them.
SETTINGS = """
CREATE SCHEMA side;
SET search_path TO side, public;
SET statement_timeout = '60s';
CREATE TABLE told (id int, told text DEFAULT current_setting('statement_timeout'));
INSERT INTO told VALUES (1);
CREATE INDEX CONCURRENTLY told_id ON told (id);
INSERT INTO told VALUES (2);
UPDATE counter SET n = n + 10;
DROP INDEX CONCURRENTLY told_id;
CREATE TABLE told_again AS SELECT * FROM told;
RESET search_path;
CREATE INDEX CONCURRENTLY side_id ON side.told (id);
CREATE TABLE plain AS SELECT current_setting('search_path') AS path, current_setting('statement_timeout') AS timeout;
UPDATE counter SET n = n + 100;
"""

# The first script of all but one is in the database already.
KINDS = {
    "first": [BASE, COUNT],
    "transactional": [BASE, TRANSACTIONAL, COUNT],
    "data": [BASE, DATA, COUNT],
    "own": [BASE, OWN, OWN_TWICE, COUNT],
    "call": [BASE, CALL, COUNT],
    "concurrent": [BASE, *CONCURRENT, COUNT],
    "enum": [BASE, ENUM, COUNT],
    "mixed": [BASE, MIXED, COUNT],
    "odd": [BASE, ODD, COUNT],
    "settings": [BASE, SETTINGS, COUNT],
}

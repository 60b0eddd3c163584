"""What is played: every command, on every way that it can take."""
# The traps are an extension's; what is made later in the same schema is not.
DEPENDS = """
SELECT l.name FROM spy.laid l JOIN pg_depend e ON e.classid = l.catalog AND e.objid = l.oid AND e.deptype = 'e'
                              JOIN pg_depend d ON d.refclassid = l.catalog AND d.refobjid = l.oid
WHERE d.objid = 'public._prisma_migrations'::regclass
   OR d.objid IN (SELECT oid FROM pg_attrdef WHERE adrelid = 'public._prisma_migrations'::regclass)"""
NONE = ("--snapshot", "none")
LOCK = "SELECT pg_catalog.pg_advisory_lock(72707369)"

# All names are qualified, also operators: a trap that one of these scripts falls into is not schemagate's.
BASE = """
CREATE TABLE public.a (id pg_catalog.int4 PRIMARY KEY, b pg_catalog.text DEFAULT 'x', c pg_catalog.varchar,
                       CHECK (id OPERATOR(pg_catalog.>) 0));
CREATE UNIQUE INDEX a_b ON public.a (b, c);
CREATE INDEX a_lower ON public.a (pg_catalog.lower(b)) WHERE id OPERATOR(pg_catalog.>) 1;
CREATE VIEW public.v AS SELECT id, b FROM public.a;
CREATE TYPE public.mood AS ENUM ('good', 'bad');
CREATE DOMAIN public.few AS pg_catalog.int4 DEFAULT 1 CHECK (VALUE OPERATOR(pg_catalog.<) 10);
CREATE TABLE public.c (id pg_catalog.int4 REFERENCES public.a (id), m public.mood, f public.few,
                       n pg_catalog.int8 GENERATED ALWAYS AS IDENTITY);
CREATE TABLE public.p (id pg_catalog.int4) PARTITION BY RANGE (id);
CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM (0) TO (10);
CREATE TABLE public.p2 PARTITION OF public.p FOR VALUES FROM (10) TO (20);
CREATE FUNCTION public.f() RETURNS pg_catalog.int4 LANGUAGE sql AS 'SELECT 1';
INSERT INTO public.a (id, b) VALUES (1, 'a'), (2, 'b');
"""

WHOLE = """
CREATE TABLE public.b (id pg_catalog.int4 PRIMARY KEY, v pg_catalog.int4);
INSERT INTO public.b VALUES (1, 1), (2, 1);
ALTER TABLE public.a ADD COLUMN d public.few DEFAULT 2;
ALTER TABLE public.a ADD CONSTRAINT positive CHECK (id OPERATOR(pg_catalog.>) 0);
SELECT public.f();
"""
PARTS = """
CREATE INDEX CONCURRENTLY b_v ON b (v);
REINDEX INDEX CONCURRENTLY public.b_v;
INSERT INTO public.b VALUES (3, 3);
VACUUM public.b;
ALTER TABLE public.p DETACH PARTITION public.p1 CONCURRENTLY;
DROP INDEX CONCURRENTLY public.b_v;
"""
OWN = "BEGIN; INSERT INTO public.b VALUES (4, 4); COMMIT; BEGIN; INSERT INTO public.b VALUES (5, 5); COMMIT;"
CALL = """
CREATE PROCEDURE public.pause() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
CREATE PROCEDURE public.steps() LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO public.b VALUES (6, 6); COMMIT; INSERT INTO public.b VALUES (7, 7); END $$;
CALL public.steps();
INSERT INTO public.b VALUES (8, 8);
"""
ENUM = "ALTER TYPE public.mood ADD VALUE 'fair'; INSERT INTO public.c (id, m) VALUES (1, 'fair');"
UNLOCK = "SELECT pg_catalog.pg_advisory_unlock_all(); INSERT INTO public.b VALUES (9, 9);"
PATH = """
SET search_path = {schema}, pg_catalog, public;
CREATE INDEX CONCURRENTLY b_path ON b (v);
REINDEX INDEX CONCURRENTLY b_path;
INSERT INTO public.b VALUES (10, 10);
"""
TEMPORARY = """
SELECT spy.lay_temporary();
CREATE INDEX CONCURRENTLY b_temporary ON public.b (v);
INSERT INTO public.b VALUES (11, 11);
REINDEX INDEX CONCURRENTLY public.b_temporary;
CALL public.pause();
ALTER TABLE public.p DETACH PARTITION public.p2 CONCURRENTLY;
DROP INDEX CONCURRENTLY public.b_temporary;
"""

KILLED = """
INSERT INTO public.b VALUES (30, 30);
CREATE INDEX CONCURRENTLY b_killed ON b (v);
REINDEX INDEX CONCURRENTLY b_killed;
"""
APPLIED = {"parts": PARTS, "own transactions": OWN, "calls": CALL, "new value": ENUM, "unlocks": UNLOCK, "path": PATH,
           "temporary": TEMPORARY}

# Each fails; exit 65.
FAILING = {
    "division": "SELECT 1 OPERATOR(pg_catalog./) 0",
    "unread": "SELECT (",
    "duplicates": "CREATE UNIQUE INDEX CONCURRENTLY b_once ON public.b (v)",
    "duplicates behind": "INSERT INTO public.b VALUES (20, 20);\nCREATE UNIQUE INDEX CONCURRENTLY b_once ON b (v)",
    "duplicates, temporary": "SELECT spy.lay_temporary();\nCREATE UNIQUE INDEX CONCURRENTLY b_once ON public.b (v)",
    "no index to drop": "DROP INDEX CONCURRENTLY public.nothing",
    "no index to build anew": "REINDEX INDEX CONCURRENTLY public.nothing",
    "no partition": "ALTER TABLE public.p DETACH PARTITION public.a CONCURRENTLY",
    "no such database": "DROP DATABASE nowhere",
    "database that is there": "CREATE DATABASE template0",
    "no such subscription": "DROP SUBSCRIPTION nothing",
    "CALL": "CREATE PROCEDURE public.fails() LANGUAGE plpgsql AS $$ BEGIN COMMIT;"
            " PERFORM 1 OPERATOR(pg_catalog./) 0; END $$;\nCALL public.fails();",
    "left open": "BEGIN; SELECT 1",
}


def look(play):
    """Nothing is pending."""
    play.step(play.differs, "diff")
    for arguments in (("verify",), ("status",), ("plan",), ("apply",), ("--", "/bin/true"), ("--", "/bin/true"),
                      ("verify", *NONE), (*NONE, "--", "/bin/true")):
        play.step(0, *arguments)


def pend(play):
    """Looked at, and then applied by run."""
    play.add("whole", WHOLE)
    for arguments in (("status", *NONE), ("verify", *NONE), (*NONE, "--pending", "refuse", "--", "/bin/true")):
        play.step(76, *arguments)
    play.step(0, "plan", *NONE)
    play.step(0, *NONE, "--", "/bin/true")


def apply(play, names, schema="public"):
    for name in names:
        play.add(name, APPLIED[name].replace("{schema}", schema))
        play.step(0, "apply", *NONE)


def fail(play, names):
    for name in names:
        failing = play.add(name, FAILING[name])
        play.step(65, "apply", *NONE)
        play.forget(failing)


def wait(play):
    """Behind the migration lock, and behind a table's: at the second try it is told who is in the way."""
    told, table, short = ": waiting for a lock", "LOCK TABLE public.a", ("--ddl-lock-timeout", "200ms")
    play.add("waits", "SELECT 1")
    play.behind(LOCK, "", 75, "apply", *NONE, "--lock-wait", "0s")
    play.behind(LOCK, "waiting for the migration lock", 0, "apply", *NONE)
    play.add("waits for a table", "LOCK TABLE public.a; SELECT 1")
    play.behind(table, "", 75, "apply", *NONE, *short, "--lock-wait", "300ms")
    play.behind(table, told, 0, "apply", *NONE, *short)
    play.add("waits by itself", "CREATE INDEX CONCURRENTLY b_alone ON b (v);\nVACUUM FULL public.a;")
    play.behind(table, told, 0, "apply", *NONE, *short)


def recover(play):
    """An index is left INVALID, of a table that only the search_path finds."""
    play.add("killed", KILLED)
    play.killed("UPDATE public.b SET v = 31 WHERE id = 30", "apply", *NONE)
    play.step(76, "verify", *NONE)
    play.step(0, "apply", *NONE)


def resolve(play):
    name = play.add("own that fails", "BEGIN; CREATE TABLE public.own (); COMMIT; SELECT 1 OPERATOR(pg_catalog./) 0")
    play.step(65, "apply", *NONE)
    play.step(76, "status", *NONE)
    play.step(0, "resolve", "--rolled-back", name)
    play.step(0, "resolve", "--applied", name)
    play.write(name, "SELECT 1")
    play.step(76, "verify", *NONE)
    play.step(0, "resolve", "--accept", name)
    play.step(0, "verify", *NONE)


def born(play):
    """The history's defaults and types are looked up only once, and then meant for ever."""
    play.step(0, "apply")
    found = play.sql(DEPENDS)
    play.record("what the history is made of", found.splitlines())


def play_all(play, schema):
    born(play)
    look(play)
    pend(play)
    apply(play, APPLIED, schema)
    fail(play, FAILING)
    wait(play)
    recover(play)
    resolve(play)
    # An older image, which verifies that what it needs is there.
    play.folder = play.folder.with_name("base")
    play.step(0, "verify")


def play_short(play):
    """The same ways, once."""
    play.step(0, "apply")
    play.step(play.differs, "diff")
    play.step(0, "--", "/bin/true")
    pend(play)
    apply(play, ("parts", "calls"))
    fail(play, ("division", "duplicates behind"))
    wait(play)
    recover(play)
    resolve(play)


def baseline(play):
    """Of a database that was made by hand; with the snapshot, and by a replay."""
    play.sql(BASE)
    play.step(76, "apply")
    play.step(0, "baseline")
    play.sql("DROP TABLE public._prisma_migrations")
    play.step(0, "baseline", *NONE)
    play.step(0, "verify")

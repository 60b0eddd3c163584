"""The history table made beforehand: by a role that may only CREATE there, as a trap; or by the DBA, with an audit."""
from scenes import BASE

COLUMNS = """id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz,
  migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT now(),
  applied_steps_count integer NOT NULL DEFAULT 0"""
TABLE = f"CREATE TABLE public._prisma_migrations ({COLUMNS})"
EMPTY = f"CREATE TABLE public._prisma_migrations ({COLUMNS.replace(' PRIMARY KEY', '')})"
SELECTED = """'x'::varchar AS checksum, now() AS finished_at, '01_base'::varchar AS migration_name, ''::text AS logs,
  NULL::timestamptz AS rolled_back_at, now() AS started_at, 0 AS applied_steps_count"""

# What a function that tells may stand in for. A database for each.
GROUND = """
CREATE FUNCTION public.tells(anyelement) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN RAISE LOG 'TRAPPED as %', current_user; RETURN true; END $$;
CREATE FUNCTION public.value(anyelement) RETURNS anyelement LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN RAISE LOG 'TRAPPED as %', current_user; RETURN $1; END $$;
CREATE FUNCTION public.fires() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE LOG 'TRAPPED as %', current_user; RETURN NEW; END $$;
"""

TRAPS = {
    "view": f"CREATE VIEW public._prisma_migrations AS SELECT value('x'::varchar) AS id, {SELECTED}",
    "view with triggers": f"CREATE VIEW public._prisma_migrations AS SELECT 'x'::varchar AS id, {SELECTED};"
                          "CREATE TRIGGER t INSTEAD OF INSERT OR UPDATE ON _prisma_migrations FOR EACH ROW"
                          " EXECUTE FUNCTION fires()",
    "materialized view": f"CREATE MATERIALIZED VIEW public._prisma_migrations AS SELECT 'x'::varchar AS id, {SELECTED};"
                         "CREATE INDEX ON _prisma_migrations ((value(1)))",
    "row trigger": f"{TABLE}; CREATE TRIGGER t BEFORE INSERT OR UPDATE ON _prisma_migrations FOR EACH ROW"
                   " EXECUTE FUNCTION fires()",
    "statement trigger": f"{TABLE}; CREATE TRIGGER t AFTER INSERT OR UPDATE ON _prisma_migrations EXECUTE FUNCTION"
                         " fires()",
    "trigger's condition": f"{TABLE}; CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS"
                           " 'BEGIN RETURN NEW; END';"
                           "CREATE TRIGGER t BEFORE INSERT ON _prisma_migrations FOR EACH ROW WHEN (tells(NEW.id))"
                           " EXECUTE FUNCTION quiet()",
    "deferred trigger": f"{TABLE}; CREATE CONSTRAINT TRIGGER t AFTER INSERT ON _prisma_migrations DEFERRABLE INITIALLY"
                        " DEFERRED FOR EACH ROW EXECUTE FUNCTION fires()",
    "CHECK": f"{TABLE}; ALTER TABLE _prisma_migrations ADD CHECK (tells(id))",
    "DEFAULT": f"{TABLE}; ALTER TABLE _prisma_migrations ALTER applied_steps_count SET DEFAULT value(0)",
    "DEFAULT of its own": f"{TABLE}; ALTER TABLE _prisma_migrations ADD mine boolean DEFAULT tells(now())",
    "generated": f"{TABLE}; ALTER TABLE _prisma_migrations ADD mine boolean GENERATED ALWAYS AS (tells(id)) STORED",
    "index": f"{TABLE}; CREATE INDEX ON _prisma_migrations ((value(1)))",
    "index of a column": f"{TABLE}; CREATE INDEX ON _prisma_migrations (value(id))",
    "partial index": f"{TABLE}; CREATE INDEX ON _prisma_migrations (id) WHERE tells(1)",
    "exclusion": f"{TABLE}; ALTER TABLE _prisma_migrations ADD EXCLUDE USING btree (value(id) WITH =)",
    "statistics": f"{TABLE}; CREATE STATISTICS public.s ON (value(1)), (value(id)) FROM public._prisma_migrations",
    "rule": f"{TABLE}; CREATE RULE r AS ON INSERT TO _prisma_migrations DO ALSO SELECT tells(1)",
    "rule of UPDATE": f"{TABLE}; CREATE RULE r AS ON UPDATE TO _prisma_migrations WHERE tells(OLD.id) DO INSTEAD"
                      " NOTHING",
    "domain": "CREATE DOMAIN named AS varchar(255) CHECK (tells(VALUE));"
              + TABLE.replace("migration_name varchar(255)", "migration_name named"),
    "domain's default": "CREATE DOMAIN steps AS integer DEFAULT value(0);"
                        + TABLE.replace("applied_steps_count integer NOT NULL DEFAULT 0", "applied_steps_count steps"),
    "type with a cast": "CREATE TYPE moment AS ENUM ('then'); CREATE FUNCTION at(moment) RETURNS timestamptz LANGUAGE"
                        " plpgsql AS $$ BEGIN RAISE LOG 'TRAPPED as %', current_user; RETURN now(); END $$;"
                        "CREATE CAST (moment AS timestamptz) WITH FUNCTION at AS IMPLICIT;"
                        + TABLE.replace("rolled_back_at timestamptz", "rolled_back_at moment")
                        .replace("started_at timestamptz NOT NULL DEFAULT now()", "started_at moment DEFAULT 'then'")
                        + "; INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'x', 'x')",
    "type with an operator": "CREATE TYPE named AS ENUM ('x'); CREATE FUNCTION same(named, text) RETURNS boolean"
                             " LANGUAGE plpgsql AS $$ BEGIN RAISE LOG 'TRAPPED as %', current_user; RETURN true;"
                             " END $$;"
                             "CREATE OPERATOR = (LEFTARG = named, RIGHTARG = text, FUNCTION = same);"
                             + TABLE.replace("migration_name varchar(255)", "migration_name named"),
    "child": f"{TABLE}; CREATE TABLE child (CHECK (tells(id))) INHERITS (_prisma_migrations);"
             "CREATE INDEX ON child ((value(1)))",
    "parent": f"CREATE TABLE parent (mine integer DEFAULT value(1)); {TABLE} INHERITS (parent)",
    "partitioned": f"{EMPTY} PARTITION BY LIST (value(id));"
                   "CREATE TABLE rest PARTITION OF _prisma_migrations DEFAULT; CREATE TRIGGER t BEFORE INSERT ON rest"
                   " FOR EACH ROW EXECUTE FUNCTION fires()",
    "partition": f"{EMPTY.replace('_prisma_migrations', 'parent')} PARTITION BY LIST (id);"
                 "CREATE TABLE _prisma_migrations PARTITION OF parent DEFAULT; CREATE INDEX ON parent ((value(1)))",
    "foreign table": f"CREATE FOREIGN TABLE public._prisma_migrations ({COLUMNS.replace(' PRIMARY KEY', '')},"
                     " CHECK (tells(id))) SERVER elsewhere",
    "policy": f"{TABLE}; ALTER TABLE _prisma_migrations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
              "CREATE POLICY p ON _prisma_migrations USING (tells(id)) WITH CHECK (tells(id))",
    "sequence": "CREATE SEQUENCE public._prisma_migrations",
    "type": "CREATE TYPE public._prisma_migrations AS (id text)",
}

# Those that are laid for a role, too, which is no superuser.
FOR_OWNER = ("view", "row trigger", "CHECK", "index", "domain", "type with a cast", "child", "partitioned", "policy")

# By whom the tables of an application are made; with what a careful one adds.
AUDIT = """
CREATE TABLE public.audit (row jsonb);
CREATE FUNCTION public.audit() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO public.audit VALUES (to_jsonb(NEW)); RETURN NEW; END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE ON public._prisma_migrations FOR EACH ROW EXECUTE FUNCTION public.audit();
CREATE INDEX audited ON public._prisma_migrations ((lower(migration_name))) WHERE finished_at IS NOT NULL;
"""

AUDITED = (("postgres", "postgres"), ("postgres", "owner"), ("owner", "owner"))

# With an honest table those before --applied exit 0, and the others refuse because it has a row.
COMMANDS = (("apply",), ("verify",), ("status",), ("plan",), ("diff",), ("--", "/bin/true"),
            ("resolve", "--accept", "01_base"), ("resolve", "--applied", "01_base"),
            ("resolve", "--rolled-back", "01_base"))


def prepare(server, database, owner):
    server.create(database)
    server.sql("postgres", f"ALTER DATABASE {database} OWNER TO {owner}")
    server.sql(database, "GRANT CREATE ON SCHEMA public TO mallory; CREATE FOREIGN DATA WRAPPER nothing;"
                         " CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing;"
                         " GRANT USAGE ON FOREIGN SERVER elsewhere TO mallory")


def make(play, trap):
    """As that role, which lets everybody use what it has made."""
    grant = "" if trap == "type" else "; GRANT ALL ON public._prisma_migrations TO PUBLIC"
    as_mallory = f"{play.database}?options=-crole%3Dmallory"
    play.server.sql(as_mallory, GROUND)
    play.server.sql(as_mallory, TRAPS[trap] + grant)


def refused(play):
    """It may work where nothing of the other role's is called; else it is told which table it is."""
    for arguments in COMMANDS:
        play.step((0, 76, 77), *arguments, names="" if arguments == ("diff",) else "_prisma_migrations")
    # What was refused is not there, and without it baseline would not come to write.
    if play.sql("SELECT to_regclass('public.a') IS NULL") == "t":
        play.sql(BASE)
    play.step((0, 76, 77), "baseline", names="_prisma_migrations")


def audited(play, dba):
    """As it does with a table that schemagate makes."""
    play.server.sql(f"{play.database}?options=-crole%3D{dba}", TABLE)
    play.sql(f"ALTER TABLE public._prisma_migrations OWNER TO {play.role}")
    play.server.sql(f"{play.database}?options=-crole%3D{dba}", AUDIT + "GRANT ALL ON public.audit TO PUBLIC")
    play.step(0, "apply")
    for arguments in (("verify",), ("status",), ("--", "/bin/true")):
        play.step(0, *arguments)
    name = play.add("fails", "SELECT 1/0")
    play.step(65, "apply", "--snapshot", "none")
    play.write(name, "SELECT 1")
    play.step(0, "resolve", "--applied", name)
    play.step(0, "verify", "--snapshot", "none")
    rows = int(play.sql("SELECT count(*) FROM public.audit"))
    play.record("rows of the audit", [] if rows >= 3 else [f"{rows} rows"])

"""A throw-away PostgreSQL of one major version, and the schemagate binary beside it, for detect and quiet."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
BINARY = os.environ.get("SCHEMAGATE") or f"{os.environ.get('SCHEMAGATE_BUILD', SOURCE / 'build/dev')}/schemagate"
PSQL = "/usr/lib/postgresql/15/bin/psql"


class Server:
    def __init__(self, major):
        self.major = major
        self.folder = tempfile.mkdtemp(prefix="schemagate-schema.")
        self.programs = subprocess.check_output([SOURCE / "tests/postgres", str(major)], text=True).strip()
        self._control("start")
        lines = pathlib.Path(self.folder, "settings").read_text().splitlines()
        self.settings = dict(line.split("=", 1) for line in lines)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._control("stop")
        shutil.rmtree(self.folder)

    def _control(self, action):
        subprocess.run([SOURCE / "tests/server", action, self.folder], check=True,
                       env=os.environ | {"PG_BIN": getattr(self, "programs", "")})

    def url(self, database):
        return self.settings["SERVER_URL"].rsplit("/", 1)[0] + "/" + database

    def sql(self, database, text):
        """Rows as text; raises with what the server said."""
        command = [PSQL, "-qXAt", "-v", "ON_ERROR_STOP=1", self.url(database)]
        done = subprocess.run(command, input=text, text=True, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.strip()

    def create(self, database, template="template0"):
        self.sql("postgres", f'CREATE DATABASE {database} TEMPLATE {template}')

    def drop(self, database):
        self.sql("postgres", f'DROP DATABASE {database} WITH (FORCE)')

    def schemagate(self, database, folder, *arguments):
        environment = {"SCHEMAGATE_DATABASE_URL": self.url(database), "SCHEMAGATE_MIGRATIONS": str(folder),
                       "SCHEMAGATE_LOG_FORMAT": "json", "PATH": os.environ["PATH"]}
        return subprocess.run([BINARY, *arguments], env=environment, text=True, capture_output=True)

    def apply(self, database, folder):
        """Its exit code."""
        done = self.schemagate(database, folder, "apply")
        if done.returncode not in (0, 76):
            raise RuntimeError(done.stderr)
        return done.returncode

    def findings(self, database, folder):
        done = self.schemagate(database, folder, "diff", "--json")
        if done.returncode not in (0, 76):
            raise RuntimeError(done.stderr)
        found = json.loads(done.stdout)["findings"]
        assert (done.returncode == 76) == bool(found), done.stdout
        return found

    def learn(self, database, folder):
        """The statements that return a fingerprint, as the server logs them when a schema is verified in full: what a
        start would remember, and the same without regard to older transactions."""
        self.sql(database, "COMMENT ON TABLE public._prisma_migrations IS NULL")
        self.apply(database, folder)
        log = pathlib.Path(self.settings["SERVER_LOG"]).read_text()
        full = re.findall(r"SELECT pg_catalog.concat\(\(place\).*? t\(place, everything, lasting, newest\)", log)[-1]
        asked = f"FROM ({full}) f(everything, lasting, settled);"
        self.lasting_sql = f"SELECT lasting {asked}"
        self.fingerprint_sql = f"SELECT CASE WHEN settled AND lasting NOT LIKE ':%' THEN lasting ELSE '' END {asked}"


def migrations(root, *scripts):
    """A folder with one migration for each script of this folder."""
    folder = pathlib.Path(root) / "migrations"
    for number, script in enumerate(scripts, 1):
        place = folder / f"{number}_{pathlib.Path(script).stem}"
        place.mkdir(parents=True)
        shutil.copy(HERE / script, place / "migration.sql")
    return folder


def seal(server, folder):
    """Replays the folder on that server and writes its snapshot into it."""
    server.create("replay")
    done = server.schemagate("replay", folder, "snapshot", "--database-url")
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    server.drop("replay")

"""A throw-away PostgreSQL to break things on, long-lived sessions in it, and the schemagate binary beside it."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
BINARY = os.environ.get("SCHEMAGATE") or str(SOURCE / "build/release/schemagate")
CLIENTS = pathlib.Path("/usr/lib/postgresql/15/bin")
MARK = "---that-was-it---"

OURS = """
SELECT 'SESSION ' || left(query, 80) FROM pg_stat_activity
 WHERE application_name LIKE 'schemagate%' AND datname = current_database()
UNION ALL
SELECT 'LOCK of ' || pid FROM pg_locks JOIN pg_database d ON d.oid = database
 WHERE locktype = 'advisory' AND datname = current_database()
"""


class Session:
    """A psql that stays: one more process for each question would cost more than the question."""

    def __init__(self, url):
        self.process = subprocess.Popen([CLIENTS / "psql", "-qXAt", url], text=True, bufsize=1, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lock = threading.Lock()

    def ask(self, sql):
        """The rows, as lines."""
        with self.lock:
            self.process.stdin.write(f"{sql}\n;\n\\echo {MARK}\n")
            self.process.stdin.flush()
            lines = list(self.answer())
        errors = [line for line in lines if line.startswith(("ERROR:", "FATAL:", "psql:"))]
        if errors:
            raise RuntimeError(f"{sql}: {lines}")
        return lines

    def answer(self):
        for line in self.process.stdout:
            if line.rstrip("\n") == MARK:
                return
            yield line.rstrip("\n")
        raise RuntimeError("psql ended")

    def value(self, sql):
        return "\n".join(self.ask(sql))

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Server:
    def __init__(self, major):
        self.major, self.dumps = int(major), int(major) <= 15
        self.folder = tempfile.mkdtemp(prefix="schemagate-crash.")
        self.programs = subprocess.check_output([SOURCE / "tests/postgres", str(major)], text=True).strip()
        self.control("start")
        lines = pathlib.Path(self.folder, "settings").read_text().splitlines()
        self.settings = dict(line.split("=", 1) for line in lines)
        self.port = int(self.settings["SERVER_PORT"])
        with self.session("postgres") as session:
            # What is measured is not the log.
            session.ask("ALTER SYSTEM SET log_statement = 'none'; ALTER SYSTEM SET autovacuum = off;"
                        " SELECT pg_reload_conf()")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.control("stop")
        shutil.rmtree(self.folder)

    def control(self, action):
        subprocess.run([SOURCE / "tests/server", action, self.folder], check=True,
                       env=os.environ | {"PG_BIN": self.programs})

    def url(self, database, port=None):
        password = self.settings["SERVER_PASSWORD"]
        return f"postgresql://postgres:{password}@127.0.0.1:{port or self.port}/{database}?sslmode=disable"

    def session(self, database):
        return Closing(self.url(database))

    def log(self):
        return pathlib.Path(self.settings["SERVER_LOG"]).read_text(errors="replace")

    def dump(self, database):
        """Schema and data as pg_dump writes them, if it is not too old for the server."""
        if not self.dumps:
            return []
        command = [CLIENTS / "pg_dump", "--exclude-table-data=_prisma_migrations", self.url(database)]
        return normal(subprocess.check_output(command, text=True).splitlines())


class Closing(Session):
    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


VOLATILE = ("\\restrict", "\\unrestrict", "--", "COMMENT ON TABLE")


def normal(dump):
    """Without what differs from dump to dump, and each table's rows sorted: a retried UPDATE moves them."""
    lines, rows = [], None
    for line in dump:
        if rows is None:
            lines += [line] if line and not line.startswith(VOLATILE) else []
            rows = [] if line.startswith("COPY ") else None
        elif line == "\\.":
            lines, rows = lines + sorted(rows), None
        else:
            rows.append(line)
    return lines


def write(root, scripts):
    """A migrations folder."""
    for number, script in enumerate(scripts, 1):
        place = pathlib.Path(root) / f"{number:04}_step"
        place.mkdir(parents=True)
        (place / "migration.sql").write_text(script)
    return root


def begin(url, folder, *options):
    """schemagate apply, started; what it says is to be read."""
    environment = {"PATH": os.environ["PATH"], "SCHEMAGATE_DATABASE_URL": url, "SCHEMAGATE_WAIT": "20s"}
    return subprocess.Popen([BINARY, "apply", "--migrations", folder, *options], env=environment, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def end(process, limit=60):
    """Exit code and what it said."""
    try:
        said = process.communicate(timeout=limit)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        return "hangs", process.communicate()[1]
    return process.returncode, said


def until(condition, limit):
    """Whether it became so."""
    last = time.monotonic() + limit
    while not condition():
        if time.monotonic() > last:
            return False
        time.sleep(0.003)
    return True


def leftovers(session, limit=1.0):
    """What a start must not leave behind: its sessions and its lock."""
    until(lambda: not session.ask(OURS), limit)
    return session.ask(OURS)

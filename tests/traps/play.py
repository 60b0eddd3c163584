"""A database, a migrations folder, and the commands of schemagate on them, one step after the other."""
import contextlib
import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

sys.path += [str(pathlib.Path(__file__).resolve().parent.parent / place) for place in ("schema", "crash")]
from ground import Closing, until  # noqa: E402
from server import BINARY  # noqa: E402

WAITS = """SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name LIKE 'schemagate%' AND
 datname = current_database() AND wait_event_type = 'Lock' AND query ~ 'CONCURRENTLY'"""
LIMIT = 60
SHOWN = 300


class Tally:
    """What went wrong, of all plays."""

    def __init__(self):
        self.steps, self.calls, self.wrong, self.lock = 0, 0, 0, threading.Lock()

    def add(self, title, calls, wrong):
        with self.lock:
            self.steps, self.calls, self.wrong = self.steps + 1, self.calls + len(calls), self.wrong + len(wrong)
            for statement, group in itertools.groupby(calls, lambda call: call[0]):
                print(f"  {title}: {', '.join(call[1] for call in group)}\n      {statement[:SHOWN]}", flush=True)
            for line in wrong:
                print(f"  {title}: {line}", flush=True)


class Play:
    """As `role`, in a database that is there."""

    programs = "/nowhere"  # PostgreSQL's, for a replay
    differs = 0  # what diff exits with

    def __init__(self, title, server, database, role, folder, tally, watch):
        self.title, self.server, self.database, self.role, self.tally = title, server, database, role, tally
        self.watch = watch
        self.folder, self.number = pathlib.Path(folder), 1
        # Qualified names and OPERATOR(…) throughout would be no help to the reader.
        self.place = f"{database}?options=-csearch_path%3Dpg_catalog%20-cdebug_print_parse%3Doff"

    def url(self):
        return self.server.url(self.database).replace("//postgres:", f"//{self.role}:")

    def environment(self):
        return {"PATH": os.environ["PATH"], "SCHEMAGATE_DATABASE_URL": self.url(), "SCHEMAGATE_WAIT": "5s",
                "SCHEMAGATE_MIGRATIONS": str(self.folder), "SCHEMAGATE_PG_BIN": self.programs}

    def begin(self, *arguments):
        said = tempfile.TemporaryFile("w+")
        process = subprocess.Popen([BINARY, *arguments], env=self.environment(), text=True, stdin=subprocess.DEVNULL,
                                   stdout=said, stderr=said)
        process.said = lambda: said.seek(0) or said.read()
        return process

    def end(self, process, expected, *arguments, names=""):
        """Exit code, words and traps of a step."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LIMIT)
        process.kill()
        process.wait()
        said = process.said()
        expected = expected if isinstance(expected, tuple) else (expected,)
        code, start = process.returncode, said.strip()[:SHOWN]
        wrong = [] if code in expected else [f"exit {code}, not {expected}: {start}"]
        if code in expected and "could not be read" in said:
            wrong.append(start)
        if names not in said and code != 0:
            wrong.append(f"exit {code}, and {names} is not named: {start}")
        self.record(" ".join(arguments), wrong)
        return said

    def record(self, what, wrong):
        calls = self.watch.calls(self.database)
        self.tally.add(f"{self.title}, as {self.role}: {what}", calls, wrong)

    def step(self, expected, *arguments, names=""):
        return self.end(self.begin(*arguments), expected, *arguments, names=names)

    def sql(self, text):
        return self.server.sql(self.place, text)

    def write(self, name, script):
        (self.folder / name).mkdir(exist_ok=True)
        (self.folder / name / "migration.sql").write_text(script)

    def add(self, what, script):
        """The next migration. Its name."""
        self.number += 1
        name = f"{self.number:02}_{what.replace(' ', '_')}"
        self.write(name, script)
        return name

    def forget(self, name):
        shutil.rmtree(self.folder / name)
        self.sql(f"DELETE FROM public._prisma_migrations WHERE migration_name = '{name}'")

    @contextlib.contextmanager
    def holding(self, sql):
        """Another session has that lock."""
        with Closing(self.server.url(self.place)) as session:
            session.ask(f"BEGIN; {sql}")
            yield

    def behind(self, sql, says, expected, *arguments):
        """The lock is held until it has said that it waits; if it is to give up, until it has."""
        with self.holding(sql):
            process = self.begin(*arguments)
            until(lambda: process.poll() is not None or expected == 0 and says in process.said(), 10)
        self.end(process, expected, *arguments)

    def killed(self, sql, *arguments):
        """Ended without warning, in a CONCURRENTLY that waits."""
        with self.holding(sql), Closing(self.server.url(self.place)) as session:
            process = self.begin(*arguments)
            reached = until(lambda: process.poll() is not None or session.value(WAITS) == "t", LIMIT)
            process.kill()
            process.wait()
            # Of itself the server notices it within 200 ms.
            until(lambda: session.value(WAITS) == "f", 10)
        self.record("killed in a CONCURRENTLY", [] if reached and process.returncode < 0 else [process.said()[:SHOWN]])

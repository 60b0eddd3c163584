"""One disturbance of one run, what came after it, and whether that is right."""
import collections
import os
import pathlib
import random
import re
import signal

from ground import Session, begin, end, leftovers, until, write
from kinds import BASE, HISTORY, KINDS
from proxy import Proxy

STATE = (pathlib.Path(__file__).parent / "state.sql").read_text()
CONCURRENTLY = re.compile(r"\b(CREATE|DROP|REINDEX|ALTER)\b[^;]*\bCONCURRENTLY\b")


class Worker:
    """A proxy and the sessions beside it. One point after the other."""

    def __init__(self, server, number):
        self.server, self.database = server, f"work{number}"
        self.proxy = Proxy(server.port)
        self.connect()
        self.admin.ask(f"CREATE DATABASE {self.database} TEMPLATE template0")

    def connect(self):
        self.admin = Session(self.server.url("postgres"))
        self.inside = None

    def close(self):
        for session in (self.admin, self.inside):
            if session:
                session.close()
        self.inside = None

    def fresh(self, before):
        """An empty database, but for what `before` says. Cloning one would write a checkpoint each time."""
        self.look().ask("DROP SCHEMA IF EXISTS public, side CASCADE; CREATE SCHEMA public;" + before)
        self.look_away()

    def look(self):
        self.inside = self.inside or Session(self.server.url(self.database))
        return self.inside

    def look_away(self):
        if self.inside:
            self.inside.close()
        self.inside = None

    def state(self):
        return self.look().ask(STATE) + self.server.dump(self.database)

    def gone(self, pid):
        return until(lambda: not self.admin.ask(f"SELECT 1 FROM pg_stat_activity WHERE pid = {pid}"), 5)

    def reconnect(self):
        """After a crash the server takes a moment."""
        for session in (self.admin, self.inside):
            if session:
                session.process.kill()
                session.close()
        def alive():
            self.connect()
            try:
                return self.admin.ask("SELECT 1") == ["1"]
            except (RuntimeError, OSError):
                self.admin.close()
                return False
        until(alive, 30)


class Blocker:
    """Another session that CONCURRENTLY waits for, each in another phase: one that has written to every table, one that
    has read them, one that has a snapshot only. None has ended its transaction yet."""

    HOLD = {"writer": "BEGIN; SELECT format('LOCK TABLE %s IN ROW EXCLUSIVE MODE', oid::regclass)",
            "reader": "BEGIN; SELECT format('LOCK TABLE %s IN ACCESS SHARE MODE', oid::regclass)",
            "snapshot": "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 'SELECT'"}

    def __init__(self, worker, way):
        self.worker = worker
        self.session = Session(worker.server.url(worker.database))
        self.session.ask(self.HOLD[way] + " FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN"
                         " ('r', 'p') AND NOT relispartition AND relname <> '_prisma_migrations'\n\\gexec\nSELECT")

    def wait(self, pid):
        """Until the backend has come to wait for us, or was done without."""
        sql = (f"SELECT 1 FROM pg_locks WHERE pid = {pid} AND NOT granted UNION ALL SELECT 1 FROM pg_stat_activity"
               f" WHERE pid = {pid} AND state = 'idle' AND query LIKE '%CONCURRENTLY%'")
        return until(lambda: self.worker.admin.ask(sql), 5)

    def release(self):
        self.session.close()


class Point:
    """One disturbance, what came after it, and whether that is right."""

    def __init__(self, worker, kind, action, way, number):
        self.worker, self.kind, self.action, self.way, self.number = worker, kind, action, way, number
        self.client, self.faults, self.starts, self.fired, self.refused = None, [], [], False, False

    def name(self):
        return f"{self.kind.name}/{self.action}/{self.way}/{self.number}"

    def step(self, link, message, sink):
        """Called by the proxy instead of passing the message on."""
        until(lambda: self.client is not None, 5)
        self.fired = True
        if self.way in Blocker.HOLD:
            self.disturb_waiting(link, message, sink)
            return
        if self.way == "sent":
            sink.sendall(message.data)
        self.disturb(link)
        # What the server said before its end, and what was on its way to it, go where they were going.
        if self.action in ("end", "crash") and self.way != "sent":
            sink.sendall(message.data)

    def disturb_waiting(self, link, message, sink):
        blocker = Blocker(self.worker, self.way)
        sink.sendall(message.data)
        if not blocker.wait(link.pid):
            self.faults.append("the statement neither waits nor ends")
        self.disturb(link)
        if self.action != "crash" and not self.worker.gone(link.pid):
            self.faults.append("the server did not notice within 5 s that the client is gone")
        blocker.release()

    def disturb(self, link):
        if self.action in ("kill", "twice"):
            self.client.kill()
            link.cut()
        elif self.action == "cut":
            link.cut()
        elif self.action == "end":
            self.worker.admin.ask(f"SELECT pg_terminate_backend({link.pid})")
            if self.way != "sent":
                self.worker.gone(link.pid)
        else:
            os.kill(link.pid, signal.SIGKILL)

    def run(self):
        self.worker.fresh(self.kind.before)
        way = "reply" if self.way == "reply" else "sent"
        self.worker.proxy.arm(way, self.number, self.step)
        self.starts.append(self.start())
        if self.action == "crash":
            self.worker.reconnect()
        while not self.settled():
            self.starts.append(self.start_again())
        self.judge()
        return self

    def start_again(self):
        """With no help; `twice` disturbs the first of them too, wherever the recovery is by then."""
        if self.action != "twice" or len(self.starts) > 1:
            return end(begin(self.worker.server.url(self.worker.database), self.kind.folder))
        self.worker.proxy.arm("sent", random.Random(self.name()).randint(3, 20), self.step_again)
        return self.start()

    def step_again(self, link, message, sink):
        until(lambda: self.client is not None, 5)
        sink.sendall(message.data)
        self.disturb(link)

    def start(self):
        """Through the proxy."""
        self.client = None
        self.client = begin(self.worker.server.url(self.worker.database, self.worker.proxy.port), self.kind.folder)
        ended = end(self.client)
        self.worker.proxy.close_links()
        return ended

    def settled(self):
        code, said = self.starts[-1]
        self.refused = self.kind.name in ("own", "call") and code == 76 and "--rolled-back" in said and "--applied" in said
        return code == 0 or self.refused or len(self.starts) > 3

    def judge(self):
        codes = [code for code, _ in self.starts]
        if codes[-1] != 0 and not self.refused:
            self.faults.append("does not come to an end")
        if 76 in codes and not self.refused:
            self.faults.append("refused")
        self.faults += leftovers(self.worker.look())
        found = self.worker.state()
        if not self.refused:
            self.faults += difference(self.kind.state, found)
        elif sum(line.startswith("UNFINISHED") for line in found) != 1:
            self.faults.append("refused, and not for one unfinished migration")
        self.worker.look_away()

    def report(self):
        lines = [f"{self.name()}: exit {', '.join(str(code) for code, _ in self.starts)}"]
        lines += ["    " + fault for fault in self.faults] + ["  messages"]
        lines += ["    " + line for line in self.worker.proxy.around()]
        for code, said in self.starts:
            lines += [f"  start, exit {code}"] + ["    | " + line for line in said.splitlines()]
        return "\n".join(lines)


class Kind:
    """A folder, what is in the database before it, and what an undisturbed run makes of it."""

    def __init__(self, name, worker, root):
        self.name = name
        self.folder = write(root / name, KINDS[name])
        self.before = "" if name == "first" else BASE + HISTORY
        worker.fresh(self.before)
        worker.proxy.arm()
        code, said = end(begin(worker.server.url(worker.database, worker.proxy.port), self.folder))
        worker.proxy.close_links()
        if code != 0:
            raise RuntimeError(f"{name}: exit {code}: {said}")
        self.state = worker.state()
        sent = [message.text() for message in worker.proxy.seen["sent"]]
        held = [k for k, text in enumerate(sent, 1) if CONCURRENTLY.search(text) and "_prisma_migrations" not in text]
        numbers = list(range(1, len(sent) + 1))
        self.points = {"sent": numbers, "unsent": numbers, **dict.fromkeys(Blocker.HOLD, held),
                       "reply": list(range(1, len(worker.proxy.seen["reply"]) + 1))}


def difference(wanted, found):
    wanted, found = collections.Counter(wanted), collections.Counter(found)
    return [f"missing: {line}" for line in wanted - found] + [f"too much: {line}" for line in found - wanted]

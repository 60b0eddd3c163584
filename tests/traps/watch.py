"""What the server's log tells of schemagate's own sessions: the traps that were called, and those that were meant.

A trap that is called says TRAPPED. But what a WHERE of no rows names is never called: so debug_print_parse has every
statement's tree logged, in which operators, functions, types and relations are numbers.
"""
import collections
import itertools
import re
import threading

RECORD = re.compile(rb"([^|]*)\|([^|]*)\|\d*\|([A-Z0-9]+):  (.*)", re.DOTALL)
CONTINUED = (b"DETAIL", b"HINT", b"QUERY", b"CONTEXT", b"STATEMENT")
# Not places in a text, nor a hash.
OBJECTS = re.compile(rb":(?!\w*(?:location|_len|_start|_end|queryId) )\w+ (?:\(o )?([\d ]*\d{5,}[\d ]*)")
PLACE = re.compile(rb":stmt_location (\d+) :stmt_len (\d+)")


class Watch:
    """Of all databases. `laid` are the numbers and names of the traps."""

    def __init__(self, path, laid):
        self.laid = {number.encode(): name for number, name in laid.items()}
        self.lock, self.log = threading.Lock(), open(path, "rb")
        self.log.seek(0, 2)
        self.event, self.part = {}, ""
        self.meant, self.called = collections.defaultdict(set), collections.defaultdict(set)

    def calls(self, database):
        """Pairs of statement and object, since the last time, now that its sessions are quiet. What is meant tells the
        statement, what is called only the message that it was in."""
        with self.lock:
            self.read()
            if self.event.get("database") == database:
                self.judge()
            meant, called = self.meant.pop(database, set()), self.called.pop(database, set())
        known = {name for _, name in meant}
        return sorted(meant | {call for call in called if call[1] not in known})

    def read(self):
        """Line by line, because it is long: the tree of what describes a schema has some megabytes."""
        while line := self.log.readline():
            if not line.endswith(b"\n"):
                self.log.seek(-len(line), 1)
                return
            if line.startswith(b"\t"):
                self.event[self.part] = self.event.get(self.part, b"") + line[1:]
            elif record := RECORD.fullmatch(line):
                self.begin(*record.groups())

    def begin(self, database, program, level, text):
        if level not in CONTINUED:
            self.judge()
            self.event = {"database": database.decode(), "program": program}
        self.part = level if level in CONTINUED else "message"
        self.event[self.part] = text

    def judge(self):
        event, self.event = self.event, {}
        message = event.get("message", b"").strip()
        if not event.get("program", b"").startswith(b"schemagate"):
            return
        if laid := re.fullmatch(rb"LAID (\d+) (.*)", message):
            self.laid[laid[1]] = laid[2].decode()
        if message.startswith(b"TRAPPED "):
            self.called[event["database"]].add((shown(event), message.removeprefix(b"TRAPPED ").decode()))
        if message == b"parse tree:":
            names = {self.laid[number] for number in self.traps(event[b"DETAIL"])}
            if names:
                self.meant[event["database"]].update(zip(itertools.repeat(shown(event)), names))

    def traps(self, tree):
        return self.laid.keys() & {number for found in OBJECTS.findall(tree) for number in found.split()}


def shown(event):
    """The statement, cut out of the message that it was sent in; inside of a function it is elsewhere."""
    statement, tree = event.get(b"STATEMENT", b""), event.get(b"DETAIL", b"")
    place = PLACE.search(tree, max(0, tree.rfind(b":stmt_location")))
    if place and b"CONTEXT" not in event:
        begin, size = map(int, place.groups())
        statement = statement[begin:begin + size if size else None]
    return " ".join(statement.decode(errors="replace").split())

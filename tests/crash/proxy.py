"""A TCP proxy that reads PostgreSQL's messages and, at one of them, does something bad.

Frontend/backend protocol 3.0 (https://www.postgresql.org/docs/current/protocol-message-formats.html): the first message
of a client has no type byte; every later one is a type byte and a length that counts itself. Messages count from the
server's first ReadyForQuery of a connection on, each direction by itself, over all connections of a run.
"""
import contextlib
import socket
import struct
import threading

CANCEL_REQUEST = 80877102


class Message:
    def __init__(self, kind, data):
        self.kind, self.data = kind, data

    def text(self):
        """For people: its type and, of a query or an error, the words."""
        words = self.data[5:].rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
        return f"{self.kind} {words}" if self.kind in "QCEN" else self.kind


def receive(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise ConnectionError("end of stream")
        data += part
    return data


def read_first(sock):
    head = receive(sock, 4)
    return Message("", head + receive(sock, struct.unpack("!i", head)[0] - 4))


def read(sock):
    head = receive(sock, 5)
    return Message(chr(head[0]), head + receive(sock, struct.unpack("!i", head[1:])[0] - 4))


class Link:
    """One connection of a client and the server's end of it."""

    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.server = socket.create_connection(("127.0.0.1", proxy.target))
        for end in (self.client, self.server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pid = None
        self.ready = False
        self.threads = [threading.Thread(target=self.pump, args=(way,), daemon=True) for way in ("sent", "reply")]
        for thread in self.threads:
            thread.start()

    def pump(self, way):
        source, sink = (self.client, self.server) if way == "sent" else (self.server, self.client)
        with contextlib.suppress(OSError):
            if way == "sent":
                sink.sendall(read_first(source).data)
            while True:
                self.pass_on(way, read(source), sink)
        self.cut()

    def pass_on(self, way, message, sink):
        if message.kind == "K" and way == "reply":
            self.pid = struct.unpack("!i", message.data[5:9])[0]
        step = self.proxy.count(way, message) if self.ready else None
        self.ready = self.ready or (way == "reply" and message.kind == "Z")
        if step is None:
            sink.sendall(message.data)
        else:
            step(self, message, sink)

    def cut(self):
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """Passes everything on; `arm` says at which message of which direction a function of (link, message, sink) is
    called instead."""

    def __init__(self, target):
        self.target = target
        self.lock = threading.Lock()
        self.links = []
        self.arm()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                self.links.append(Link(self, client))
            except OSError:
                client.close()

    def arm(self, way="", number=0, step=None):
        with self.lock:
            self.way, self.number, self.step = way, number, step
            self.seen = {"sent": [], "reply": []}
            self.order = []

    def count(self, way, message):
        """What to do at this message, if anything."""
        with self.lock:
            self.seen[way].append(message)
            self.order.append((way, len(self.seen[way]), message.text()))
            if way != self.way or len(self.seen[way]) != self.number:
                return None
            self.order.append(("disturbed", self.number, ""))
            return self.step

    def around(self, distance=4):
        """The messages before and behind the disturbed one."""
        at = next((i for i, entry in enumerate(self.order) if entry[0] == "disturbed"), len(self.order))
        return [f"{way} {number} {text[:300]}" for way, number, text in self.order[max(0, at - distance):at + distance]]

    def close_links(self):
        for link in self.links:
            link.cut()
            for thread in link.threads:
                thread.join()
        self.links = []

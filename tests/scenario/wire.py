"""A small client of the hub in plain Python: frames, messages and the protocols of streams, as
PROTOCOL.md 1 to 3 says them.  It shares nothing with the programs under test, says what it is
told, also nonsense, and asserts nothing.

    with Client(hub.address) as client:               # one TCP connection
        stream = client.create("a-name")              # -> b"stream.a-name", or None: no answer
        status, index = client.push(stream, entry)    # entry: bytes
        for index, entry in client.pull(stream, 0):   # [(index, bytes)], None: no answer
            message = decode(entry)                   # .onward .ret .payload
        client.send(["nobody"], b"payload")           # any message
        message = client.receive(timeout=1)           # any answer, None: nothing came

Addresses are text or bytes for workers, (type, bytes) for all else.  Closed: the hub closed the
connection.
"""

import os
import select
import socket
import time

OK, ERROR = 0, 1  # of a push
OPENED, NOT_FOUND, REFUSED, BAD_NAME, UNAVAILABLE, LIMIT = range(6)  # of an open
SERVICE, INDEX = "stream_kafka", "stream_kafka_index"
PING, PONG = b"\x00", b"\x01"


class Closed(Exception):
    """The other side closed the connection."""


class Malformed(Exception):
    """What came does not follow the protocol."""


# BARE (PROTOCOL.md 1.1)


def as_bytes(text):
    return text.encode() if isinstance(text, str) else bytes(text)


def uint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def data(content):
    content = as_bytes(content)
    return uint(len(content)) + content


def optional(encoded):
    return b"\x00" if encoded is None else b"\x01" + encoded


class Reader:
    def __init__(self, content):
        self.content, self.at = content, 0

    def take(self, count):
        if count > len(self.content) - self.at:
            raise Malformed("%d bytes wanted of %r" % (count, self.content[self.at:][:40]))
        self.at += count
        return self.content[self.at - count:self.at]

    def u8(self):
        return self.take(1)[0]

    def uint(self):
        number = shift = 0
        while True:
            byte = self.u8()
            number |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return number

    def data(self):
        return self.take(self.uint())

    def optional(self, read):
        return read() if self.u8() else None

    def end(self):
        if self.at != len(self.content):
            raise Malformed("bytes after the end: %r" % self.content[self.at:][:40])


# addresses, routes, messages (PROTOCOL.md 1.2, 1.3)


def address(hop):
    kind, inner = hop if isinstance(hop, tuple) else (0, hop)
    return bytes([kind]) + data(inner)


def route(hops):
    return uint(len(hops)) + b"".join(address(hop) for hop in hops)


def read_route(reader):
    """Workers' addresses as bytes, others as (type, bytes)."""
    hops = []
    for _ in range(reader.uint()):
        kind, inner = reader.u8(), reader.data()
        hops.append(inner if kind == 0 else (kind, inner))
    return hops


class Message:
    def __init__(self, onward, ret, payload):
        self.onward, self.ret, self.payload = onward, ret, payload

    def __repr__(self):
        return "%r <- %r: %s" % (self.onward, self.ret, self.payload[:60].hex())


def encode(onward, ret=(), payload=b""):
    return b"\x01" + route(onward) + route(ret) + data(payload)


def decode(content):
    """Trailing bytes are ignored, as the programs do."""
    reader = Reader(content)
    reader.u8()
    onward, ret = read_route(reader), read_route(reader)
    return Message(onward, ret, reader.data())


def frame(content):
    return len(content).to_bytes(2, "big") + content


# streams (PROTOCOL.md 3.1 to 3.3)


def request(protocol, content):
    return data(protocol) + data(content)


def read_answer(payload):
    """-> protocol as text, Reader of what is inside"""
    reader = Reader(payload)
    protocol, inside = reader.data().decode(), Reader(reader.data())
    reader.end()
    return protocol, inside


class Opened:
    """The answer to tacit.stream_open."""

    def __init__(self, reader):
        self.id, self.status, self.text = reader.uint(), reader.uint(), reader.data().decode()
        self.name, self.first, self.end = reader.data().decode(), reader.uint(), reader.uint()
        reader.end()


def unique(prefix):
    return "%s_%s" % (prefix, os.urandom(16).hex())


def endpoint(text):
    """"HOST:PORT" as connect() wants it."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


class Client:
    """One connection, and one worker on it: what the answers are for."""

    def __init__(self, hub, timeout=60):
        self.socket = socket.create_connection(endpoint(hub), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.name, self.timeout = os.urandom(16).hex(), timeout
        self.received, self.next_id = b"", 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # frames and messages

    def send_bytes(self, content):
        try:
            self.socket.sendall(content)
        except ConnectionError as e:
            raise Closed(str(e)) from e

    def send_frame(self, content):
        self.send_bytes(frame(content))

    def send(self, onward, payload, ret=None):
        """ret: the way back, otherwise this client."""
        self.send_frame(encode(onward, [self.name] if ret is None else ret, payload))

    def receive_frame(self, timeout=None):
        """The next frame's body, or None when none came in time."""
        end = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            need = 2 + int.from_bytes(self.received[:2], "big")
            if len(self.received) >= max(need, 2):
                body, self.received = self.received[2:need], self.received[need:]
                return body
            left = end - time.monotonic()
            if not select.select([self.socket], [], [], max(left, 0))[0]:
                return None
            self._receive_some()

    def _receive_some(self):
        try:
            more = self.socket.recv(1 << 20)
        except ConnectionError as e:
            raise Closed(str(e)) from e
        if not more:
            raise Closed("end of file")
        self.received += more

    def receive(self, timeout=None):
        body = self.receive_frame(timeout)
        return None if body is None else decode(body)

    def is_closed(self, timeout=None):
        """Whether the hub closes the connection; what comes before that is thrown away."""
        end = time.monotonic() + (self.timeout if timeout is None else timeout)
        try:
            while time.monotonic() < end:
                self.receive_frame(end - time.monotonic())
        except Closed:
            return True
        return False

    def ping(self):
        """Whether a ping is answered: then all that was sent before it has been dealt with."""
        self.send([], PING)
        answer = self.receive()
        return answer is not None and answer.payload == PONG and answer.onward == \
            [self.name.encode()]

    # requests; the answer is None when none came in time

    def ask(self, onward, protocol, content, timeout=None):
        """-> (the answer's message, Reader of what is inside)"""
        self.send(onward, request(protocol, content))
        answer = self.receive(timeout)
        if answer is None:
            return None
        said, inside = read_answer(answer.payload)
        if said != protocol:
            raise Malformed("%s answered to %s" % (said, protocol))
        return answer, inside

    def create(self, name, service=SERVICE, timeout=None):
        """As in 2021; the address of the stream's worker.  name None: the hub makes one up."""
        encoded = optional(None if name is None else data(name))
        answer = self.ask([service], "stream_create", encoded, timeout)
        if answer is None:
            return None
        self.created = answer[1].data().decode()
        answer[1].end()
        return answer[0].ret[0]

    def open(self, name, create=True, service=SERVICE, timeout=None):
        self.next_id += 1
        encoded = uint(self.next_id) + optional(None if name is None else data(name))
        answer = self.ask([service], "tacit.stream_open", encoded + bytes([create]), timeout)
        return None if answer is None else Opened(answer[1])

    def push(self, stream, entry, timeout=None):
        """-> (status, index)"""
        self.next_id += 1
        content = uint(self.next_id) + data(entry)
        answer = self.ask([stream], "stream_push", content, timeout)
        if answer is None:
            return None
        if answer[1].uint() != self.next_id:
            raise Malformed("the confirm of another push")
        return answer[1].uint(), answer[1].uint()

    def ask_pull(self, stream, index, limit=8, ret=None):
        """Asks only; read_pull reads."""
        self.next_id += 1
        content = uint(self.next_id) + uint(index) + uint(limit)
        self.send([stream], request("stream_pull", content), ret)
        return self.next_id

    def read_pull(self, timeout=None):
        """-> (request id, [(index, entry)])"""
        answer = self.receive(timeout)
        if answer is None:
            return None
        protocol, inside = read_answer(answer.payload)
        if protocol != "stream_pull":
            raise Malformed("%s came, no stream_pull" % protocol)
        answered = inside.uint()
        entries = [(inside.uint(), inside.data()) for _ in range(inside.uint())]
        inside.end()
        return answered, entries

    def pull(self, stream, index, limit=8, timeout=None):
        self.ask_pull(stream, index, limit)
        answer = self.read_pull(timeout)
        return None if answer is None else answer[1]

    def entries(self, name):
        """All entries of a stream that exists: [(index, entry)]."""
        opened, found = self.open(name, create=False), []
        position = opened.first
        while position < opened.end:
            for index, entry in self.pull("stream." + name, position, 100):
                found.append((index, entry))
                position = index + 1
        return found

    def get_index(self, client_id, name, service=INDEX, timeout=None):
        """-> (client id, name, index or None)"""
        content = b"\x00" + data(client_id) + data(name)
        answer = self.ask([service], "stream_index", content, timeout)
        if answer is None:
            return None
        inside = answer[1]
        found = inside.data().decode(), inside.data().decode(), inside.optional(inside.uint)
        inside.end()
        return found

    def save_index(self, client_id, name, index, service=INDEX):
        content = b"\x01" + data(client_id) + data(name) + uint(index)
        self.send([service], request("stream_index", content))

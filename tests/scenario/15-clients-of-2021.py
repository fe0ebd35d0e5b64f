#!/usr/bin/env python3
# Goal: the hub gives clients of 2021 what they need and nothing that kills them: one answer a
# request, never `error`, never an empty route, never a frame that is too long; bad input costs
# only what sent it.  (PROTOCOL.md 1 to 3)
import os
import re

from lib import check, scenario
from wire import BAD_NAME, Client, Closed, ERROR, INDEX, NOT_FOUND, OK, OPENED, PONG, SERVICE, \
    data, decode, encode, frame, read_answer, request, uint, unique

ENTRY_MAX = 64512  # PROTOCOL.md 3.2
PROTOCOLS = ("stream_create", "stream_push", "stream_pull", "stream_index", "tacit.stream_open")


class Guest(Client):
    """A client that dies of what those of 2021 die of."""

    def receive_frame(self, timeout=None):
        body = super().receive_frame(timeout)
        if body is None:
            return None
        message = decode(body)
        if not body or body[0] != 1 or not message.onward:
            raise AssertionError("killed by %r" % body[:80])
        if message.onward[0] != self.name.encode():
            raise AssertionError("killed by an address that is not here: %r" % message)
        if message.payload != PONG:
            protocol = read_answer(message.payload)[0]
            if len(message.ret) != 1 or protocol not in PROTOCOLS:
                raise AssertionError("killed by %r" % message)
        return body

    def is_refused(self, content):
        """Whether the hub closes the connection, perhaps before all of it is sent."""
        try:
            self.send_bytes(content)
        except Closed:
            return True
        return self.is_closed()

    def is_quiet(self):
        """Nothing was answered to what was sent before: not before a ping, which the connection
        answers, and not before a question that the store answers."""
        self.send([], b"\x00")
        answer, question = self.receive(), unique("quiet")
        return answer is not None and answer.payload == PONG and \
            self.get_index(question, "quiet") == (question, "quiet", None)


def create(hub):
    name = unique("created")
    with Guest(hub.address) as client:
        stream = client.create(name)
        check(stream == b"stream." + name.encode(), "Init comes from stream.NAME")
        check(client.created == name, "and echoes the name")
        check(client.create(name) == stream, "again: the same")
        check(client.is_quiet(), "one answer each")
        other = client.create(None)
        check(re.fullmatch("generated_[0-9a-f]+", client.created), "a name is made up")
        check(other == b"stream." + client.created.encode(), "and used")
        check(client.create(name, service="stream") == stream, "`stream` is the service, too")
        for bad in ("", ".", "..", "__x", "a b", "ü", "a/b", "x" * 250, "a\0b"):
            client.send([SERVICE], request("stream_create", b"\x01" + data(bad)))
            check(client.is_quiet(), "stream_create of %r: silence" % bad[:20])
            check(client.open(bad).status == BAD_NAME, "tacit.stream_open: BAD_NAME")
        check(client.open(None, create=False).status == BAD_NAME, "no name: BAD_NAME")
        check(client.open(unique("none"), create=False).status == NOT_FOUND, "NOT_FOUND")
        check(client.create("x" * 249) == b"stream." + b"x" * 249, "the longest name")


def push_and_pull(hub):
    name = unique("pushed")
    entries = [b"entry %d" % i for i in range(20)] + [b"", os.urandom(1000)]
    with Guest(hub.address) as client:
        stream = client.create(name)
        opened = client.open(name)
        check(opened.status == OPENED and opened.first == opened.end, "new and empty")
        pushed = [client.push(stream, entry) for entry in entries]
        check(all(status == OK for status, _ in pushed), "every push is confirmed")
        indexes = [index for _, index in pushed]
        check(indexes == sorted(set(indexes)), "indexes grow")
        first = client.pull(stream, 0)
        check(first == list(zip(indexes, entries))[:8], "a pull at 0 gives 8, the limit")
        found, position = list(first), first[-1][0] + 1
        while position <= indexes[-1]:
            more = client.pull(stream, position)
            check(0 < len(more) <= 8, "and on")
            found += more
            position = more[-1][0] + 1
        check(found == list(zip(indexes, entries)), "all entries, unchanged, in order")
        check([e for _, e in client.pull(stream, indexes[5], 3)] == entries[5:8], "limit 3")
        check(client.pull(stream, indexes[-1] + 100) == [], "beyond the end: empty, at once")
        check(client.pull(stream, 0, 0) == [], "limit 0: empty")
        check(client.is_quiet(), "one answer each")


def large(hub):
    with Guest(hub.address) as client:
        stream = client.create(unique("large"))
        longest = os.urandom(ENTRY_MAX)
        status, index = client.push(stream, longest)
        check(status == OK and client.pull(stream, 0) == [(index, longest)], "the longest entry")
        for length in (ENTRY_MAX + 1, 65300):
            check(client.push(stream, b"x" * length) == (ERROR, 0), "%d bytes: ERROR" % length)
        entries = [os.urandom(30000) for _ in range(5)]
        for entry in entries:
            client.push(stream, entry)
        found, position = [], index + 1
        while len(found) < 5:
            answer = client.pull(stream, position)
            check(1 <= len(answer) <= 2, "an answer is as much as fits a frame")
            found += [entry for _, entry in answer]
            position = answer[-1][0] + 1
        check(found == entries, "and nothing is left out")


def held(hub):
    with Guest(hub.address) as client, Guest(hub.address) as other:
        stream = client.create(unique("held"))
        end = client.push(stream, b"first")[1] + 1
        asked = client.ask_pull(stream, end)
        check(client.is_quiet(), "a pull at the end is held")
        other.push(stream, b"second")
        answered, entries = client.read_pull()
        check((answered, entries) == (asked, [(end, b"second")]), "and answered by an entry")
        asked = [client.ask_pull(stream, end + 1) for _ in range(3)]
        check([client.read_pull() for _ in range(2)] == [(asked[0], []), (asked[1], [])],
            "the next one empties the last one")
        other_asked = other.ask_pull(stream, end + 1)
        check(other.is_quiet() and client.is_quiet(), "others are held beside it")
        check(client.read_pull() == (asked[2], []), "a while later it is answered, empty")
        check(other.read_pull() == (other_asked, []), "the other one, too")
        # a client that went away while its pull was held
        gone = Guest(hub.address)
        gone.ask_pull(stream, end + 1)
        gone.close()
        check(client.push(stream, b"third")[0] == OK, "nobody minds one that is gone")


def index(hub):
    name, client_id = unique("indexed"), unique("reader")
    with Guest(hub.address) as client:
        client.create(name)
        check(client.get_index(client_id, name) == (client_id, name, None), "none at first")
        client.save_index(client_id, name, 7)
        check(client.is_quiet(), "a save is not answered")
        check(client.get_index(client_id, name) == (client_id, name, 7), "it is what was saved")
        client.save_index(client_id, name, 300, service="stream_index")
        check(client.get_index(client_id, name, service="stream_index")[2] == 300,
            "`stream_index` is the service, too")
        check(client.get_index(unique("other"), name)[2] is None, "each has his own")
        check(client.get_index("not a client id/", name)[2] is None, "odd ids are answered")
        check(client.get_index(client_id, "bad name")[2] is None, "odd names are answered")
    return name, client_id


def pings(hub):
    with Guest(hub.address) as client:
        check(client.ping(), "a ping is answered")
        client.send([], b"\x00", [])
        client.send([], b"\x01")
        client.send([], b"")
        client.send([], b"anything")
        client.send([], b"", [])  # by later programs, to keep a connection alive
        check(client.is_quiet(), "others without a route are ignored")
        client.send([SERVICE], request("stream_create", b"\x00"), [client.name, "further"])
        check(client.receive().onward == [client.name.encode(), b"further"], "routes back of two")


def nonsense(hub):
    name = unique("nonsense")
    with Guest(hub.address) as client:
        stream = client.create(name).decode()
        for worker in ("nobody", "", "stream.", "stream.a b", "stream.__x", "stream_kafka2", "app",
                       "x" * 300, b"\xff\x00", (1, "127.0.0.1:1"), (2, "x"), (9, ""), (255, "y")):
            client.send([worker], request("stream_create", b"\x00"))
            client.send([worker, SERVICE], request("stream_create", b"\x00"))
            check(client.is_quiet(), "for %r: dropped, the connection stays" % (worker,))
        good = request("stream_push", uint(1) + data(b"x"))
        for worker in (SERVICE, INDEX, stream):
            for payload in (b"", b"\x00", b"\xff" * 20, b"\x0bstream_pull", data("stream_pull"),
                            data("stream_push") + b"\xff\xff\xff\xff\xff\x7f",
                            request("stream_push", b"\x01\x7f"), request("stream_pull", b"\x80"),
                            request("stream_index", b"\x02"), request("stream_create", b"\x01\x50"),
                            request("error", data("Invalid request")), request("nothing", b""),
                            request("internal.stream.pull", b"\x00"), os.urandom(200)):
                client.send([worker], payload)
        for worker in (SERVICE, INDEX):
            client.send([worker], good)
        client.send([stream], request("stream_create", b"\x00"))
        client.send([stream], request("stream_pull", uint(1) + uint(0) + uint(1)), [])
        check(client.is_quiet(), "what is malformed or for others is not answered")
        check(client.push(stream, b"x")[0] == OK, "and the connection stays")
        client.send([stream], good + b"trailing")
        check(read_answer(client.receive().payload)[0] == "stream_push", "bytes behind are ignored")
        longer = data("stream_push") + data(b"\x81\x00" + b"\x81\x80\x00" + b"y")
        client.send([stream], longer)
        check(read_answer(client.receive().payload)[0] == "stream_push", "long uints are read")
    return name


def frames(hub):
    """What ends a connection ends that one only."""
    with Guest(hub.address) as other:
        good = encode([SERVICE], [other.name], request("stream_create", b"\x00"))
        for words, content in (
                ("no bytes", b"\x00\x00"), ("one byte", frame(b"\x01")),
                ("another version", frame(b"\x02" + good[1:])), ("text", b"GET / HTTP/1.1\r\n" * 2000),
                ("a cut message", frame(good[:-1])), ("random bytes", frame(os.urandom(500))),
                ("too many hops", frame(encode(["a"] * 13, [other.name]))),
                ("too long an address", frame(encode(["a" * 301], [other.name]))),
                ("too long a route", frame(encode(["a" * 290] * 2, [other.name]))),
                ("a huge count", frame(b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))):
            with Guest(hub.address) as client:
                check(client.is_refused(content), "a frame of %s ends its connection" % words)
            check(other.ping(), "and no other")
        for length in range(1, len(good), 7):
            with Client(hub.address) as client:
                client.send_bytes(frame(good)[:length])
        check(other.ping(), "many go away in the middle of a frame")
        for byte in frame(good):
            other.send_bytes(bytes([byte]))
        check(other.receive().onward == [other.name.encode()], "a frame in single bytes")
        other.send_bytes(frame(good) * 50)
        check(all(other.receive() for _ in range(50)), "fifty at once: fifty answers")
        try:
            with Client(hub.address) as client:
                for _ in range(3000):
                    client.send_frame(os.urandom(10) + b"\x00" * 60000)
            check(False, "garbage without end is refused")
        except (Closed, OSError):
            check(True, "garbage without end is refused")
        check(other.ping(), "the others are still there")


def restarted(hub, pushed, indexed):
    client_id = indexed[1]
    with Guest(hub.address) as client:
        before = client.entries(pushed)
    hub.stop()
    hub = hub.again()
    with Guest(hub.address) as client:
        found = client.pull("stream." + pushed, 0, 100)
        check(found == before and before, "a stream's address and entries hold, unasked")
        status, index = client.push("stream." + pushed, b"more")
        check(status == OK and index > before[-1][0], "and it goes on")
        check(client.get_index(client_id, indexed[0])[2] == 300, "a position was kept")
    return hub


@scenario
def main(s):
    hub = s.hub()
    s.step("create")
    create(hub)
    s.step("push and pull")
    push_and_pull(hub)
    large(hub)
    s.step("held pulls")
    held(hub)
    s.step("index")
    indexed = index(hub)
    s.step("ping")
    pings(hub)
    s.step("nonsense")
    pushed = nonsense(hub)
    s.step("frames")
    frames(hub)
    s.step("the hub again")
    hub = restarted(hub, pushed, indexed)
    check(hub.stop() == 0, "the hub ends with 0")

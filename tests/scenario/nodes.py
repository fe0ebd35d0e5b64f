"""Nodes of 2021 as a hub meets them: their stream clients never connect again, never ask twice, and
die of all that the programs of 2021 die of, and of what a hub should not do to them.

A node dies of a frame that is malformed or for nobody here, of a route or an answer that should not
be, of a second answer, of entries that are missing, doubled, out of order or changed, and of a
connection that the hub closes.  Answers that never come are for its world (world.py) to see, which
runs it.

Every entry says who pushed it and which of his it is, so that readers can tell.
"""

import collections
import functools
import os
import selectors
import socket
import time

from wire import ERROR, INDEX, Malformed, OK, PING, PONG, Reader, SERVICE, data, encode, \
    endpoint, frame, optional, read_answer, read_route, request, uint

LIMIT = 8  # entries that one pull asks for
READ = 1 << 18


class Died(Exception):
    """What the hub did kills a node."""


def start_of(number, sequence, length):
    return b"%d/%d/%d/" % (number, sequence, length)


def make_entry(number, sequence, length):
    """A message for a worker of the reading node, of this many bytes if they suffice."""
    start = start_of(number, sequence, length)
    bare = len(encode(["app"], ["app"], start))
    filler = max(0, length - bare)
    while filler > 0 and len(encode(["app"], ["app"], start + bytes(filler))) > length:
        filler -= 1  # a longer length takes more bytes
    return encode(["app"], ["app"], start + bytes([sequence & 0xFF]) * filler)


def read_entry(entry):
    """-> number, sequence; None for an entry that no node made"""
    try:
        reader = Reader(entry)
        reader.u8(), read_route(reader), read_route(reader)
        number, sequence, length, _ = reader.data().split(b"/", 3)
        number, sequence, length = int(number), int(sequence), int(length)
    except (Malformed, ValueError):
        return None
    if entry != make_entry(number, sequence, length):
        raise Died("entry %d of producer %d was changed" % (sequence, number))
    return number, sequence


class Worker:
    def __init__(self, node, name, service=SERVICE):
        self.node, self.name, self.address = node, name, os.urandom(16).hex()
        self.stream, self.asked_create = None, True
        node.workers[self.address.encode()] = self
        node.send(self, service, "stream_create", optional(data(name)))

    def on_init(self, came_from, inside):
        """The answer to create, of which there is one."""
        name = inside.data().decode()
        inside.end()
        if not self.asked_create:
            raise Died("a second Init: %s" % name)
        if name != self.name:
            raise Died("Init of %s, where %s was asked for" % (name, self.name))
        self.asked_create, self.stream = False, came_from.decode()

    def came_from_stream(self, came_from):
        if self.stream is None or came_from.decode() != self.stream:
            raise Died("an answer came from %r, and not from %r" % (came_from, self.stream))


class Producer(Worker):
    def __init__(self, node, name):
        self.number, self.count, self.waiting = node.world.number(self, name), 0, []
        self.gone = False  # its stream was deleted: entries may be missing, and indexes start anew
        self.unanswered, self.indexes, self.refused = {}, {}, set()
        super().__init__(node, name)

    def push(self, length=100):
        """Without waiting for anything."""
        sequence = self.count
        self.count += 1
        entry = make_entry(self.number, sequence, length)
        if self.stream is None:
            self.waiting.append((sequence, entry))
        else:
            self._push(sequence, entry)

    def _push(self, sequence, entry):
        self.unanswered[sequence] = time.monotonic()
        self.node.send(self, self.stream, "stream_push", uint(sequence) + data(entry))

    def on_answer(self, protocol, inside, came_from):
        if protocol == "stream_create":
            self.on_init(came_from, inside)
            for sequence, entry in self.waiting:
                self._push(sequence, entry)
            self.waiting = []
        elif protocol == "stream_push":
            self.came_from_stream(came_from)
            sequence, status, index = inside.uint(), inside.uint(), inside.uint()
            inside.end()
            if self.unanswered.pop(sequence, None) is None:
                raise Died("a second status of push %d" % sequence)
            if status == OK:
                self.indexes[sequence] = index
            elif status == ERROR:
                self.refused.add(sequence)
            else:
                raise Died("status %d" % status)
        else:
            raise Died("a producer takes `%s` for data and pushes it" % protocol)

    def owed(self):
        """Words for what the hub did not answer yet."""
        if self.asked_create:
            return "producer of %s: create" % self.name
        return self.unanswered and "producer of %s: %d pushes from %d on" % (self.name,
            len(self.unanswered), min(self.unanswered))

    def confirmed_in_order(self):
        indexes = [self.indexes[sequence] for sequence in sorted(self.indexes)]
        return all(a < b for a, b in zip(indexes, indexes[1:]))


class Consumer(Worker):
    """Reads a stream; on_entry(number, sequence) is called with each entry of a producer."""

    def __init__(self, node, name, client_id=None, on_entry=None):
        self.client_id, self.on_entry = client_id or os.urandom(16).hex(), on_entry
        self.asked_index, self.pull, self.pulls, self.next = False, None, 0, None
        self.seen = collections.defaultdict(list)
        self.from_index = 0  # entries below were read by somebody else
        super().__init__(node, name)
        node.world.consumers.append(self)

    def on_answer(self, protocol, inside, came_from):
        if protocol == "stream_create":
            self.on_init(came_from, inside)
            self.asked_index = True
            content = b"\x00" + data(self.client_id) + data(self.name)
            self.node.send(self, INDEX, "stream_index", content)
        elif protocol == "stream_index":
            self._on_index(inside, came_from)
        elif protocol == "stream_pull":
            self._on_pull(inside, came_from)
        else:
            raise Died("`%s` is for no consumer" % protocol)

    def _on_index(self, inside, came_from):
        found = inside.data().decode(), inside.data().decode()
        self.next = inside.optional(inside.uint) or 0
        inside.end()
        if not self.asked_index or came_from != INDEX.encode():
            raise Died("an index from %r that nobody asked for" % came_from)
        if found != (self.client_id, self.name):
            raise Died("the index of %r" % (found,))
        self.asked_index = False
        self.node.world.later(self.node.world.interval / 2, self.fetch)

    def fetch(self):
        self.pull = self.pulls
        self.pulls += 1
        content = uint(self.pull) + uint(self.next) + uint(LIMIT)
        self.node.send(self, self.stream, "stream_pull", content)

    def _on_pull(self, inside, came_from):
        self.came_from_stream(came_from)
        answered, entries = read_pull(inside)
        if self.pull is None or answered != self.pull:
            raise Died("an answer to pull %d, which was answered" % answered)
        self.pull = None
        self.take(entries, self.next)
        if entries:
            self.next = entries[-1][0] + 1
            content = b"\x01" + data(self.client_id) + data(self.name) + uint(self.next)
            self.node.send(self, INDEX, "stream_index", content)
        self.node.world.later(self.node.world.interval, self.fetch)

    def take(self, entries, asked):
        if len(entries) > LIMIT:
            raise Died("%d entries, where %d were asked for" % (len(entries), LIMIT))
        for index, entry in entries:
            if index < asked:
                raise Died("index %d again of %s" % (index, self.name))
            asked = index + 1
            known = read_entry(entry)
            if known is None:
                continue
            number, sequence = known
            if self.node.world.producers[number].name != self.name:
                raise Died("an entry of another stream")
            seen = self.seen[number]
            if seen and sequence <= seen[-1]:
                raise Died("entry %d of %s came after %d" % (sequence, self.name, seen[-1]))
            seen.append(sequence)
            if self.on_entry is not None:
                self.on_entry(number, sequence)

    def owed(self):
        if self.asked_create or self.asked_index:
            return "consumer of %s: create or index" % self.name
        return ""

    def lacks(self):
        """Words for confirmed entries that it did not see, among those it was to see."""
        for number, producer in self.node.world.producers_of(self.name):
            seen = set(self.seen[number])
            lacking = [s for s, index in producer.indexes.items()
                       if index >= self.from_index and s not in seen]
            if lacking and not producer.gone:
                return "reader of %s lacks %d entries of producer %d from %d on" % (self.name,
                    len(lacking), number, min(lacking))
        return ""


class Hasty(Consumer):
    """Asks again and again without waiting for answers, from the same address: each pull gets its
    one answer, and what comes twice was asked for twice."""

    def __init__(self, *args, **options):
        self.asked = {}
        super().__init__(*args, **options)

    def fetch(self):
        for _ in range(2):
            self.asked[self.pulls] = self.next
            content = uint(self.pulls) + uint(self.next) + uint(LIMIT)
            self.node.send(self, self.stream, "stream_pull", content)
            self.pulls += 1
        self.node.world.later(self.node.world.interval, self.fetch)

    def owed(self):
        late = [pull for pull in self.asked if pull < self.pulls - 50]
        return super().owed() or late and "reader of %s: pull %d, and fifty later ones were " \
            "answered" % (self.name, late[0])

    def _on_pull(self, inside, came_from):
        self.came_from_stream(came_from)
        answered, entries = read_pull(inside)
        if answered not in self.asked:
            raise Died("a second answer to pull %d" % answered)
        asked = self.asked.pop(answered)
        if any(index < asked for index, _ in entries):
            raise Died("an index below the one asked for")
        self.take([entry for entry in entries if entry[0] >= self.next], self.next)
        if entries:
            self.next = max(self.next, entries[-1][0] + 1)


def read_pull(inside):
    """-> request id, [(index, entry)]"""
    answered = inside.uint()
    entries = [(inside.uint(), inside.data()) for _ in range(inside.uint())]
    inside.end()
    return answered, entries


def in_world(method):
    """A method that a scenario calls from its own thread."""

    @functools.wraps(method)
    def call(self, *args, **options):
        return self.world.call(lambda: method(self, *args, **options))
    return call


class Node:
    """A process of 2021: one connection to the hub, any number of workers behind it."""

    def __init__(self, world, address, source=None):
        self.world, self.workers, self.died, self.ended = world, {}, None, False
        self.received, self.unsent, self.reading, self.leaving = b"", bytearray(), True, False
        self.pinger, self.pings = os.urandom(16).hex().encode(), 0
        self.socket = socket.socket()
        if source is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind(source)
        # those of 2021 do not; a pull 10 ms after a save would wait for an acknowledgement
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(30)
        self.socket.connect(endpoint(address))
        self.source = self.socket.getsockname()
        self.socket.setblocking(False)
        self.events = 0
        world.nodes.append(self)
        self.watch()

    # for scenarios

    @in_world
    def consumer(self, name, kind=Consumer, **options):
        return kind(self, name, **options)

    @in_world
    def producer(self, name):
        return Producer(self, name)

    @in_world
    def read(self, on):
        """Whether it reads its socket; its other end has to keep what it does not."""
        self.reading = on
        self.watch()

    @in_world
    def leave(self):
        """At once and without a word, as a process that is killed; it is not looked at any more."""
        linger = b"\x01\0\0\0\0\0\0\0"  # reset
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.world.forget(self)

    # in the world's thread

    def send(self, worker, onward, protocol, content):
        payload = request(protocol, content)
        self.unsent += frame(encode([onward], [worker.address], payload))
        self.watch()

    def ping(self):
        """No node of 2021 does; when it is answered, all that was asked before was dealt with."""
        self.pings += 1
        self.unsent += frame(encode([], [self.pinger], PING))
        self.watch()

    def watch(self):
        wanted = (selectors.EVENT_READ if self.reading else 0) | \
            (selectors.EVENT_WRITE if self.unsent else 0)
        if self.ended or self.died:
            wanted = 0
        if wanted == self.events:
            return
        if self.events == 0:
            self.world.selector.register(self.socket, wanted, self)
        elif wanted == 0:
            self.world.selector.unregister(self.socket)
        else:
            self.world.selector.modify(self.socket, wanted, self)
        self.events = wanted

    def on_event(self, events):
        try:
            if events & selectors.EVENT_WRITE:
                del self.unsent[:self.socket.send(self.unsent)]
            if events & selectors.EVENT_READ:
                self.read_some()
        except BlockingIOError:
            pass
        except (OSError, EOFError) as e:
            self.end(e)
        except (Died, Malformed, UnicodeDecodeError) as e:
            self.died = str(e)
        self.watch()

    def end(self, why):
        """leaving: the hub was told to end; what came until then were whole frames"""
        self.ended = True
        if not self.leaving:
            self.died = "the hub closed the connection: %r" % why
        elif self.received:
            self.died = "the last frame was cut after %d bytes" % len(self.received)

    def read_some(self):
        more = self.socket.recv(READ)
        if not more:
            raise EOFError("end of file")
        self.received += more
        at = 0
        while len(self.received) - at >= 2:
            end = at + 2 + int.from_bytes(self.received[at:at + 2], "big")
            if end > len(self.received):
                break
            self.on_frame(self.received[at + 2:end])
            at = end
        self.received = self.received[at:]

    def on_frame(self, body):
        reader = Reader(body)
        version, onward, ret, payload = reader.u8(), read_route(reader), read_route(reader), \
            reader.data()
        reader.end()
        if onward == [self.pinger] and not ret and payload == PONG and self.pings > 0:
            self.pings -= 1
            return
        if version != 1 or len(onward) != 1 or onward[0] not in self.workers:
            raise Died("a frame of version %d for %r" % (version, onward))
        worker = self.workers[onward[0]]
        if len(ret) != 1 or not isinstance(ret[0], bytes):
            raise Died("the way back is %r" % ret)
        protocol, inside = read_answer(payload)
        worker.on_answer(protocol, inside, ret[0])

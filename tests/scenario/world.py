"""A world of nodes of 2021 (nodes.py), run by one thread of its own, and who makes traffic in it.

    world = World()                                  # nodes ask every 10 ms, not every 250
    bob = world.node(hub.address)                    # one connection
    consumer = bob.consumer(name)                    # starts at once: create, get, pull, pull, ...
    producer = alice.producer(name)                  # create; pushes wait for its answer
    world.push([producer], 10, lambda i: 200)        # ten entries of 200 bytes, numbered
    world.wait_until(function, "they talk")          # or until somebody dies
    world.settle("they are quiet")                   # all answered, all read, each once, in order
    world.finish("in the end")                       # and nothing comes that nobody asked for
    world.survive("so far")                          # nobody has died yet
    world.close()
"""

import heapq
import queue
import selectors
import socket
import threading
import time
import traceback

from lib import check, fail, wait_until
from nodes import Node, in_world


class World:
    def __init__(self, interval=0.01):
        self.world, self.interval = self, interval
        self.selector, self.nodes, self.timers, self.calls = selectors.DefaultSelector(), [], [], \
            queue.Queue()
        self.producers, self.consumers, self.tick, self.broken = [], [], 0, None
        self.wake_reader, self.wake_writer = socket.socketpair()
        self.selector.register(self.wake_reader, selectors.EVENT_READ, None)
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while self.running:
                self._turn()
        except Exception:  # of the model, not of a node
            self.broken = traceback.format_exc()

    def _turn(self):
        now = time.monotonic()
        while self.timers and self.timers[0][0] <= now:
            heapq.heappop(self.timers)[2]()
        wait = max(0, self.timers[0][0] - now) if self.timers else None
        for key, events in self.selector.select(wait):
            if key.data is not None:
                key.data.on_event(events)
            else:
                self.wake_reader.recv(4096)
        while not self.calls.empty():
            self.calls.get()()

    def later(self, seconds, function):
        self.tick += 1
        heapq.heappush(self.timers, (time.monotonic() + seconds, self.tick, function))

    def call(self, function):
        """Runs it in the world's thread, and gives its result."""
        if threading.current_thread() is self.thread:
            return function()
        done, result = threading.Event(), []

        def run():
            try:
                result.append((function(), None))
            except Exception as e:
                result.append((None, e))
            done.set()

        self.calls.put(run)
        self.wake_writer.send(b"x")
        while not done.wait(1):
            if self.broken or not self.thread.is_alive():
                fail("the world has ended: %s" % self.broken)
        if result[0][1] is not None:
            raise result[0][1]
        return result[0][0]

    def forget(self, node):
        """It died by its own doing; what it pushed counts only where it was confirmed."""
        node.ended = True
        node.watch()
        node.socket.close()
        self.nodes.remove(node)
        self.consumers = [c for c in self.consumers if c.node is not node]

    def number(self, producer, name):
        producer.name = name
        self.producers.append(producer)
        return len(self.producers) - 1

    def producers_of(self, name):
        return [(n, p) for n, p in enumerate(self.producers) if p.name == name]

    @in_world
    def node(self, address, source=None):
        return Node(self, address, source)

    @in_world
    def push(self, producers, count, length=None):
        """Each pushes so many entries, of length(i) bytes."""
        for i in range(count):
            for producer in producers:
                producer.push(100 if length is None else length(i))

    @in_world
    def deaths(self):
        return [node.died for node in self.nodes if node.died]

    def survive(self, words):
        if self.broken:
            fail("the world has ended: %s" % self.broken)
        deaths = self.deaths()
        if deaths:
            fail("%d of %d nodes died, the first one of this: %s" % (len(deaths),
                len(self.nodes), deaths[0]))
        check(True, "%s: all %d nodes live" % (words, len(self.nodes)))

    @in_world
    def _missing(self):
        """Words for the first thing that is still to come; a death is one that never comes."""
        for node in self.nodes:
            if node.died:
                return ""
            for worker in node.workers.values():
                owed = worker.owed()
                if owed:
                    return owed
        return next((words for words in (c.lacks() for c in self.consumers) if words), "")

    def settle(self, words, timeout=120):
        """Until all requests but pulls that are held were answered, and every reader has every
        confirmed entry."""
        end = time.monotonic() + timeout
        while True:
            missing = self._missing()
            if not missing:
                break
            if time.monotonic() > end:
                fail("%s: waited %d s in vain for this: %s" % (words, timeout, missing))
            time.sleep(0.1)
        self.survive(words)
        if not self.call(lambda: all(p.gone or p.confirmed_in_order()
                for p in self.producers)):
            fail("%s: indexes do not grow in the order of the pushes" % words)
        check(True, "%s: %d entries were confirmed, %d refused, and each confirmed one read once "
            "and in order" % (words, sum(len(p.indexes) for p in self.producers),
            sum(len(p.refused) for p in self.producers)))

    def finish(self, words, timeout=120):
        """One more entry for every stream, so that each reader's pull is answered, and nothing
        behind it."""
        self.push([p for p in self.producers if p.node in self.nodes], 1)
        self.settle(words, timeout)
        self.call(lambda: [node.ping() for node in self.nodes])
        self.wait_until(lambda: self.call(lambda: not any(n.pings for n in self.nodes)),
            words + ": all pings are answered", timeout)

    @in_world
    def confirmed(self):
        return sum(len(p.indexes) for p in self.producers)

    @in_world
    def statuses(self):
        return sum(len(p.indexes) + len(p.refused) for p in self.producers)

    def wait_until(self, function, words, timeout=120):
        """Until function() is true; a death, after which it may never be, is a failure at once."""
        wait_until(lambda: self.deaths() or function(), words, timeout)
        self.survive(words)

    def reach(self, count, timeout=120):
        self.wait_until(lambda: self.confirmed() >= count, "%d entries are confirmed" % count,
            timeout)

    @in_world
    def unsent(self):
        """Bytes that the hub did not read yet, as far as a node can tell."""
        return sum(len(node.unsent) for node in self.nodes)

    @in_world
    def leave(self):
        """From now on the hub may close connections, between frames."""
        for node in self.nodes:
            node.leaving = True

    @in_world
    def ended(self):
        return all(node.ended for node in self.nodes)

    def close(self):
        self.running = False
        self.wake_writer.send(b"x")
        self.thread.join(30)
        for node in self.nodes:
            node.socket.close()


class Pair:
    """Alice and Bob: she pushes, he pushes back what he reads, and she keeps so many on the way."""

    def __init__(self, world, bob_hub, alice_hub, name, count, length, ahead=4):
        self.world, self.count, self.length, self.ahead = world, count, length, ahead
        self.sent = self.echoed = 0
        there, back = name + "_there", name + "_back"
        self.bob, self.alice = world.node(bob_hub), world.node(alice_hub)
        self.bob_out = self.bob.producer(back)
        self.bob.consumer(there, on_entry=self.on_bob)
        self.alice_out = self.alice.producer(there)
        self.alice.consumer(back, on_entry=self.on_alice)
        world.call(self.more)

    def more(self):
        while self.sent < self.count and self.sent - self.echoed < self.ahead:
            self.alice_out.push(self.length(self.sent))
            self.sent += 1

    def on_bob(self, number, sequence):
        self.bob_out.push(self.length(sequence))

    def on_alice(self, number, sequence):
        self.echoed += 1
        self.more()

    def done(self):
        return self.echoed == self.count

    def stop(self):
        """What is on its way is the last."""
        self.count = self.sent


class Writer:
    """Pushes an entry every few milliseconds, whatever becomes of it."""

    def __init__(self, producer, length, seconds=0.02):
        self.producer, self.length, self.seconds, self.running = producer, length, seconds, True
        producer.node.world.call(self.write)

    def write(self):
        if self.running:
            self.producer.push(self.length(self.producer.count))
            self.producer.node.world.later(self.seconds, self.write)

    def stop(self):
        self.running = False

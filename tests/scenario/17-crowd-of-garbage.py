#!/usr/bin/env python3
# Goal: two hundred connections of garbage, halves of frames, and silence, and some that never read
# what they asked for: the hub serves Alice and Bob meanwhile, its memory stays bounded, and
# nothing of theirs stays.
import os
import random
import re
import socket
import threading
import time

from lib import BUILD, check, scenario, wait_until
from wire import Client, Closed, encode, endpoint, frame, request, uint, unique

CROWD = 200
# bytes that the hub may grow by: one connection may leave 64 MiB unread, all together 256 MiB
# (src/base/limits.h), and as many answers may be on their way to them, and what was freed has holes.
# Without the second of these limits the 32 below would make it 2 GiB
MEMORY = 1 << 30
SANITIZED = b"__asan_init" in (BUILD / "tacit").read_bytes()


def memory(process):
    with open("/proc/%d/status" % process.pid) as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) << 10


class Crowd:
    """Sockets that do what a hub does not want, again and again, until told to stop."""

    def __init__(self, hub):
        self.address, self.running, self.connections, self.lost = endpoint(hub.address), True, 0, 0
        self.ways = [self.nothing, self.garbage, self.half, self.trickle, self.flood, self.vanish]
        self.threads = [threading.Thread(target=self.live, args=(way,), daemon=True)
                        for way in self.ways]
        for thread in self.threads:
            thread.start()

    def live(self, way):
        """One thread has its share of the sockets open all the time."""
        sockets = []
        while self.running:
            while len(sockets) < CROWD // len(self.ways) + 1:
                one = socket.create_connection(self.address, 60)
                one.setblocking(False)
                sockets.append(one)
                self.connections += 1
                way(one, True)
            for one in list(sockets):
                if not way(one, False):
                    one.close()
                    sockets.remove(one)
                    self.lost += 1
            time.sleep(0.05)
        for one in sockets:
            one.close()

    # a way to behave: first is true for a new socket; false: this one is over

    def send(self, one, content):
        try:
            one.send(content)
            return True
        except BlockingIOError:
            return True
        except OSError:
            return False

    def nothing(self, one, first):
        return True

    def garbage(self, one, first):
        return self.send(one, os.urandom(random.randrange(1, 2000)))

    def half(self, one, first):
        """A long frame whose end never comes."""
        return not first or self.send(one, b"\xff\xff" + b"\x01" * 60000)

    def trickle(self, one, first):
        return self.send(one, b"\xff\xff" if first else b"\x01")

    def flood(self, one, first):
        """Messages for nobody, and pings whose answers are not read."""
        messages = frame(encode(["nobody"], ["x" * 200], b"z" * 1000)) * 5
        return self.send(one, messages + frame(encode([], ["ping"], b"\x00")) * 20)

    def vanish(self, one, first):
        self.send(one, frame(encode(["stream_kafka"], ["me"], request("stream_create", b"\x00"))))
        return first

    def stop(self):
        self.running = False
        for thread in self.threads:
            thread.join(30)


class Deaf(threading.Thread):
    """Asks for all of a stream again and again, and reads nothing."""

    def __init__(self, hub, name):
        super().__init__(daemon=True)
        # what it sends may have to wait until others were hung up on
        self.client, self.closed = Client(hub.address, timeout=300), False
        self.client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.ask = frame(encode(["stream." + name], [self.client.name],
            request("stream_pull", uint(1) + uint(0) + uint(1)))) * 5
        self.start()

    def run(self):
        try:
            for _ in range(100000):
                self.client.send_bytes(self.ask)
                time.sleep(0.005)  # so that all of them have much that waits at once
        except (Closed, OSError):
            self.closed = True
        self.client.close()


def never_read(hub, count):
    """The hub hangs up on them; gives the most memory that it took meanwhile."""
    name, most = unique("unread"), 0
    with Client(hub.address) as client:
        stream = client.create(name)
        for _ in range(8):
            client.push(stream, os.urandom(60000))
    deaf = [Deaf(hub, name) for _ in range(count)]
    while any(one.is_alive() for one in deaf):
        most = max(most, memory(hub))
        time.sleep(0.02)
    check(all(one.closed for one in deaf), "the hub hangs up on %d that read nothing" % count)
    check(hub.text.count("does not take what is sent") >= count, "and says so")
    return most


@scenario
def main(s):
    hub = s.hub()
    bob = s.bob(hub)
    alice = s.alice(hub, bob)
    alice.say("before")
    alice.see("^Alice received an echo: before$")
    files, before = hub.fds(), memory(hub)
    s.step("a crowd of %d" % CROWD)
    crowd = Crowd(hub)
    wait_until(lambda: hub.fds() > files + CROWD / 2, "the crowd is there")
    most, lines = 0, ["in the crowd %d" % i for i in range(300)]
    for line in lines:
        alice.say(line)
        alice.see("^Alice received an echo: %s$" % line)
        most = max(most, memory(hub))
    new = s.alice(hub, bob)
    new.say("late")
    new.see("^Alice received an echo: late$")
    new.end()
    check(new.wait() == 0, "a new Alice gets through, too")
    crowd.stop()
    print("   %d connections, %d of which the hub or they ended" % (crowd.connections, crowd.lost))
    check(re.findall("^Bob received: in (.*)$", bob.text, re.M) == [l[3:] for l in lines],
        "Bob got every line once and in order")
    s.step("some that never read")
    most = max(most, never_read(hub, 32))
    alice.say("after")
    alice.see("^Alice received an echo: after$")
    wait_until(lambda: hub.fds() <= files, "nothing of theirs is open any more")
    print("   memory: %.1f MB before, %.1f at most, %.1f after" % (before / 1e6, most / 1e6,
        memory(hub) / 1e6))
    check(SANITIZED or most - before < MEMORY, "memory is bounded")
    alice.end()
    check(alice.wait() == 0, "Alice ends with 0")
    check(bob.stop() == 0 and hub.stop() == 0, "all end with 0")

"""Alices that pipe numbered lines to Bobs while a scenario breaks things between them.

    traffic = Traffic(s, [(bob_hub, alice_hub)])         # a pair each; starts at once, and goes on
    traffic.reach(500)                                   # until each pair has 500 more echoes
    traffic.finish("killed once")                        # each line and echo once and in order
    Traffic(s, hubs, 4, lens=(0, 16 << 20))              # 4 lines of so many characters, in turn
    Feed(alice, lambda i: "line %d" % i)                 # .lines, and .enough.set(), for one Alice
"""

import fcntl
import itertools
import random
import re
import threading

from lib import Failed, check, fail, wait_until

PIPE = 4096  # the smallest: of short lines a hundred or two wait in it


class Feed(threading.Thread):
    """Lines as fast as Alice takes them: count of them, or until it is enough; then the end of her
    input. line(number) makes one."""

    def __init__(self, alice, line, count=None):
        super().__init__(daemon=True)
        self.alice, self.line, self.count = alice, line, count
        self.lines, self.enough = [], threading.Event()
        fcntl.fcntl(alice.stdin, fcntl.F_SETPIPE_SZ, PIPE)
        self.start()

    def run(self):
        for number in itertools.count() if self.count is None else range(self.count):
            if self.count is None and self.enough.is_set():
                break
            self.lines.append(self.line(number))
            try:
                self.alice.send(self.lines[-1].encode() + b"\n")
            except Failed:  # she ended, which who waits for echoes sees
                break
        self.alice.end()


class Pair:
    def __init__(self, s, number, bob_hub, alice_hub, count, lens):
        self.number, self.lens, self.filler = number, lens, random.Random(number)
        self.bob = s.bob(bob_hub)
        self.alice = s.alice(alice_hub, self.bob)
        self.alice.see("secure channel was established")
        self.feed = Feed(self.alice, self._line, count)
        self.lines, self.enough = self.feed.lines, self.feed.enough

    def _line(self, number):
        line = "pair %d line %d" % (self.number, number)
        more = self.lens[number % len(self.lens)] - len(line) - 1
        return line + " " + self.filler.randbytes((more + 1) // 2).hex()[:more] if more > 0 else line

    def count(self):
        if not self.bob.alive or b"alice: " in self.alice.raw and not self.alice.alive:
            fail("a program ended: %r" % self.alice.text[-300:])
        return self.alice.raw.count(b"Alice received an echo: ")

    def difference(self):
        """Where the lines are not those that they should be; "" when they are."""
        for name, start, process in (("Alice", b"Alice received an echo: ", self.alice),
                                     ("Bob", b"Bob received: ", self.bob)):
            raw = process.raw  # may be much: looked at in place
            found = re.finditer(b"^%s(.*)$" % start, raw, re.M)
            for at, (match, line) in enumerate(itertools.zip_longest(found, self.lines)):
                got = match and match.group(1)
                if line is None or got != line.encode():
                    return "%s has %d of %d lines, and at %d: %r" % (name, raw.count(start),
                        len(self.lines), at, got and got[:80])
        return ""


class Traffic:
    def __init__(self, s, hubs, count=None, lens=(0,)):
        self.reached = 0
        self.pairs = [Pair(s, i, bob, alice, count, lens) for i, (bob, alice) in enumerate(hubs)]

    def done(self):
        """The echoes of the pair that has fewest."""
        return min(pair.count() for pair in self.pairs)

    def reach(self, more, timeout=120):
        self.reached = max(self.reached, self.done()) + more
        wait_until(lambda: self.done() >= self.reached,
            "each pair has %d echoes" % self.reached, timeout)

    def finish(self, words, timeout=180):
        for pair in self.pairs:
            pair.enough.set()
        for pair in self.pairs:
            status = pair.alice.wait(timeout)
            if pair.difference():
                fail("%s: %s" % (words, pair.difference()))
            check(status == 0, "Alice ends with 0")
        check(True, "%s: %d lines of %d pairs each once and in order, at both ends"
            % (words, sum(len(pair.lines) for pair in self.pairs), len(self.pairs)))
        for pair in self.pairs:
            check(pair.bob.stop() == 0, "Bob ends with 0")

"""Alices that pipe numbered lines to Bobs while a scenario breaks things between them.

    traffic = Traffic(s, [(bob_hub, alice_hub)], 2000)   # a pair each; starts at once
    traffic.reach(500)                                   # until each pair has 500 echoes
    traffic.finish("killed once")                        # each line and echo once and in order
    Traffic(s, hubs, 4, lens=(0, 16 << 20))              # lines of so many characters, in turn
"""

import random
import re

from lib import check, fail, wait_until


class Pair:
    def __init__(self, s, number, bob_hub, alice_hub, count, lens):
        filler = random.Random(number)
        self.lines = ["pair %d line %d" % (number, i) for i in range(count)]
        for i, line in enumerate(self.lines):
            more = lens[i % len(lens)] - len(line) - 1
            if more > 0:
                self.lines[i] = line + " " + filler.randbytes((more + 1) // 2).hex()[:more]
        self.bob = s.bob(bob_hub)
        self.alice = s.alice(alice_hub, self.bob)
        self.alice.see("secure channel was established")
        self.alice.send("".join(line + "\n" for line in self.lines).encode())
        self.alice.end()

    def count(self):
        if not self.bob.alive or b"alice: " in self.alice.raw and not self.alice.alive:
            fail("a program ended: %r" % self.alice.text[-300:])
        return self.alice.raw.count(b"Alice received an echo: ")

    def difference(self):
        """Where the lines are not those that they should be; "" when they are."""
        for name, pattern, process in (("Alice", "Alice received an echo", self.alice),
                                       ("Bob", "Bob received", self.bob)):
            got = re.findall("^%s: (.*)$" % pattern, process.text, re.M)
            for at in range(max(len(got), len(self.lines))):
                if got[at:at + 1] != self.lines[at:at + 1]:
                    return "%s has %d of %d lines, and at %d: %r" % (name, len(got),
                        len(self.lines), at, [line[:80] for line in got[at:at + 3]])
        return ""


class Traffic:
    def __init__(self, s, hubs, count, lens=(0,)):
        self.count = count
        self.pairs = [Pair(s, i, bob, alice, count, lens) for i, (bob, alice) in enumerate(hubs)]

    def done(self):
        """The echoes of the pair that has fewest."""
        return min(pair.count() for pair in self.pairs)

    def reach(self, count, timeout=120):
        wait_until(lambda: self.done() >= count, "each pair has %d echoes" % count, timeout)
        check(self.done() < self.count, "there are %d echoes, and lines to come" % count)

    def stands_still(self):
        return self.done() < self.count

    def finish(self, words, timeout=180):
        for pair in self.pairs:
            status = pair.alice.wait(timeout)
            if pair.difference():
                fail("%s: %s" % (words, pair.difference()))
            check(status == 0, "Alice ends with 0")
        check(True, "%s: %d lines of %d pairs each once and in order, at both ends"
            % (words, self.count, len(self.pairs)))
        for pair in self.pairs:
            check(pair.bob.stop() == 0, "Bob ends with 0")

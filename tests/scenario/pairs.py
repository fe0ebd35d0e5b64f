"""The example programs of examples/interop, which speak as in 2021, with each other and with the
native ones, while their hub lives and dies.

    everything(s, hub, kills)               # the goal of 40-*.py and 41-*.py, for one hub
"""

import re

from lib import check, wait_until
from traffic import Feed
from wire import Client, unique

INTEROP = "examples/interop"
NO_ANSWER = ("no secure channel: no answer within 30 s: check the names, and that the other side "
             "runs and offers the protocol of 2021")
LOST = "may be lost"


class Pair:
    """An Alice and a Bob, and the lines that she has to say."""

    def __init__(self, s, hub, name, old_alice, old_bob, count=0, bob=None):
        self.name = name
        self.lines = [self.line(i) for i in range(count)]
        self.bob = bob or s.bob(hub, examples=INTEROP if old_bob else "examples")
        self.alice = s.alice(hub, self.bob, who(self.bob, old_alice, old_bob),
            examples=INTEROP if old_alice else "examples")

    def line(self, number):
        return "%s, line %d" % (self.name, number)

    def talk_on(self):
        """Until there are enough lines; gives what is told so."""
        feed = Feed(self.alice, self.line)
        self.lines = feed.lines
        return feed.enough

    def talk(self):
        self.alice.send("".join(line + "\n" for line in self.lines).encode())
        self.alice.end()
        return self

    def echoes(self):
        return re.findall("^Alice received an echo: (.*)$", self.alice.text, re.M)

    def received(self):
        return re.findall("^Bob received: (%s, line .*)$" % self.name, self.bob.text, re.M)

    def finish(self):
        check(self.alice.wait(120) == 0, "%s: Alice ends with 0" % self.name)
        check(self.echoes() == self.lines and self.received() == self.lines,
            "%s: %d lines and echoes, each once and in order" % (self.name, len(self.lines)))

    def finish_or_lose(self):
        """All of it; or the beginning of it, or all, and an end in words. True: she was sure."""
        status, echoes, received = self.alice.wait(120), self.echoes(), self.received()
        check(received == self.lines[:len(received)] and echoes == self.lines[:len(echoes)],
            "%s: %d lines and %d echoes, each once and in order, without a hole"
            % (self.name, len(received), len(echoes)))
        if status == 0:
            check(echoes == self.lines, "%s: all of them, and Alice ends with 0" % self.name)
            return True
        check(status == 1 and LOST in self.alice.text,
            "%s: Alice ends with 1 and says what may be lost" % self.name)
        return False


def native_identifier(bob):
    return re.search("^Bob's native identifier is: (.*)$", bob.text, re.M).group(1)


def who(bob, old_alice, old_bob):
    """The identifier that Alice pins: of the identity that Bob shows her."""
    return native_identifier(bob) if old_bob and not old_alice else bob.identifier


def many_at_once(s, hub):
    pairs = [Pair(s, hub, "%s %d" % (name, i), *kinds, 200).talk()
             for name, kinds in (("as in 2021", (True, True)), ("native", (False, False)),
                                 ("native Alice, both Bob", (False, True)))
             for i in range(4 if name == "as in 2021" else 2)]
    # one Bob for several, in either protocol
    bob = s.bob(hub, examples=INTEROP)
    pairs += [Pair(s, hub, "one Bob for %d" % i, i % 2 == 0, True, 100, bob).talk() for i in range(4)]
    for pair in pairs:
        pair.finish()
    for pair in pairs:
        if pair.bob.alive:
            check(pair.bob.stop() == 0, "%s: Bob ends with 0" % pair.name)


def who_is_there(s, hub):
    bob, other = s.bob(hub, examples=INTEROP), s.bob(hub, examples=INTEROP)
    for identifier, words in ((other.identifier, "somebody else"),
                              (native_identifier(bob), "Bob by his native identifier")):
        alice = s.alice(hub, bob, identifier, examples=INTEROP, lines="for somebody else\n")
        check(alice.wait() == 1, "Alice, who wants %s, ends with 1" % words)
        check(identifier in alice.text and bob.identifier in alice.text,
            "she says whom she wanted, and who was there")
        check("secure channel was established" not in alice.text, "there was no channel")
    alice = s.alice(hub, bob, None, examples=INTEROP)
    alice.see("established with %s$" % bob.identifier)
    check("trusting everyone" in alice.text, "whom she does not name she trusts, and says so")
    alice.say("hello")
    alice.see("^Alice received an echo: hello$")
    alice.end()
    check(alice.wait() == 0 and "for somebody else" not in bob.text, "Bob serves the next one")


def long_lines(s, hub):
    bob = s.bob(hub, examples=INTEROP)
    alice = s.alice(hub, bob, examples=INTEROP)
    for line in ("", "x" * 1000, "y" * 60000, "tab\tand \\ and ü"):
        before = len(alice.raw)
        alice.say(line)
        wait_until(lambda: alice.text[before:].count("Alice received an echo: ") == 1
            and alice.text[before:].endswith("echoer:\n"), "there is an echo")
        if line.isascii() and line.isprintable():
            check("Alice received an echo: %s\n" % line in alice.text[before:],
                "a line of %d bytes comes back" % len(line))
    alice.say("z" * 70000)
    check(alice.wait() == 1, "at a line that is too long Alice ends with 1")
    check(re.search(r"^alice: cannot send to \[.*\]: 70000 bytes are too long$", alice.text, re.M),
        "and says so")
    check("zzz" not in bob.text, "Bob got nothing of it")
    bob.stop()


def all_is_read(hub):
    """Whether those on the hub have taken what it sent them, out of their sockets."""
    with open("/proc/net/tcp") as table:
        rows = [row.split() for row in table][1:]
    theirs = [row for row in rows if row[2].endswith(":%04X" % hub.port)]
    return all(row[4].endswith(":00000000") for row in theirs)


def wait_for_confirms(hub):
    """Of all that came to the hub before."""
    with Client(hub.address) as client:
        client.push(client.create(unique("confirmed")), b"after the others")
        wait_until(lambda: all_is_read(hub), "those on the hub have read their confirms")


def idle(s, hub):
    """What is in no doubt when the hub goes is not lost: the channel rides it out."""
    pair = Pair(s, hub, "idle", True, True, 5)
    pair.alice.say(pair.lines[0])
    pair.alice.see("^Alice received an echo: %s$" % pair.lines[0])
    for i, line in enumerate(pair.lines[1:]):
        wait_for_confirms(hub)
        lost = pair.alice.text.count("was lost:")
        if i % 2 == 0:
            hub.kill()
        else:
            check(hub.stop() == 0, "the hub ends with 0")
        # what is said while there is none has not left, and waits
        wait_until(lambda: pair.alice.text.count("was lost:") > lost, "Alice knows of it")
        pair.alice.say(line)
        hub = hub.again()
        pair.alice.see("^Alice received an echo: %s$" % line)
    pair.alice.end()
    pair.finish()
    check(pair.bob.stop() == 0, "Bob ends with 0")
    return hub


def killed_in_traffic(s, hub, kills):
    """Nothing comes twice. What may be lost is said, and ends the channel."""
    ends = []
    for kill in range(kills):
        pairs = [Pair(s, hub, "killed %d.%d" % (kill, i), True, True) for i in range(3)]
        beside = Pair(s, hub, "native %d" % kill, False, True)
        for pair in pairs + [beside]:
            pair.alice.see("secure channel was established")
        enough = [pair.talk_on() for pair in pairs + [beside]]
        wait_until(lambda: all(len(pair.echoes()) >= 50 for pair in pairs), "there is traffic")
        hub.kill()
        hub = hub.again()
        ends.append(pairs)
        for feed in enough:
            feed.set()
        beside.finish()
        # who comes then is served
        after = Pair(s, hub, "after %d" % kill, True, True, 20, pairs[0].bob).talk()
        after.finish()
    whole = [pair.finish_or_lose() for pairs in ends for pair in pairs]
    print("   %d of %d channels went on" % (sum(whole), len(whole)))
    return hub


def nobody_answers(alice, bob):
    check(alice.wait(60) == 1, "Alice, whom nobody answers in her protocol, ends with 1")
    check(NO_ANSWER in alice.text, "and says what to check")
    check("bob: listener: a handshake in the protocol of 2021 was not answered: this listener does "
          "not offer it" in bob.text, "Bob says that he does not speak it")
    check("Bob received" not in bob.text, "he got nothing")


def everything(s, hub, kills):
    # takes 30 s, whatever the hub does meanwhile
    native = s.bob(hub)
    waiting = s.alice(hub, native, examples=INTEROP)
    waiting.say("for a Bob of 2021")
    s.step("many pairs at once, in both protocols")
    many_at_once(s, hub)
    s.step("pinned, and not")
    who_is_there(s, hub)
    s.step("long lines")
    long_lines(s, hub)
    s.step("the hub goes and comes while nothing is on the way")
    hub = idle(s, hub)
    s.step("the hub is killed in traffic")
    hub = killed_in_traffic(s, hub, kills)
    s.step("an Alice of 2021 with a native Bob")
    nobody_answers(waiting, native)
    check(hub.stop() == 0, "the hub ends with 0")

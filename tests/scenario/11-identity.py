#!/usr/bin/env python3
# Goal: Alice who was given Bob's identifier talks to nobody else and says who was there instead;
# what is no identifier is refused at once; without one she trusts everyone and says so.
import re

from lib import BUILD, check, scenario
from wire import Client, decode

EVERYONE = "trusting everyone"


def talks(alice, line):
    alice.say(line)
    alice.see("^Alice received an echo: %s$" % line)
    alice.end()
    check(alice.wait() == 0, "Alice ends with 0")


def pinned(s, hub, bob):
    alice = s.alice(hub, bob)
    match = alice.see(r"^End-to-end encrypted secure channel was established with (\S+)$")
    check(match.group(1).decode() == bob.identifier, "she names Bob")
    talks(alice, "pinned")
    check(EVERYONE not in alice.text, "she does not trust everyone")


def somebody_else(s, hub, bob, other):
    """The streams lead to somebody else, who answers properly and proves to be himself."""
    alice = s.alice(hub, other, identifier=bob.identifier, lines="for Bob\n" * 3)
    check(alice.wait() == 1, "Alice ends with 1")
    check(bob.identifier in alice.text and other.identifier in alice.text,
        "she names whom she expected and who was there")
    check("Alice received" not in alice.text, "no echo")
    check("established" not in alice.text, "no channel")
    check("for Bob" not in other.text and "for Bob" not in bob.text, "her messages reached nobody")


def showed_nothing(hub, other):
    """Who was not Bob learns no more than a first message: not who Alice is."""
    with Client(hub.address) as client:
        kinds = [decode(entry).payload[0] for _, entry in client.entries(other.receiver)]
    check(set(kinds) == {1}, "she sent first messages of a handshake only: %s" % kinds)


def malformed(s, hub, bob):
    good = bob.identifier
    for text in ("", "P", "Bob", good[1:], good[:-1], good + "0", good[:-1] + "g", "p" + good[1:],
                 " " + good, good + " ", "Q" + good[1:], good[:20] + " " + good[21:],
                 "P" + "0" * 63, "P" * 65):
        run = s.run(BUILD / "examples/alice", hub.address, text, ok=False,
            input=("%s\n%s\nhello\n" % (bob.sender, bob.receiver)).encode())
        words = run.err.decode()
        check(run.status == 2 and re.search("^alice: .*identifier", words, re.M),
            "%r is no identifier: status 2" % text)
        check(b"echo:" not in run.out, "and nothing was sent")


def everyone(s, hub, bob):
    run = s.run(BUILD / "examples/alice", hub.address,
        input=("%s\n%s\nanybody\n" % (bob.sender, bob.receiver)).encode())
    check(EVERYONE in run.err.decode(), "without an identifier she warns on standard error")
    check(EVERYONE not in run.out.decode(), "and not on standard output")
    check("established with " + bob.identifier in run.out.decode(), "she says who it was")
    check("Alice received an echo: anybody" in run.out.decode(), "and talks to him")


@scenario
def main(s):
    hub = s.hub()
    bob, other = s.bob(hub), s.bob(hub)
    check(re.fullmatch("P[0-9a-f]{64}", bob.identifier), "an identifier is P and 64 digits")
    check(bob.identifier != other.identifier, "each Bob has his own")
    s.step("the right one")
    pinned(s, hub, bob)
    s.step("somebody else")
    somebody_else(s, hub, bob, other)
    showed_nothing(hub, other)
    s.step("no identifiers")
    malformed(s, hub, bob)
    s.step("none")
    everyone(s, hub, bob)
    check(re.findall("Bob received: (.*)", bob.text) == ["pinned", "anybody"],
        "Bob got what was for him, and nothing else")

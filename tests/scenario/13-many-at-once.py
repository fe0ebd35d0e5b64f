#!/usr/bin/env python3
# Goal: many pairs on one hub at once, and several Alices on one pair of streams, even: each gets
# her own echoes, all of them, in order, and nobody else's.
import re

from lib import check, scenario


def echoes(alice):
    return re.findall(r"^Alice received an echo: (.*)$", alice.text, re.M)


def received(bob):
    return re.findall(r"^Bob received: (.*)$", bob.text, re.M)


def talk(s, hub, bobs, count):
    """One Alice for each Bob in the list, all at once."""
    alices = [s.alice(hub, bob) for bob in bobs]
    wanted = [["alice %d line %d" % (i, j) for j in range(count)] for i in range(len(bobs))]
    for alice, lines in zip(alices, wanted):
        alice.send("".join(line + "\n" for line in lines).encode())
        alice.end()
    for i, (alice, lines) in enumerate(zip(alices, wanted)):
        check(alice.wait(120) == 0, "Alice %d ends with 0" % i)
        check(echoes(alice) == lines, "Alice %d got her %d echoes, in order" % (i, count))
    return wanted


def pairs(s, hub, count, lines):
    bobs = [s.bob(hub) for _ in range(count)]
    check(len({bob.sender for bob in bobs}) == count, "each Bob has streams of his own")
    for bob, wanted in zip(bobs, talk(s, hub, bobs, lines)):
        check(received(bob) == wanted, "Bob printed his Alice's lines, and no other")
    check([bob.stop() for bob in bobs] == [0] * count, "every Bob ends with 0")


def one_pair_of_streams(s, hub, count, lines):
    bob = s.bob(hub)
    wanted = talk(s, hub, [bob] * count, lines)
    got = received(bob)
    check(sorted(got) == sorted(sum(wanted, [])), "Bob printed each line once")
    for i, mine in enumerate(wanted):
        check([line for line in got if line.startswith("alice %d " % i)] == mine,
            "those of Alice %d in order" % i)
    return bob


def one_after_the_other(s, hub, bob):
    """The stream is full of what others said before."""
    for i in range(3):
        before = len(received(bob))
        alice = s.alice(hub, bob)
        alice.say("later %d" % i)
        alice.end()
        check(alice.wait() == 0, "Alice ends with 0")
        check(echoes(alice) == ["later %d" % i], "a later Alice got her own echo only")
        check(received(bob)[before:] == ["later %d" % i], "Bob got no old line again")


@scenario
def main(s):
    hub = s.hub()
    s.step("ten pairs at once")
    pairs(s, hub, 10, 100)
    s.step("two Alices on one pair of streams")
    bob = one_pair_of_streams(s, hub, 2, 200)
    one_after_the_other(s, hub, bob)
    s.step("ten Alices on one pair of streams")
    bob = one_pair_of_streams(s, hub, 10, 50)
    one_after_the_other(s, hub, bob)
    check(bob.stop() == 0 and hub.stop() == 0, "all end with 0")

#!/usr/bin/env python3
# Goal: the hub is killed with SIGKILL in the middle of everything, again and again, and comes back
# on its port and folder; or it stands still, or dies in the middle of a handshake: each of Alice's
# lines reaches Bob once and in order, each echo reaches Alice once and in order, nothing is lost.
import random
import re
import signal
import time

from lib import check, scenario
from traffic import Traffic

KILLS = 8


def echoes(alice):
    return re.findall(r"^Alice received an echo: (.*)$", alice.text, re.M)


def received(bob):
    return re.findall(r"^Bob received: (.*)$", bob.text, re.M)


def lines(what, count):
    return ["%s %d" % (what, i) for i in range(count)]


def pipe(alice, wanted):
    alice.send("".join(line + "\n" for line in wanted).encode())
    alice.end()


def all_arrived(alice, bob, wanted, words):
    check(echoes(alice) == wanted, "%s: %d echoes, each once, in order" % (words, len(wanted)))
    check(received(bob) == wanted, "%s: Bob printed each once, in order" % words)


def killed_in_traffic(s, hub):
    traffic = Traffic(s, [(hub, hub)])
    for _ in range(KILLS):
        traffic.reach(random.randrange(1, 200))
        hub.kill()
        time.sleep(random.choice((0, 0, 0.3)))
        hub = hub.again()
    traffic.reach(200)
    traffic.finish("killed %d times" % KILLS)
    return hub


def killed_while_idle(s, hub):
    bob = s.bob(hub)
    alice = s.alice(hub, bob)
    wanted = lines("typed", 3)
    for line in wanted:
        alice.say(line)
        alice.see("^Alice received an echo: %s$" % line)
        hub.kill()
        hub = hub.again()
    alice.end()
    check(alice.wait() == 0, "Alice ends with 0")
    all_arrived(alice, bob, wanted, "killed between lines")
    bob.stop()
    return hub


def stopped(s, hub, seconds):
    traffic = Traffic(s, [(hub, hub)])
    traffic.reach(100)
    hub.signal(signal.SIGSTOP)
    time.sleep(seconds)
    hub.signal(signal.SIGCONT)
    traffic.reach(100)
    traffic.finish("stopped for %d s" % seconds)


def absent(s, hub, seconds):
    """SIGTERM: what was taken is confirmed, and nothing else is taken."""
    traffic = Traffic(s, [(hub, hub)])
    traffic.reach(100)
    check(hub.stop() == 0, "the hub ends with 0 in the middle of traffic")
    time.sleep(seconds)
    hub = hub.again()
    traffic.reach(100)
    traffic.finish("gone for %d s" % seconds)
    return hub


def killed_in_handshakes(s, hub):
    """The moments after Alice has her streams are those of the handshake."""
    for delay in (0, 0.002, 0.004, 0.008, 0.015, 0.03):
        bob = s.bob(hub)
        alice = s.alice(hub, bob)
        alice.see("connected to")
        time.sleep(delay)
        hub.kill()
        hub = hub.again()
        wanted = lines("after %d ms:" % (delay * 1000), 20)
        pipe(alice, wanted)
        check(alice.wait() == 0, "Alice ends with 0")
        all_arrived(alice, bob, wanted, "killed %d ms into the handshake" % (delay * 1000))
        check(alice.text.count("secure channel was established") == 1, "one channel")
        bob.stop()
    return hub


@scenario
def main(s):
    hub = s.hub(store=s.dir / "store")
    s.step("killed %d times while Alice pipes lines" % KILLS)
    hub = killed_in_traffic(s, hub)
    s.step("killed while nothing is on the way")
    hub = killed_while_idle(s, hub)
    s.step("killed in handshakes")
    hub = killed_in_handshakes(s, hub)
    s.step("it stands still for 8 s")
    stopped(s, hub, 8)
    s.step("it is gone for 3 s")
    hub = absent(s, hub, 3)
    check(hub.stop() == 0, "the hub ends with 0")

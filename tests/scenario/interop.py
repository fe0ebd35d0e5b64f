"""Programs of 2021 in Rust, genuine ones (tests/interop), beside the C examples on one hub.

    world = World(s, hub)                   # builds the Rust peer, or skips the scenario in words
    bob = world.rust_bob()                  # .identifier .sender .receiver, as lib.py's Bob
    alice = world.rust_alice(bob, "--ahead", 32)
    bob, alice = world.c_bob(), world.c_alice(bob)      # examples/interop: the channel of 2021
    everything(s, hub)                      # the goal of 60-*.py and 61-*.py, for one hub

A Rust peer does not notice that its hub has gone, and keeps a core busy for ever: it is killed, and
before the hub ends. What its library complains about stands in its output.
"""

import re
import signal

from lib import ROOT, SKIPPED, Bob, Process, check, fail, skip, wait_until

COMPLAINT = "^.*(?:ERROR|WARN|panicked).*$"
ESTABLISHED = "^End-to-end encrypted secure channel was established with %s$"


def received(bob):
    return re.findall("^Bob received: (.*)$", bob.text, re.M)


def echoes(alice):
    return re.findall("^Alice received an echo: (.*)$", alice.text, re.M)


def complaints(process):
    return re.findall(COMPLAINT, process.text, re.M)


def another(identifier):
    return identifier[:-1] + ("0" if identifier[-1] != "0" else "1")


class World:
    def __init__(self, s, hub):
        self.s, self.hub, self.rust = s, hub, []
        built = s.run(ROOT / "tests/interop/build", ok=False, timeout=500)
        words = (built.out + built.err).decode().strip()
        if built.status == SKIPPED:
            skip(words.replace("skipped: ", ""))
        if built.status != 0:
            fail("the Rust peer does not build: " + words[-2000:])
        self.peer = built.out.decode().strip()

    def _rust(self, kind, name, *args):
        process = self.s.start("rust-" + name, self.peer, name, self.hub.address, *args, kind=kind,
            stop=signal.SIGKILL, env={"OCKAM_LOG": "warn"})
        self.rust.append(process)
        return process

    def rust_bob(self, *args):
        return self._rust(Bob, "bob", *args).ready()

    def rust_alice(self, bob, *args):
        return self._rust(Process, "alice", bob.sender, bob.receiver, *args)

    def c_bob(self):
        return self.s.bob(self.hub, examples="examples/interop")

    def c_alice(self, bob, identifier=True, lines=""):
        return self.s.alice(self.hub, bob, identifier, examples="examples/interop", lines=lines)

    def native_bob(self):
        return self.s.bob(self.hub)

    def native_alice(self, bob):
        return self.s.alice(self.hub, bob)

    def kill_rust(self):
        for process in self.rust:
            if process.alive:
                process.kill()


def established(alice, bob):
    alice.see(ESTABLISHED % bob.identifier)


def talk(alice, *lines):
    """One line after the other, each with its echo."""
    for line in lines:
        alice.say(line)
        alice.see("^Alice received an echo: %s$" % re.escape(line))


class Pair:
    """An Alice and her Bob, and the numbered lines that she has to say."""

    def __init__(self, name, bob, alice, count):
        self.name, self.bob, self.alice = name, bob, alice
        self.lines = ["%s, line %d" % (name, i) for i in range(count)]
        alice.send("".join(line + "\n" for line in self.lines).encode())
        alice.end()

    def finish(self):
        check(self.alice.wait(120) == 0, "%s: Alice ends with 0" % self.name)
        check(echoes(self.alice) == self.lines and received(self.bob) == self.lines,
            "%s: %d lines and echoes, each once and in order" % (self.name, len(self.lines)))
        check(re.search(ESTABLISHED % self.bob.identifier, self.alice.text, re.M),
            "%s: her channel is with Bob" % self.name)
        for process in (self.bob, self.alice):
            check(not complaints(process), "%s: %s has nothing to complain about"
                % (self.name, process.name))


def all_at_once(world):
    """Whoever can talk to whom, at the same time."""
    def rust(options):
        return lambda bob: world.rust_alice(bob, *options)

    pairs = []
    many, hurry = ("--ahead", "32"), ("--interval", "10")
    for name, bob, alice, count in (
            ("Rust, one at a time", world.rust_bob(), world.rust_alice, 40),
            ("Rust, 32 on their way", world.rust_bob(), rust(many), 600),
            ("Rust, in a hurry", world.rust_bob(*hurry), rust(many + hurry), 2000),
            ("C Alice, Rust Bob", world.rust_bob(), world.c_alice, 60),
            ("Rust Alice, C Bob", world.c_bob(), rust(many), 300),
            ("C as in 2021", world.c_bob(), world.c_alice, 500),
            ("native", world.native_bob(), world.native_alice, 500),
            ("native, too", world.native_bob(), world.native_alice, 500)):
        pairs.append(Pair(name, bob, alice(bob), count))
    for pair in pairs:
        pair.finish()


def who_is_there(world, rust_bob, c_bob):
    """Each side pins the other; who is somebody else is refused in words, and lives on."""
    alice = world.c_alice(rust_bob, another(rust_bob.identifier), "for somebody else\n")
    check(alice.wait() == 1, "C Alice, who wants somebody else, ends with 1")
    check(rust_bob.identifier in alice.text and another(rust_bob.identifier) in alice.text,
        "she names whom she expected and who was there")
    check(not re.search(ESTABLISHED % ".*", alice.text, re.M), "there was no channel")
    alice = world.rust_alice(c_bob, "--trust", another(c_bob.identifier))
    check(alice.wait() == 1 and "refused: the other end is " + c_bob.identifier in alice.text,
        "Rust Alice, who wants somebody else, says who was there")
    for bob, alice in ((rust_bob, world.c_alice(rust_bob)),
                       (c_bob, world.rust_alice(c_bob, "--trust", c_bob.identifier))):
        established(alice, bob)
        talk(alice, "after somebody who was refused")
        alice.end()
        check(alice.wait() == 0, "%s still serves the next Alice" % bob.name)


def nobody_there(world, rust_bob, c_bob):
    """Lines for workers that are not there are lost, and nothing else is."""
    for bob in (rust_bob, c_bob):
        alice = world.rust_alice(bob)
        for i in range(3):
            alice.say("@nobody lost")
            talk(alice, "found %d" % i)
        alice.end()
        check(alice.wait() == 0 and "lost" not in bob.text,
            "%s goes on after lines for nobody" % bob.name)
    bob = world.rust_bob("--idle")
    alice = world.c_alice(bob)
    established(alice, bob)
    alice.say("too early")
    wait_until(lambda: complaints(bob), "Rust Bob complains about a line for nobody")
    bob.say("")
    bob.see("^Bob echoes$")
    second = world.c_alice(bob)
    established(second, bob)
    talk(second, "in time")
    second.end()
    check(second.wait() == 0 and received(bob) == ["in time"] and not echoes(alice),
        "Rust Bob serves C Alices after a line for nobody")
    alice.signal(signal.SIGINT)
    check(alice.wait() == 0, "the first one, who waits for her echo, ends with Ctrl-C")


def leaving(world, rust_bob, c_bob):
    """Alices come and go, several at once; then the Bobs leave first."""
    for bob in (rust_bob, c_bob):
        alices = [world.c_alice(bob), world.rust_alice(bob), world.c_alice(bob)]
        for i, alice in enumerate(alices):
            established(alice, bob)
            talk(alice, "%s's Alice %d" % (bob.name, i))
        check(alices.pop(0).kill() == -signal.SIGKILL, "one is killed")
        for alice in alices:
            talk(alice, "still there")
            alice.end()
            check(alice.wait() == 0, "one leaves")
    left = [(bob, world.rust_alice(bob, "--wait", "10"), world.c_alice(bob))
        for bob in (rust_bob, c_bob)]
    for bob, rust, c in left:
        for alice in (rust, c):
            established(alice, bob)
            talk(alice, "before Bob leaves")
        bob.stop()
        rust.say("is anybody there?")
        c.say("is anybody there?")
    for bob, rust, c in left:
        check(rust.wait() == 1, "Rust Alice gives up when %s has left" % bob.name)
        check(c.alive and echoes(c) == ["before Bob leaves"], "C Alice waits")
        c.signal(signal.SIGINT)
        check(c.wait() == 0, "until she is told to end")


def everything(s, hub):
    world = World(s, hub)
    s.step("all at once")
    all_at_once(world)
    rust_bob, c_bob = world.rust_bob(), world.c_bob()
    s.step("who is there")
    who_is_there(world, rust_bob, c_bob)
    s.step("nobody there")
    nobody_there(world, rust_bob, c_bob)
    s.step("leaving")
    leaving(world, rust_bob, c_bob)
    s.step("the end")
    # but that a busy Kafka kept somebody waiting
    said = [line for line in hub.text.splitlines() if "Kafka" not in line and "waits for" not in line]
    check(said[-1:] == ["Listening on " + hub.address], "the hub had nothing to say")
    world.kill_rust()
    check(hub.stop() == 0, "the hub ends with 0")

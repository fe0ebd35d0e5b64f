#!/usr/bin/env python3
# Goal: the guide typed by hand in three terminals, word for word, and piped: every program prints
# the lines that people and tests rely on, whole and at once, and ends as one expects.
import re

from lib import BUILD, check, scenario

# what is typed, and how it is printed: UTF-8 as it is, nothing that moves a cursor
TEXTS = [
    (b"Hello Bob!", "Hello Bob!"),
    ("Grüße, 世界 🌍".encode(), "Grüße, 世界 🌍"),
    (b"", ""),
    (b"  spaces stay  ", "  spaces stay  "),
    (b"100% \\n %s \"'$", "100% \\n %s \"'$"),
    (b"tab\there", "tab\\x09here"),
    (b"\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
    (b"del\x7f cr\r", "del\\x7f cr\\x0d"),
    (b"c1 \xc2\x9b31m", "c1 \\xc2\\x9b31m"),
    (b"not utf-8 \xff\xc0\xaf \xed\xa0\x80", "not utf-8 \\xff\\xc0\\xaf \\xed\\xa0\\x80"),
    (b"x" * 3000, "x" * 3000),
]
ASK_SENDER = "Enter the stream sender name for Bob:"
ASK_RECEIVER = "Enter the stream receiver name for Bob:"
ASK_MESSAGE = "Type a message for Bob's echoer:"
ESTABLISHED = "End-to-end encrypted secure channel was established with "


def terminal(s, name, *argv):
    return s.start(name, *argv, pty=True)


def line(text):
    return "^%s$" % re.escape(text)


def three_terminals(s):
    hub = terminal(s, "hub", BUILD / "tacit", "hub", "--listen", "127.0.0.1:0", "--store",
        s.dir / "store")
    address = hub.see(r"^Listening on (127\.0\.0\.1:[0-9]+)$").group(1).decode()
    bob = terminal(s, "bob", BUILD / "examples/bob", address)
    identifier = bob.see(r"^Bob's identifier is: (P[0-9a-f]{64})$").group(1).decode()
    sender = bob.see(r"^Stream sender name is: (\S+)$").group(1).decode()
    receiver = bob.see(r"^Stream receiver name is: (\S+)$").group(1).decode()
    check(re.fullmatch("bob-to-alice_[0-9a-f]{32}", sender), "32 digits nobody can guess")
    check(re.fullmatch("alice-to-bob_[0-9a-f]{32}", receiver), "32 digits nobody can guess")
    alice = terminal(s, "alice", BUILD / "examples/alice", address, identifier)
    alice.see(line(ASK_SENDER))
    alice.say(sender)
    alice.see(line(ASK_RECEIVER))
    alice.say(receiver)
    alice.see(line(ESTABLISHED + identifier))
    for typed in ("Hello Bob!", "Grüße, 世界 🌍", "", "again"):
        alice.see(line(ASK_MESSAGE))
        alice.say(typed)
        alice.see(line("Alice received an echo: " + typed))
        bob.see(line("Bob received: " + typed))
    check(True, "four messages went to Bob and back")
    return hub, bob, alice


def answer(alice, bob):
    """One after the other: what is typed too early is shown where others print."""
    alice.see(line(ASK_SENDER))
    alice.say(re.search(r"sender name is: (\S+)", bob.text).group(1))
    alice.see(line(ASK_RECEIVER))
    alice.say(re.search(r"receiver name is: (\S+)", bob.text).group(1))


def ends(s, hub, bob, alice):
    alice.see(line(ASK_MESSAGE))
    alice.end()
    check(alice.wait() == 0, "Ctrl-D ends Alice with 0")
    address = re.search(r"Listening on (\S+)", hub.text).group(1)
    second = terminal(s, "alice", BUILD / "examples/alice", address)
    second.see(line(ASK_SENDER))
    second.send(b"\x03")
    check(second.wait() == 0, "Ctrl-C at the first question ends Alice with 0")
    third = terminal(s, "alice", BUILD / "examples/alice", address)
    answer(third, bob)
    third.see(line(ASK_MESSAGE))
    third.send(b"\x03")
    check(third.wait() == 0, "Ctrl-C at a message ends Alice with 0")
    bob.send(b"\x03")
    check(bob.wait() == 0, "Ctrl-C ends Bob with 0")
    fourth = terminal(s, "alice", BUILD / "examples/alice", address)
    answer(fourth, bob)
    fourth.see("connected to")
    fourth.send(b"\x03")
    check(fourth.wait() == 0, "Ctrl-C while nobody answers ends Alice with 0")
    hub.send(b"\x03")
    check(hub.wait() == 0, "Ctrl-C ends the hub with 0")
    for process in (hub, bob, alice, second, third, fourth):
        check("\x1b" not in process.text, "no colours are forced on the terminal of " + process.name)


def conversation(identifier):
    out = ASK_SENDER + "\n" + ASK_RECEIVER + "\n" + ESTABLISHED + identifier + "\n"
    for _, printed in TEXTS:
        out += ASK_MESSAGE + "\nAlice received an echo: " + printed + "\n"
    return out + ASK_MESSAGE + "\n"


def piped(s):
    hub = s.hub()
    bob = s.bob(hub)
    for ending in (b"\n", b""):
        given = b"\n".join([bob.sender.encode(), bob.receiver.encode()] + [t for t, _ in TEXTS])
        run = s.run(BUILD / "examples/alice", hub.address, bob.identifier, input=given + ending)
        check(run.out.decode() == conversation(bob.identifier),
            "standard output is the conversation, to the byte")
        check(all(words.startswith("alice: ") for words in run.err.decode().splitlines()),
            "all else is on standard error")
    received = re.findall("^Bob received: (.*)$", bob.text, re.M)
    check(received == [printed for _, printed in TEXTS] * 2, "Bob printed the same")
    check(bob.stop() == 0, "SIGTERM ends Bob with 0")
    check(hub.stop() == 0, "SIGTERM ends the hub with 0")
    check(hub.text == "Listening on %s\n" % hub.address, "the hub printed one line")


def at_once(s):
    """Lines leave when they are printed, also into a pipe, and input is not waited for."""
    hub = s.hub()
    bob = s.bob(hub)
    alice = s.alice(hub, bob)
    for i in range(3):
        alice.say("line %d" % i)
        alice.see("^Alice received an echo: line %d$" % i)
        bob.see("^Bob received: line %d$" % i)
    check(alice.alive and bob.alive, "seen while they run")
    alice.signal(2)
    check(alice.wait() == 0, "SIGINT ends Alice with 0")
    bob.signal(2)
    check(bob.wait() == 0, "SIGINT ends Bob with 0")


@scenario
def main(s):
    s.step("three terminals")
    hub, bob, alice = three_terminals(s)
    s.step("their ends")
    ends(s, hub, bob, alice)
    s.step("piped")
    piped(s)
    s.step("at once")
    at_once(s)

#!/usr/bin/env python3
# Goal: whoever can write into the streams (the hub, who knows their names) reaches nobody but
# listeners and ends of channels: nothing is printed, echoed, relayed or dialled for them, and the
# channel goes on, whatever is replayed, reflected, reordered, forged or garbage.
import os
import random
import re
import select
import socket
import threading

from lib import check, scenario, wait_until
from wire import Client, NOT_FOUND, data, decode, encode, request

BAIT = b"plaintext that nobody may take"
ME = "attacker"
MESSAGE_1 = b"\x01\x01\x01"  # and an ephemeral key (PROTOCOL.md 5.3)
KINDS = (1, 2, 3, 4)         # of payloads of the native channel (PROTOCOL.md 5.1)


class Trap:
    """A port where nobody may knock."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.hop = (1, "127.0.0.1:%d" % self.socket.getsockname()[1])

    def check(self):
        check(not select.select([self.socket], [], [], 0.5)[0], "nobody was dialled")


class Attacker:
    """Reads both streams of a pair, and writes to them."""

    def __init__(self, hub, bob):
        self.client = Client(hub.address)
        self.to_bob, self.to_alice = bob.receiver, bob.sender
        self.own = {self.to_bob: set(), self.to_alice: set()}

    def push(self, name, *entries):
        for entry in entries:
            status, index = self.client.push("stream." + name, entry)
            check_quietly(status == 0, "the hub takes every entry")
            self.own[name].add(index)

    def captured(self, name):
        """What the programs wrote."""
        return [e for i, e in self.client.entries(name) if i not in self.own[name]]


def check_quietly(truth, words):
    if not truth:
        check(truth, words)


class Talk:
    """Alice's lines; each must come back, and only these."""

    def __init__(self, alice, bob):
        self.alice, self.bob, self.said = alice, bob, []

    def go_on(self, words):
        line = "line %d" % len(self.said)
        self.alice.say(line)
        self.said.append(line)
        # the first echo that is printed has to be this one
        match = self.alice.see(r"^Alice received an echo: (.*)$")
        check(match.group(1).decode() == line, "the channel goes on: " + words)

    def check_all(self):
        echoes = re.findall(r"^Alice received an echo: (.*)$", self.alice.text, re.M)
        received = re.findall(r"^Bob received: (.*)$", self.bob.text, re.M)
        check(echoes == self.said, "Alice printed her %d echoes, nothing else" % len(self.said))
        check(received == self.said, "Bob printed her lines, nothing else")


def addressed(entry, hops):
    """The same entry for others."""
    message = decode(entry)
    return encode(hops, message.ret, message.payload)


def ends(attacker):
    """The names of the channel's ends: they stand in every entry."""
    alice_end = decode(attacker.captured(attacker.to_bob)[0]).ret[0]
    bob_end = decode(attacker.captured(attacker.to_alice)[0]).ret[0]
    return alice_end, bob_end


def plaintext(attacker, alice_end, bob_end, trap):
    """Every worker that a program might have, asked in plaintext."""
    for payload in (data(BAIT), BAIT, b"", data(b""), b"\x04" + BAIT, b"\x00"):
        for ret in ([ME], [], [alice_end], [bob_end], [trap.hop], ["listener"], ["echoer"]):
            for name, workers in ((attacker.to_bob, ["echoer", "listener", bob_end]),
                                  (attacker.to_alice, ["app", alice_end, "echoer"])):
                for worker in workers:
                    attacker.push(name, encode([worker], ret, payload))
    for name in (attacker.to_bob, attacker.to_alice):
        for hops in ([], ["nobody"], ["listener", "echoer"], [bob_end, "echoer"],
                     [alice_end, "app"], ["sender", "echoer"], [attacker.to_alice, "app"],
                     ["stream_kafka"], ["stream." + attacker.to_alice], [b"\xff\x00\n"], [""]):
            attacker.push(name, encode(hops, [ME], data(BAIT)))


def relays(attacker, alice_end, bob_end, trap):
    """Addresses of other types, in front, behind, and as the way back."""
    for name, end in ((attacker.to_bob, bob_end), (attacker.to_alice, alice_end)):
        for hop in (trap.hop, (2, trap.hop[1]), (240, "1"), (255, "x"), (0, "1#" + trap.hop[1])):
            for hops in ([hop], [hop, "echoer"], ["echoer", hop], [end, hop], ["listener", hop]):
                attacker.push(name, encode(hops, [ME], data(BAIT)))
            # a true first message of a handshake, whose answer would go there
            attacker.push(name, encode(["listener"], [hop], MESSAGE_1 + os.urandom(32)),
                encode(["listener"], [hop, ME], MESSAGE_1 + os.urandom(32)))


def errands(attacker, hub):
    """The hub's own address, which the programs have a connection to."""
    way = (1, hub.address)
    for name in (attacker.to_bob, attacker.to_alice):
        made = request("stream_create", b"\x01" + data("made-by-" + name))
        pushed = request("stream_push", b"\x01" + data(encode(["app"], [ME], data(BAIT))))
        attacker.push(name, encode([way, "stream_kafka"], [ME], made),
            encode([way, "stream." + attacker.to_alice], [ME], pushed),
            encode(["listener"], [way, "stream." + attacker.to_alice],
                MESSAGE_1 + os.urandom(32)))


def no_errands(attacker):
    for name in (attacker.to_bob, attacker.to_alice):
        opened = attacker.client.open("made-by-" + name, create=False)
        check(opened.status == NOT_FOUND, "nobody was sent to the hub")


def garbage(attacker, alice_end, bob_end):
    for name, end in ((attacker.to_bob, bob_end), (attacker.to_alice, alice_end)):
        entries = attacker.captured(name)
        attacker.push(name, b"", b"\x00", b"\x01", b"\x01\x00\x00\x00", b"\xff" * 50,
            os.urandom(1000), os.urandom(64000), b"\x01" + b"\x80" * 30,
            b"\x01\xff\xff\xff\xff\x0f", encode([end] * 12, [ME], BAIT),
            encode([end] * 13, [ME], BAIT), encode([end], [ME] * 12, BAIT),
            encode([end], [ME] * 13, BAIT), encode([end], ["x" * 300, "y" * 250], BAIT),
            encode(["x" * 300], [ME], BAIT), encode(["listener"], [ME] * 12, MESSAGE_1 + b"k" * 32),
            encode([end], [ME], b"\x04" + os.urandom(60000)))
        for kind in range(0, 8):
            for rest in (0, 1, 34, 35, 1472, 1504, 2000):
                payload = bytes([kind]) + os.urandom(rest)
                attacker.push(name, encode([end], [ME], payload),
                    encode(["listener"], [ME], payload))
        for entry in entries:
            at = random.randrange(len(entry))
            flipped = bytearray(entry)
            flipped[at] ^= 1 << random.randrange(8)
            attacker.push(name, bytes(flipped), entry[:at], entry + b"trailing")
            message = decode(entry)
            attacker.push(name, encode([end], [ME], message.payload[:-1]),
                encode([end], [ME], message.payload + message.payload[1:]))


def replays(attacker, talk, alice_end, bob_end):
    pairs = ((attacker.to_bob, bob_end), (attacker.to_alice, alice_end))
    kept = {name: attacker.captured(name) for name, _ in pairs}
    for name, _ in pairs:
        attacker.push(name, *kept[name])
    talk.go_on("every entry once more")
    for name, _ in pairs:
        attacker.push(name, *reversed(kept[name]))
    talk.go_on("every entry in reverse")
    for (name, end), other in zip(pairs, reversed([kept[name] for name, _ in pairs])):
        attacker.push(name, *other)
        attacker.push(name, *[addressed(entry, [end]) for entry in other])
    talk.go_on("every entry reflected to who wrote it")
    for name, _ in pairs:
        attacker.push(name, *[addressed(entry, ["listener"]) for entry in kept[name]])
        attacker.push(name, *[encode(decode(entry).onward, [ME],
            decode(entry).payload) for entry in kept[name]])
    talk.go_on("every entry for the listener, and with another way back")


def nothing_in_clear(attacker):
    """What the programs themselves wrote is of the channel."""
    count = 0
    for name in (attacker.to_bob, attacker.to_alice):
        for entry in attacker.captured(name):
            message, count = decode(entry), count + 1
            check_quietly(message.payload and message.payload[0] in KINDS,
                "an entry of the programs is of the channel: %r" % message)
            check_quietly(BAIT not in entry and b"line " not in entry, "and not in clear")
            check_quietly(len(message.ret) == 1, "and the way back is who wrote it")
    check(count > 20, "none of %d entries of the programs is in clear" % count)


def hub_is_no_relay(attacker, trap):
    client = attacker.client
    for hops in ([trap.hop], [trap.hop, "stream_kafka"], ["stream_kafka", trap.hop], [(240, "1")],
                 [(2, "x")]):
        client.send(hops, data(BAIT))
        client.send(hops, b"\x00", [trap.hop])
        client.send(["stream_kafka"], data("stream_create") + data(b"\x01" + data("other")), hops)
    client.send([], b"\x00", [trap.hop])  # a ping, to be answered on this connection
    while True:
        client.send([], b"\x00")
        answer = client.receive()
        if answer.payload == b"\x01" and answer.onward == [client.name.encode()]:
            break
        check_quietly(answer.onward, "no answer has an empty route")
    check(True, "the hub answers on the connection that asked")


class Mirror(threading.Thread):
    """Sends back every entry, to both sides, again and again, while the programs talk."""

    def __init__(self, hub, bob):
        super().__init__(daemon=True)
        self.attacker, self.running, self.seen, self.error = Attacker(hub, bob), True, 0, None
        self.start()

    def run(self):
        try:
            self.mirror()
        except Exception as e:
            self.error = e

    def mirror(self):
        attacker = self.attacker
        names = (attacker.to_bob, attacker.to_alice)
        positions = dict.fromkeys(names, 0)
        while self.running:
            for name in names:
                end = attacker.client.open(name).end
                if positions[name] >= end:
                    continue
                for index, entry in attacker.client.pull("stream." + name, positions[name], 16):
                    positions[name] = index + 1
                    if index in attacker.own[name]:
                        continue
                    self.seen += 1
                    message = decode(entry)
                    for other in names:
                        attacker.push(other, entry, addressed(entry, message.ret),
                            addressed(entry, ["listener"]))

    def stop(self):
        self.running = False
        self.join(30)
        check(self.error is None, "the mirror worked (%s)" % self.error)
        print("   it sent back %d entries" % self.seen)


def mirrored(s, hub, bob):
    mirror = Mirror(hub, bob)
    alice = s.alice(hub, bob)
    lines = ["mirrored %d" % i for i in range(60)]
    for line in lines[:30]:
        alice.say(line)
    wait_until(lambda: mirror.seen > 20 or mirror.error, "20 entries were sent back")
    for line in lines[30:]:
        alice.say(line)
    alice.end()
    check(alice.wait() == 0, "Alice ends with 0")
    mirror.stop()
    echoes = re.findall(r"^Alice received an echo: (.*)$", alice.text, re.M)
    check(echoes == lines, "each echo once and in order")
    received = re.findall(r"^Bob received: (mirrored.*)$", bob.text, re.M)
    check(received == lines, "Bob printed each line once and in order")


@scenario
def main(s):
    random.seed(os.urandom(8))
    trap, hub = Trap(), s.hub()
    bob = s.bob(hub)
    attacker = Attacker(hub, bob)
    s.step("plaintext for Bob before there is any channel")
    attacker.push(bob.receiver, encode(["echoer"], [ME], data(BAIT)), encode(["listener"], [ME],
        data(BAIT)), encode([trap.hop], [ME], data(BAIT)))
    talk = Talk(s.alice(hub, bob), bob)
    for _ in range(5):
        talk.go_on("alone")
    alice_end, bob_end = ends(attacker)
    s.step("plaintext for every worker")
    plaintext(attacker, alice_end, bob_end, trap)
    talk.go_on("plaintext")
    s.step("addresses of other types")
    relays(attacker, alice_end, bob_end, trap)
    errands(attacker, hub)
    talk.go_on("addresses of other types")
    no_errands(attacker)
    s.step("garbage")
    garbage(attacker, alice_end, bob_end)
    talk.go_on("garbage")
    s.step("replays")
    replays(attacker, talk, alice_end, bob_end)
    s.step("what the programs wrote")
    nothing_in_clear(attacker)
    hub_is_no_relay(attacker, trap)
    talk.go_on("the hub was asked to relay")
    talk.check_all()
    s.step("everything is sent back at once while another Alice comes")
    mirrored(s, hub, bob)
    talk.go_on("the first Alice is still there")
    talk.alice.end()
    check(talk.alice.wait() == 0, "Alice ends with 0")
    trap.check()
    check(bob.stop() == 0 and hub.stop() == 0, "all end with 0")

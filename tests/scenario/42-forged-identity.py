#!/usr/bin/env python3
# Goal: each way to forge an identity of 2021 ends the handshake, at either end, with a reason of
# its own name; the forger gets no byte more, nothing of his reaches a worker, and Bob goes on
# serving.  (PROTOCOL.md 9.6; the programs of 2021 accept every one of these.)
# sanitizers
import re

from lib import BUILD, check, scenario
from old_peer import FLAWS, Identity, OldPeer, REQUEST, RESPONSE
from wire import Reader, unique

SILENCE = 1  # s for which nothing may come: longer than an answer takes


def is_echoed(peer, text):
    peer.say("echoer", text)
    answer = peer.hear()
    return answer is not None and Reader(answer.payload).data() == text


def honest_alice(hub, bob, rotated=False):
    with OldPeer(hub.address, bob.receiver, bob.sender) as peer:
        peer.initiate("listener")
        peer.hear_identity()
        peer.show_identity(Identity(rotated=rotated), RESPONSE)
        check(is_echoed(peer, b"from an honest one"), "who proves his identity is echoed")


def forged_alice(hub, bob, flaw, words):
    with OldPeer(hub.address, bob.receiver, bob.sender) as peer:
        peer.initiate("listener")
        peer.hear_identity()
        peer.show_identity(Identity(flaw), RESPONSE)
        peer.say("echoer", b"from a forger")
        bob.see("bob: channel of 2021 ended: .*" + re.escape(words))
        check(peer.is_quiet(SILENCE), "forged %s: Bob says why, and sends nothing" % flaw)


def replayed(hub, bob):
    """A record that comes twice is echoed once: the program of 2021 would echo it twice."""
    with OldPeer(hub.address, bob.receiver, bob.sender) as peer:
        peer.initiate("listener")
        peer.hear_identity()
        peer.show_identity(Identity(), RESPONSE)
        record = peer.seal(["echoer"], b"\5twice")
        for _ in range(3):
            peer.push(peer.route, record)
        check(Reader(peer.hear().payload).data() == b"twice", "a record is echoed")
        check(is_echoed(peer, b"after"), "and its copies are not")


def with_alice(s, hub, flaw):
    """Alice, who gets the streams of an impostor; -> (process, peer) after message 4."""
    writes, reads = unique("to-alice"), unique("from-alice")
    peer = OldPeer(hub.address, writes, reads)
    alice = s.start("alice", BUILD / "examples/interop/alice", hub.address)
    alice.say(writes)
    alice.say(reads)
    peer.respond()
    peer.show_identity(Identity(flaw), REQUEST)
    return alice, peer


def honest_bob(s, hub):
    alice, peer = with_alice(s, hub, None)
    with peer:
        check(peer.hear_identity()[0] == RESPONSE, "an honest Bob hears who Alice is")
        alice.see("secure channel was established with P")
        alice.say("hello")
        message = peer.hear()
        check(message.onward == [peer.e.encode(), b"echoer"], "and then her message")
        peer.say(message.ret[1].decode(), Reader(message.payload).data())
        alice.see("Alice received an echo: hello")
        alice.end()
        check(alice.wait() == 0, "Alice ends with 0")


def forged_bob(s, hub, flaw, words):
    alice, peer = with_alice(s, hub, flaw)
    with peer:
        alice.see("alice: no secure channel: .*" + re.escape(words))
        check(alice.wait() == 1, "forged %s: Alice says why, and ends with 1" % flaw)
        check(peer.is_quiet(SILENCE), "and does not say who she is")


@scenario
def main(s):
    hub = s.hub()
    bob = s.bob(hub, examples="examples/interop")
    s.step("Bob, and those who want to talk to him")
    honest_alice(hub, bob)
    for flaw, words in FLAWS.items():
        forged_alice(hub, bob, flaw, words)
    replayed(hub, bob)
    honest_alice(hub, bob, rotated=True)
    check("from a forger" not in bob.text, "nothing of theirs reached a worker")
    s.step("Alice, and those who pretend to be Bob")
    honest_bob(s, hub)
    for flaw, words in FLAWS.items():
        forged_bob(s, hub, flaw, words)

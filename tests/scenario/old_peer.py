"""An end of a channel of 2021 in plain Python, as PROTOCOL.md 9 says it: honest, or with one flaw
in its identity and everything else right.  It shares nothing with the programs under test; the
arithmetic is that of tests/vectors/check-ockam.py.

    with OldPeer(hub.address, writes, reads) as peer:   # names of streams, made if missing
        peer.initiate("listener")                       # messages 1 to 3; then peer.h
        peer.hear_identity()                            # message 4
        peer.show_identity(Identity(), RESPONSE)        # message 5
        peer.say("echoer", b"hello")                    # -> the counter of the record
        peer.hear(timeout)                              # -> the message in a record, or None
        peer.respond(timeout)                           # the other role: messages 1 to 3
"""

import importlib.util
import os
import pathlib
import time

from wire import Client, Reader, data, decode, encode

REQUEST, RESPONSE = 0, 1

# every flaw that an identity can be made with, and the words that name it
FLAWS = {
    "identifier": "identifier is not that of the first key",
    "previous id": "previous event id",
    "event id": "event id is not",
    "self signature": "self signature",
    "previous signature": "signature of the previous key",
    "event signature": "event signature",
    "proof": "proof of the handshake",
}


def load_math():
    """check-ockam.py, which skips by itself without python3-cryptography."""
    path = pathlib.Path(__file__).resolve().parents[1] / "vectors" / "check-ockam.py"
    spec = importlib.util.spec_from_file_location("check_ockam", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ockam = load_math()
X25519PrivateKey, X25519PublicKey = ockam.X25519PrivateKey, ockam.X25519PublicKey
AESGCM, sha256, raw = ockam.AESGCM, ockam.sha256, ockam.raw


class Key:
    def __init__(self):
        secret = bytearray(os.urandom(32))
        secret[0] &= 0xF8
        secret[31] = secret[31] & 0x7F | 0x40
        self.secret = bytes(secret)
        self.public = raw(X25519PrivateKey.from_private_bytes(self.secret))

    def sign(self, message):
        return ockam.xeddsa(self.secret, message, os.urandom(64))


class Identity:
    """A history of one event, or of two when it was rotated, with at most one flaw (9.4, 9.5)."""

    def __init__(self, flaw=None, rotated=False):
        self.flaw, self.events, self.last = flaw, [], sha256(b"OCKAM_NO_EVENT")
        self.key = Key()
        self.identifier = sha256(self.key.public)
        self._change(self.key, None)
        if rotated or flaw == "previous signature":
            before, self.key = self.key, Key()
            self._change(self.key, before)

    def _is(self, flaw, right, wrong):
        return wrong if self.flaw == flaw else right

    def _change(self, key, before):
        stranger = Key()
        inside = data(b"OCKAM_PUK") + b"\1\2\1" + (32).to_bytes(8, "little") + data(key.public)
        signer = self._is("self signature", key, stranger)
        previous = self._is("previous id", self.last, os.urandom(32))
        change = previous + b"\1\1\0" + bytes([before is not None]) + inside + \
            signer.sign(sha256(inside))
        if before is not None:
            change += self._is("previous signature", before, stranger).sign(sha256(inside))
        event = self._is("event id", sha256(change), os.urandom(32))
        signer = self._is("event signature", before or key, stranger)
        self.events.append(event + change + b"\0\0" + signer.sign(event))
        self.last = event

    def message(self, variant, h):
        claimed = self._is("identifier", self.identifier, os.urandom(32))
        signer = self._is("proof", self.key, Key())
        return bytes([variant]) + data(claimed.hex()) + bytes([len(self.events)]) + \
            b"".join(self.events) + data(signer.sign(h))

    def name(self):
        return "P" + self.identifier.hex()


class Noise(ockam.Noise):
    """One end: the other's keys are public."""

    def mix_dh(self, ours, theirs):
        shared = ours.exchange(X25519PublicKey.from_public_bytes(theirs))
        (self.ck, self.k), self.n = self.hkdf(shared), 0

    def open(self, sealed):
        plain = AESGCM(self.k).decrypt(
            bytes(10) + self.n.to_bytes(2, "big"), sealed, self.h)
        self.n += 1
        self.mix_hash(sealed)
        return plain


class OldPeer:
    def __init__(self, hub, writes, reads):
        self.client = Client(hub)
        self.writes = self.client.create(writes)
        self.reads = self.client.create(reads)
        self.reads_name, self.position = reads, self.client.open(reads).first
        self.r, self.e = os.urandom(16).hex(), os.urandom(16).hex()
        self.s, self.ephemeral = X25519PrivateKey.generate(), X25519PrivateKey.generate()
        self.noise, self.counter = Noise(), 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def push(self, onward, payload):
        self.client.push(self.writes, encode(onward, [self.r], payload))

    def next_entry(self, hop, timeout):
        """The next entry whose first hop is this, or None."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            for index, entry in self.client.pull(self.reads, self.position, 1):
                self.position = index + 1
                message = decode(entry)
                if message.onward[:1] == [hop.encode()]:
                    return message
        return None

    def is_quiet(self, seconds):
        """Whether nothing more comes meanwhile."""
        time.sleep(seconds)
        return self.client.open(self.reads_name).end == self.position

    def expect(self, hop, timeout=60):
        message = self.next_entry(hop, timeout)
        if message is None:
            raise AssertionError("nothing came for %s" % hop)
        return message

    # messages 1 to 3

    def initiate(self, listener):
        noise, e = self.noise, raw(self.ephemeral)
        noise.mix_hash(e)
        noise.mix_hash(b"")
        self.push([listener], data(e) + b"\1\0" + data(self.e))
        answer = self.expect(self.r)
        two, self.route = Reader(answer.payload).data(), answer.ret
        theirs = two[:32]
        noise.mix_hash(theirs)
        noise.mix_dh(self.ephemeral, theirs)
        static = noise.open(two[32:80])
        noise.mix_dh(self.ephemeral, static)
        noise.open(two[80:])
        three = noise.seal(raw(self.s))
        noise.mix_dh(self.s, theirs)
        self.push(self.route, data(three + noise.seal(b"")))
        self._take_keys(initiator=True)

    def respond(self, timeout=60):
        noise, hello = self.noise, self.expect("listener", timeout)
        reader = Reader(hello.payload)
        theirs = reader.data()
        reader.take(2)
        self.peer_e, self.route = reader.data(), hello.ret
        noise.mix_hash(theirs)
        noise.mix_hash(b"")
        e = raw(self.ephemeral)
        noise.mix_hash(e)
        noise.mix_dh(self.ephemeral, theirs)
        two = e + noise.seal(raw(self.s))
        noise.mix_dh(self.s, theirs)
        self.push(self.route, data(two + noise.seal(b"")))
        three = self.expect(self.r)
        self.route, sealed = three.ret, Reader(three.payload).data()
        static = noise.open(sealed[:48])
        noise.mix_dh(self.ephemeral, static)
        noise.open(sealed[48:])
        self._take_keys(initiator=False)

    def _take_keys(self, initiator):
        self.h, (k1, k2) = self.noise.h, self.noise.hkdf(b"")
        self.out, self.into = (k2, k1) if initiator else (k1, k2)

    # records

    def seal(self, onward, payload):
        plain = encode([self.peer_e] + onward, [self.e, "python"][:1 + bool(onward)], payload)
        record = self.counter.to_bytes(2, "big") + ockam.seal(self.out, self.counter, plain)
        self.counter += 1
        return data(record)

    def hear(self, timeout=60):
        """The next record: what is inside, or None when none came."""
        message = self.next_entry(self.r, timeout)
        if message is None:
            return None
        record = Reader(message.payload).data()
        return decode(AESGCM(self.into).decrypt(bytes(10) + record[:2], record[2:], b""))

    def hear_identity(self):
        inside = self.hear()
        if inside is None:
            raise AssertionError("no identity came")
        self.peer_e = inside.ret[0]
        return inside.payload

    def show_identity(self, identity, variant):
        self.push(self.route, self.seal([], identity.message(variant, self.h)))

    def say(self, worker, payload):
        self.push(self.route, self.seal([worker], data(payload)))
        return self.counter - 1

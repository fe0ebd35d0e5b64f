#!/usr/bin/env python3
"""Recomputes the captured session of 2021 from its keys: PROTOCOL.md 9.1 to 9.5 in another language.

It shares no code with Tacit: XEdDSA on plain integers, the identity messages, the Noise handshake
and the records are written out here, on top of python3-cryptography for X25519, AES-GCM and the
check of Ed25519 signatures.  Without that package it says so and ends with 77.
"""
import hashlib
import hmac
import os
import sys

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
except ImportError:
    print("skipped: python3-cryptography is not installed")
    sys.exit(77)

FOLDER = os.path.dirname(os.path.abspath(__file__))
P = 2 ** 255 - 19
ORDER = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def sha256(data):
    return hashlib.sha256(data).digest()


def blocks(name):
    """A file's blocks of `name = value` lines."""
    with open(os.path.join(FOLDER, name), encoding="ascii") as file:
        text = "".join(line for line in file if not line.startswith("#"))
    for block in text.strip().split("\n\n"):
        yield {name: value.strip()
               for name, value in (line.split(" =", 1) for line in block.splitlines())}


def same(what, ours, theirs):
    if ours != theirs:
        sys.exit(f"{what}: {ours.hex()}, not {theirs.hex()}")


# 9.5 signatures -----------------------------------------------------------------------------------

def add(a, b):
    """Affine addition on the curve of Ed25519: slow, and easy to check."""
    (x1, y1), (x2, y2) = a, b
    product = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P,
            (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P)


def base_point():
    y = 4 * pow(5, -1, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    return (x if x % 2 == 0 else P - x), y


def times_base(scalar):
    point, doubled = (0, 1), base_point()
    while scalar:
        if scalar & 1:
            point = add(point, doubled)
        doubled, scalar = add(doubled, doubled), scalar >> 1
    return point


def compress(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def to_scalar(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ORDER


def xeddsa(secret, message, z):
    k = int.from_bytes(secret, "little")
    x, y = times_base(k)
    if x & 1:
        k = -k % ORDER
    key = y.to_bytes(32, "little")
    r = to_scalar(b"\xfe\x20", k.to_bytes(32, "little"), message, z)
    point = compress(times_base(r))
    s = (r + to_scalar(point, key, message) * k) % ORDER
    return point + s.to_bytes(32, "little")


def verify(public, message, signature):
    u = int.from_bytes(public, "little")
    y = (u - 1) * pow(u + 1, -1, P) % P
    Ed25519PublicKey.from_public_bytes(y.to_bytes(32, "little")).verify(signature, message)


# 9.4 identity message -----------------------------------------------------------------------------

def text(value):
    return bytes([len(value)]) + value


class End:
    def __init__(self, name, all_blocks):
        kind = {}
        for block in all_blocks:
            if block["end"] == name:
                kind.setdefault(block["kind"], []).append(block)
        self.name = name
        self.keys = {block["which"]: block for block in kind["key"]}
        self.signatures, self.sealed, (self.sent,) = (
            kind["signature"], kind["sealed"], kind["identity"])
        self.secret = {which: self.check_key(block) for which, block in self.keys.items()}
        self.zs = [bytes.fromhex(block["z"]) for block in self.signatures]

    def check_key(self, block):
        drawn = bytearray.fromhex(block["drawn"])
        drawn[0] &= 0xf8
        drawn[31] = drawn[31] & 0x7f | 0x40
        same(f"{self.name}: clamped", bytes(drawn), bytes.fromhex(block["secret"]))
        secret = X25519PrivateKey.from_private_bytes(bytes(drawn))
        same(f"{self.name}: public", raw(secret), bytes.fromhex(block["public"]))
        return secret

    def sign(self, number, message):
        """Makes a captured signature again, with its own z, from what is said to be signed."""
        block = self.signatures[number]
        same(f"{self.name}: {block['what']} signs", message, bytes.fromhex(block["message"]))
        made = xeddsa(bytes.fromhex(self.keys["identity"]["secret"]), message, self.zs[number])
        same(f"{self.name}: {block['what']}", made, bytes.fromhex(block["signature"]))
        verify(raw(self.secret["identity"]), message, made)
        return made

    def message(self, variant, h):
        public = raw(self.secret["identity"])
        identifier = sha256(public)
        if self.sent["identifier"] != "P" + identifier.hex():
            sys.exit(f"{self.name}: identifier")
        data = text(b"OCKAM_PUK") + b"\1\2\1" + (32).to_bytes(8, "little") + text(public)
        changes = (sha256(b"OCKAM_NO_EVENT") + b"\1\1\0\0" + data +
                   self.sign(0, sha256(data)))
        event = sha256(changes)
        made = (bytes([variant]) + text(identifier.hex().encode()) + b"\1" + event + changes +
                b"\0\0" + self.sign(1, event) + text(self.sign(2, h)))
        same(f"{self.name}: identity message", made, bytes.fromhex(self.sent["message"]))
        return made


# 9.2 handshake, 9.3 records -----------------------------------------------------------------------

def raw(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


class Noise:
    """Both ends' symmetric state."""

    def __init__(self):
        self.ck = b"Noise_XX_25519_AESGCM_SHA256".ljust(32, b"\0")
        self.h = sha256(self.ck)
        self.k, self.n = None, 0

    def mix_hash(self, data):
        self.h = sha256(self.h + data)

    def hkdf(self, ikm):
        temp = hmac.new(self.ck, ikm, hashlib.sha256).digest()
        first = hmac.new(temp, b"\1", hashlib.sha256).digest()
        return first, hmac.new(temp, first + b"\2", hashlib.sha256).digest()

    def mix_dh(self, ours, theirs):
        shared = ours.exchange(X25519PublicKey.from_public_bytes(raw(theirs)))
        (self.ck, self.k), self.n = self.hkdf(shared), 0

    def seal(self, plain):
        sealed = seal(self.k, self.n, plain, self.h)
        self.n += 1
        self.mix_hash(sealed)
        return sealed


def seal(key, counter, plain, data=b""):
    return AESGCM(key).encrypt(bytes(10) + counter.to_bytes(2, "big"), plain, data)


def handshake(alice, bob):
    si, ei = alice.secret["static"], alice.secret["ephemeral"]
    sr, er = bob.secret["static"], bob.secret["ephemeral"]
    noise = Noise()
    noise.mix_hash(raw(ei))
    noise.mix_hash(b"")
    noise.mix_hash(raw(er))
    noise.mix_dh(er, ei)
    two = raw(er) + noise.seal(raw(sr))
    noise.mix_dh(sr, ei)
    two += noise.seal(b"")
    three = noise.seal(raw(si))
    noise.mix_dh(si, er)
    three += noise.seal(b"")
    return raw(ei), two, three, noise.h, noise.hkdf(b"")


def number(data):
    value = shift = 0
    while True:
        value |= (data[0] & 0x7f) << shift
        shift, more, data = shift + 7, data[0] & 0x80, data[1:]
        if not more:
            return value, data


def data_of(data):
    length, data = number(data)
    return data[:length], data[length:]


def payload(message):
    """What a transport message carries (1.3), without the length of its own that data has."""
    if message[0] != 1:
        sys.exit("not a transport message")
    message = message[1:]
    for _ in range(2):
        hops, message = number(message)
        for _ in range(hops):
            message = data_of(message[1:])[1]
    return data_of(message)[0]


def check_records(end, key, variant, h, entries):
    """Sealings 0 and 1 were the handshake's; the first record carries the identity message."""
    for counter, block in enumerate(end.sealed[2:]):
        plain = bytes.fromhex(block["plain"])
        same(f"{end.name}: key", key, bytes.fromhex(block["key"]))
        if counter == 0:
            same(f"{end.name}: record 0", payload(plain), end.message(variant, h))
        record = counter.to_bytes(2, "big") + seal(key, counter, plain)
        same(f"{end.name}: record {counter}", record, data_of(payload(entries.pop(0)))[0])
    if entries:
        sys.exit(f"{end.name}: more entries than sealings")


def main():
    all_blocks = list(blocks("ockam-0.22-keys.txt"))
    alice, bob = (End(name, all_blocks) for name in ("alice", "bob"))
    a_to_b, b_to_a = (
        [bytes.fromhex(block["bytes"]) for block in blocks("ockam-0.22-session.txt")
         if block["kind"] == "entry" and block["stream"].startswith(way)]
        for way in ("alice_to_bob", "bob_to_alice"))
    one, two, three, h, (k1, k2) = handshake(alice, bob)
    same("message 1", data_of(payload(a_to_b.pop(0)))[0], one)
    same("message 2", data_of(payload(b_to_a.pop(0)))[0], two)
    same("message 3", data_of(payload(a_to_b.pop(0)))[0], three)
    for end in (alice, bob):
        same(f"{end.name}: h", bytes.fromhex(end.sent["h"]), h)
    check_records(bob, k1, 0, h, b_to_a)
    check_records(alice, k2, 1, h, a_to_b)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Recomputes channel.txt from its seeds: PROTOCOL.md 4 to 6 once more, in another language.

It shares no code with Tacit: the Noise handshake, histories, proofs and records are written out
here on top of python3-cryptography.  Without that package it says so and ends with 77.
`--print` writes the whole file instead of checking it.
"""
import hashlib
import hmac
import os
import struct
import sys

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
except ImportError:
    print("skipped: python3-cryptography is not installed")
    sys.exit(77)

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "channel.txt")
COMMENT = """\
# A whole session of the native channel (PROTOCOL.md 4 to 6), from the seeds of its keys to its end.
# The initiator's identity was rotated once.  Entries are payloads: a kind, then records.
# The last block is another course of the same session, after ACCEPTED: one entry with a message of
# 61441 bytes in two fragments, whose text is the low bytes of 0, 1, 2 and so on.  What is long is
# there as its SHA-256.
"""
SEEDS = {
    "initiator_seed_1": 0x10, "initiator_seed_2": 0x30, "responder_seed": 0x50,
    "initiator_static": 0x70, "initiator_ephemeral": 0x90,
    "responder_static": 0xb0, "responder_ephemeral": 0xd0,
}
CREATE, ROTATE = 1, 2
INITIATOR, RESPONDER = 1, 2
DATA, CONTROL = 1, 2
ACCEPTED, CLOSING, CLOSED = 1, 8, 16


def sha256(data):
    return hashlib.sha256(data).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def raw(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def field(data):
    return struct.pack(">H", len(data)) + data


# 4 identity ---------------------------------------------------------------------------------------

class Identity:
    def __init__(self, seeds):
        self.changes, self.count = b"", 0
        for seed in seeds:
            key = Ed25519PrivateKey.from_private_bytes(seed)
            before = sha256(self.changes) if self.count else bytes(32)
            kind = bytes([ROTATE if self.count else CREATE])
            signed = field(b"tacit.v1.change") + before + kind + raw(key)
            change = kind + raw(key) + key.sign(signed)
            if self.count:
                change += self.key.sign(signed)
            else:
                self.identifier = sha256(raw(key))
            self.key, self.count, self.changes = key, self.count + 1, self.changes + change
        self.history = bytes([self.count]) + self.changes

    def proof_input(self, role, h):
        return b"".join(map(field, (b"tacit.v1.proof", bytes([role]), h, self.identifier,
                                    sha256(self.changes))))

    def payload(self, role, h):
        body = b"\x01" + self.history + self.key.sign(self.proof_input(role, h))
        return field(body).ljust(1408, b"\0")


# 5 handshake --------------------------------------------------------------------------------------

class Noise:
    """One end's symmetric state, names as in the Noise specification, section 5."""

    def __init__(self, prologue):
        self.h = self.ck = b"Noise_XX_25519_AESGCM_SHA256".ljust(32, b"\0")
        self.k, self.n = None, 0
        self.mix_hash(prologue)

    def mix_hash(self, data):
        self.h = sha256(self.h + data)

    def hkdf(self, ikm):
        temp = mac(self.ck, ikm)
        first = mac(temp, b"\x01")
        return first, mac(temp, first + b"\x02")

    def mix_dh(self, ours, theirs):
        shared = ours.exchange(X25519PublicKey.from_public_bytes(theirs))
        (self.ck, self.k), self.n = self.hkdf(shared), 0

    def seal(self, plain):
        sealed = AESGCM(self.k).encrypt(nonce(self.n), plain, self.h)
        self.n += 1
        self.mix_hash(sealed)
        return sealed


def nonce(counter):
    return bytes(4) + struct.pack(">Q", counter)


def handshake(seeds, alice, bob):
    """Both ends' states are the same after each message, so one is enough."""
    key = {name: X25519PrivateKey.from_private_bytes(seeds[name]) for name in seeds
           if name.endswith(("static", "ephemeral"))}
    si, ei = key["initiator_static"], key["initiator_ephemeral"]
    sr, er = key["responder_static"], key["responder_ephemeral"]
    out = {"prologue": b"Tacit\x01\x01"}
    noise = Noise(out["prologue"])

    noise.mix_hash(raw(ei))
    noise.mix_hash(b"")
    out["message_1"] = b"\x01\x01\x01" + raw(ei)

    noise.mix_hash(raw(er))
    noise.mix_dh(er, raw(ei))
    tokens = raw(er) + noise.seal(raw(sr))
    noise.mix_dh(sr, raw(ei))
    out["proof_input_2"] = bob.proof_input(RESPONDER, noise.h)
    out["payload_2"] = bob.payload(RESPONDER, noise.h)
    out["message_2"] = b"\x02" + tokens + noise.seal(out["payload_2"])

    tokens = noise.seal(raw(si))
    noise.mix_dh(si, raw(er))
    out["proof_input_3"] = alice.proof_input(INITIATOR, noise.h)
    out["payload_3"] = alice.payload(INITIATOR, noise.h)
    out["message_3"] = b"\x03" + tokens + noise.seal(out["payload_3"])
    out["h"] = noise.h
    out["k1"], out["k2"] = noise.hkdf(b"")
    return out


# 6 records ----------------------------------------------------------------------------------------

class Direction:
    def __init__(self, split_key, h, number):
        self.aad = h + bytes([number])
        self.keys = {DATA: mac(split_key, b"tacit.v1.data\x01"),
                     CONTROL: mac(split_key, b"tacit.v1.control\x01")}

    def seal(self, kind, sequence, body):
        header = struct.pack(">BBIQH", 1, kind, 0, sequence, len(body) + 16)
        return header + AESGCM(self.keys[kind]).encrypt(nonce(sequence), body, self.aad + header)

    def opens(self, record):
        _, kind, _, sequence, _ = struct.unpack(">BBIQH", record[:16])
        try:
            AESGCM(self.keys[kind]).decrypt(nonce(sequence), record[16:], self.aad + record[:16])
        except InvalidTag:
            return False
        return True


def control(flags, echo, delivered, delivered_len, sent):
    """What an end says that holds nothing undelivered: no ranges, windows 4096 and 8 MiB ahead."""
    return struct.pack(">BQQQQQB", flags, echo, delivered, delivered + 4096,
                       delivered_len + (8 << 20), sent, 0)


def records(h, k1, k2):
    there, back = Direction(k1, h, 1), Direction(k2, h, 2)
    # form 01, then a transport message: version 1, onward [app], return [me], payload
    message = b"\x01" + b"\x01\x00\x03app" + b"\x01\x00\x02me" + b"\x06\x05hello"
    data = there.seal(DATA, 0, b"\x01" + message)
    plan = [
        ("accepted", back, control(ACCEPTED, 0, 0, 0, 0), 0),
        ("acknowledged", back, control(ACCEPTED, 0, 1, len(data), 0), 1),
        ("closing", there, control(CLOSING, 2, 0, 0, 1), 0),
        ("closed", back, control(ACCEPTED | CLOSED, 1, 1, len(data), 0), 2),
    ]
    out = {"initiator_data_key": there.keys[DATA], "initiator_control_key": there.keys[CONTROL],
           "responder_data_key": back.keys[DATA], "responder_control_key": back.keys[CONTROL],
           "data_body": b"\x01" + message, "data_entry": b"\x04" + data}
    assert there.opens(data) and not back.opens(data)
    for name, direction, body, sequence in plan:
        out[name + "_body"] = body
        out[name + "_entry"] = b"\x04" + direction.seal(CONTROL, sequence, body)
    return out


def leb128(number):
    """As lengths of three bytes are written."""
    return bytes([number & 0x7f | 0x80, number >> 7 & 0x7f | 0x80, number >> 14])


def fragments(h, k1, k2):
    there, back = Direction(k1, h, 1), Direction(k2, h, 2)
    head = b"\x01" + b"\x01\x00\x03app" + b"\x01\x00\x02me"
    size = 61441 - len(head) - 3
    message = head + leb128(size) + leb128(size - 3) + bytes(i & 0xff for i in range(size - 3))
    assert len(message) == 61441
    first = there.seal(DATA, 0, b"\x03\x01" + message[:61440])
    last_body = b"\x03\x00" + message[61440:]
    last = there.seal(DATA, 1, last_body)
    assert there.opens(first) and there.opens(last)
    # both arrived and are not delivered: next is 0, and the range [0, 2) came
    arrived = struct.pack(">BQQQQQBQQ", ACCEPTED, 0, 0, 4096, 8 << 20, 0, 1, 0, 2)
    delivered = control(ACCEPTED, 0, 2, len(first) + len(last), 0)
    return {"message_sha256": sha256(message), "first_header": first[:16],
            "first_tag": first[-16:], "last_body": last_body, "last_record": last,
            "entry_sha256": sha256(b"\x04" + first + last), "arrived_body": arrived,
            "arrived_entry": b"\x04" + back.seal(CONTROL, 1, arrived),
            "delivered_entry": b"\x04" + back.seal(CONTROL, 2, delivered)}


def compute():
    seeds = {name: bytes(range(first, first + 32)) for name, first in SEEDS.items()}
    alice = Identity([seeds["initiator_seed_1"], seeds["initiator_seed_2"]])
    bob = Identity([seeds["responder_seed"]])
    identities = {"initiator_history": alice.history, "initiator_identifier": alice.identifier,
                  "responder_history": bob.history, "responder_identifier": bob.identifier}
    shaken = handshake(seeds, alice, bob)
    return [seeds, identities, shaken, records(shaken["h"], shaken["k1"], shaken["k2"]),
            fragments(shaken["h"], shaken["k1"], shaken["k2"])]


def main():
    lines = "\n".join("".join(f"{name} = {value.hex()}\n" for name, value in block.items())
                      for block in compute())
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(COMMENT + lines)
        return 0
    with open(FILE, encoding="ascii") as file:
        if file.read() != COMMENT + lines:
            print("channel.txt is not what the seeds give")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

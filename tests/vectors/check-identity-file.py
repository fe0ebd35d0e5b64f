#!/usr/bin/env python3
"""Recomputes identity-file.txt from seeds, salts and passphrases: FORMAT.md 1 in another language.

It shares no code with Tacit: histories, Argon2id and the cipher are those of python3-cryptography.
Without that package, or with one that is too old for Argon2id, it says so and ends with 77.
`--print` writes the whole file instead of checking it.
"""
import hashlib
import os
import struct
import sys

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    Argon2id(salt=bytes(16), length=32, iterations=1, lanes=1, memory_cost=8)
except ImportError:
    print("skipped: there is no python3-cryptography that has Argon2id")
    sys.exit(77)
except UnsupportedAlgorithm:
    print("skipped: python3-cryptography has no Argon2id here")
    sys.exit(77)

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "identity-file.txt")
COMMENT = """\
# Identity files (FORMAT.md 1) of identities whose keys have the seeds 00..1f, 20..3f and so on; the
# salt has the bytes that come next.  passphrase is text, and missing where there is none; the last
# one is not ASCII.
"""
# changes, passphrase, passes, KiB
CASES = [
    (1, "correct horse battery staple", 3, 256 << 10),
    (1, "correct horse battery staple", 1, 8 << 10),
    (2, "x", 2, 9 << 10),
    (8, "Schl\u00fcssel", 1, 8 << 10),
    (1, None, 0, 0),
]


def sha256(data):
    return hashlib.sha256(data).digest()


def raw(key):
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def history(seeds):
    changes, before = b"", None
    for seed in seeds:
        key = Ed25519PrivateKey.from_private_bytes(seed)
        kind = b"\x02" if before else b"\x01"
        signed = (b"\x00\x0ftacit.v1.change" + (sha256(changes) if before else bytes(32)) +
                  kind + raw(key))
        changes += kind + raw(key) + key.sign(signed) + (before.sign(signed) if before else b"")
        before = key
    return bytes([len(seeds)]) + changes


def compute(changes, passphrase, passes, kib):
    seeds = [bytes(range(32 * i & 255, (32 * i & 255) + 32)) for i in range(changes)]
    salt, key = bytes(16), bytes(32)
    if passphrase:
        first = 32 * changes & 255
        salt = bytes(range(first, first + 16))
        key = Argon2id(salt=salt, length=32, iterations=passes, lanes=1,
                       memory_cost=kib).derive(passphrase.encode())
    header = (b"tacit-id\x01" + (b"\x01" if passphrase else b"\x00") +
              struct.pack(">II", passes, kib) + salt + history(seeds))
    sealed = AESGCM(key).encrypt(bytes(12), seeds[-1], header)
    lines = ["changes = %d" % changes]
    if passphrase:
        lines.append("passphrase = " + passphrase)
    lines += ["passes = %d" % passes, "kib = %d" % kib,
              "identifier = P" + sha256(raw(Ed25519PrivateKey.from_private_bytes(seeds[0]))).hex(),
              "salt = " + salt.hex(), "file = " + (header + sealed).hex()]
    return "".join(line + "\n" for line in lines)


def main():
    text = COMMENT + "\n" + "\n".join(compute(*case) for case in CASES)
    if sys.argv[1:] == ["--print"]:
        sys.stdout.write(text)
        return 0
    with open(FILE, encoding="utf-8") as file:
        if file.read() != text:
            print("identity-file.txt is not what the seeds give")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

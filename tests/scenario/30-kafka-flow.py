#!/usr/bin/env python3
# Goal: Alice and Bob talk through a hub before a real Kafka. Their streams are topics of one
# partition, and nothing that Kafka holds, in topics or files, is what was typed or says who they are;
# a search that would find it is shown to find it. A message of 16 MiB comes back, too.
# Kafka: every version
import json
import uuid

from lib import check, scenario
from traffic import Traffic

MARK = "a sentence that nobody else may read, " + uuid.uuid4().hex


def partitions(kafka):
    """How many each topic has."""
    listed = json.loads(kafka.kcat("-L", "-J"))
    return {topic["topic"]: len(topic["partitions"]) for topic in listed["topics"]}


def dump(kafka):
    """Keys, headers and values of all topics, and the broker's files where they can be read."""
    data = b"".join(kafka.kcat("-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f",
        "%k %h %s\n") for topic in partitions(kafka))
    if kafka.process is not None:
        data += b"".join(path.read_bytes() for path in sorted((kafka.dir / "data").rglob("*.log")))
    return data


def talk(s, hub, bob, lines):
    alice = s.alice(hub, bob)
    for line in lines:
        alice.say(line)
        alice.see("^Alice received an echo: %s$" % line)
    alice.end()
    check(alice.wait() == 0, "each echo came back to Alice, and she ends with 0")
    check(bob.identifier in alice.text, "her channel is with Bob")


@scenario
def main(s):
    kafka = s.kafka()
    hub = s.hub(kafka=kafka)
    bob = s.bob(hub)
    s.step("two Alices, one after the other")
    lines = ["%s %d" % (MARK, i) for i in range(20)]
    talk(s, hub, bob, lines[:10])
    talk(s, hub, bob, lines[10:])
    check([line for line in bob.text.splitlines() if MARK in line]
        == ["Bob received: " + line for line in lines], "Bob printed each line once, in order")

    s.step("what Kafka has of it")
    counts = partitions(kafka)
    check(counts.get(bob.sender) == 1 and counts.get(bob.receiver) == 1,
        "the topics have the streams' names, and one partition each")
    check(all(len(kafka.entries(name)) >= len(lines) for name in (bob.sender, bob.receiver)),
        "each has an entry for each line, at least")
    held = dump(kafka)
    check(bob.sender.encode() in held or kafka.process is None, "%d bytes read" % len(held))
    identifier = bob.identifier[1:]
    for what, needle in (("what was typed", MARK.encode()),
                         ("its UTF-16", MARK.encode("utf-16-le")),
                         ("its hex", MARK.encode().hex().encode()),
                         ("Bob's identifier", identifier.encode()),
                         ("its upper case", identifier.upper().encode()),
                         ("its bytes", bytes.fromhex(identifier))):
        check(needle not in held, "Kafka does not hold " + what)

    s.step("the search finds what is there")
    kafka.produce(bob.sender, MARK.encode() + bytes.fromhex(identifier))
    held = dump(kafka)
    check(MARK.encode() in held and bytes.fromhex(identifier) in held, "a line in clear is found")
    check(bob.stop() == 0, "Bob ends with 0")

    s.step("a message of 16 MiB")
    Traffic(s, [(hub, hub)], 3, lens=(0, 16 << 20)).finish("16 MiB and back")
    check(hub.stop() == 0, "the hub ends with 0")

#!/usr/bin/env python3
# Goal: `tacit streams` and `tacit dump` look straight into Kafka and show what a hub before it shows:
# topics with the prefix, readers by their groups and how far behind they are; other topics are none
# of theirs, and a broker that is away is told soon.
import json
import os
import re

import wire
from lib import BUILD, check, free_port, scenario, wait_until

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
os.environ["NO_COLOR"] = "1"


def lines_of(s, *args):
    return [json.loads(line) for line in s.tacit(*args, "--json").out.splitlines()]


def refused(s, words, *args):
    run = s.tacit(*args, ok=False)
    check(run.status == 1 and run.out == b"" and re.search(words, run.err.decode()),
        "status 1: " + run.err.decode().rstrip())


@scenario
def main(s):
    # these take their time, while the rest goes on
    away = [(args, s.start("away", BUILD / "tacit", *args, "--kafka", "127.0.0.1:%d" % free_port()))
            for args in (("streams",), ("dump", "a"))]
    kafka = s.kafka()
    tag = wire.unique("t")
    own = ("--topic-prefix", tag + ".", "--group-prefix", tag + "-r.")
    at = ("--kafka", kafka.brokers, *own)
    s.step("what Alice and Bob leave behind")
    hub = s.hub(kafka=kafka, args=own)
    bob = s.bob(hub)
    alice = s.alice(hub, bob)
    alice.say("one")
    alice.see("echo: one")
    alice.end()
    check(alice.wait() == 0 and bob.stop() == 0, "they talked, and are gone")
    check(hub.stop() == 0, "and all that they said is in Kafka")
    hub = hub.again()
    into = lines_of(s, "dump", bob.receiver, *at)
    check(into == lines_of(s, "dump", bob.receiver, "--hub", hub.address),
        "the hub shows the same as Kafka")
    # on a slow machine a handshake says things again
    check(into[0]["kind"] == "handshake 1" and {"handshake 3", "data"} <= {e["kind"] for e in into} <=
        {"handshake 1", "handshake 3", "data", "control"}, "a handshake, and records")
    check(all(re.fullmatch(TIME, e["time"]) for e in into), "with times")
    values = kafka.entries("%s.%s" % (tag, bob.receiver))
    check([(e["size"], bytes.fromhex(e["head"])) for e in into] ==
        [(len(value), value[:256]) for value in values], "as kcat has them")
    s.step("streams")
    kafka.create(tag + ".two", 2)
    kafka.create(tag + "-other")
    kafka.create(tag + ".empty")
    kafka.create(tag + ".foreign")
    kafka.produce(tag + ".foreign", b"\x1b[31m a stranger's words", b"x" * 200000)

    def listed():
        streams = {x["name"]: x for x in lines_of(s, "streams", *at)}
        return streams if streams[bob.receiver]["readers"] else None
    streams = wait_until(listed, "Bob's position is there")
    check(sorted(streams) == sorted((bob.sender, bob.receiver, "empty", "foreign")),
        "topics with the prefix and one partition, and no others")
    stream, reader = streams[bob.receiver], streams[bob.receiver]["readers"][0]
    check(stream["entries"] == stream["end"] == len(values) and stream["bytes"] is None,
        "entries are counted; bytes nobody tells")
    check(reader["client"].startswith("bob_") and
        reader["lag"] == stream["end"] - reader["position"], "and how far Bob is behind")
    check(streams["empty"]["entries"] == 0 and streams["empty"]["readers"] == [], "one is empty")
    table = s.tacit("streams", *at).out.decode()
    check(re.search(r"^foreign +2 +-  -$", table, re.MULTILINE), "`-` for people")
    foreign = lines_of(s, "dump", "foreign", *at)
    check([(e["size"], e["kind"]) for e in foreign] == [(24, "no message"), (200000, "no message")],
        "a stranger's entries are shown, also long ones")
    check(b"\x1b" not in s.tacit("dump", "foreign", *at).out, "and obeyed by no terminal")
    s.step("what is wrong")
    refused(s, "there is no topic %s.nowhere" % tag, "dump", "nowhere", *at)
    check("%s.nowhere" % tag not in kafka.topics(), "asking has not made it")
    refused(s, "has 2 partitions", "dump", "two", *at)
    for args, process in away:
        process.see("^tacit %s: no Kafka broker answers at .*: check that it runs" % args[0])
        check(process.wait() == 1, "a broker that is away: tacit %s ends with 1" % " ".join(args))
    check(hub.stop() == 0, "the hub ends with 0")

#!/usr/bin/env python3
# Goal: what cannot work with Kafka is said in words, at the right place, and nothing hangs: no broker,
# wrong options and files, topics that are missing, of several partitions, or deleted while in use.
import re

from lib import BUILD, check, free_port, scenario


def refused(s, status, pattern, *args):
    run = s.tacit("hub", "--listen", "127.0.0.1:0", *args, ok=False)
    check(run.status == status and re.search(pattern, run.err.decode()) and
        b"Listening on" not in run.out, "status %d: %s" % (status, " ".join(map(str, args[2:]))))


def wrong_options(s, kafka):
    at = ("--kafka", kafka.brokers)
    for prop, why in (("acks=1", "acks=1 is not possible: .*in-sync"),
                      ("request.required.acks=0", "acks=0 is not possible"),
                      ("enable.idempotence=false", "an outage writes entries twice"),
                      ("auto.offset.reset=latest", "skips entries silently"),
                      ("message.timeout.ms=1000", "is not possible"),
                      ("bootstrap.servers=elsewhere", "the brokers are given by themselves"),
                      ("no.such.thing=1", 'No such configuration property: "no.such.thing"'),
                      ("linger.ms=soon", "linger.ms: Invalid value"),
                      ("nonsense", "PROPERTY=VALUE is wanted")):
        refused(s, 2, "^tacit hub: .*" + why, *at, "-X", prop)
    for option in ("topic", "group"):
        for prefix in ("white space", "__internal", "a/b", "x" * 250):
            refused(s, 2, "is no %s prefix: letters, digits" % option, *at, "--%s-prefix" % option,
                prefix)
    refused(s, 2, "options for Kafka want --kafka", "--store", s.dir / "store", "--no-create")
    for brokers, bad in (("localhost:99999", "localhost:99999"), ("localhost:0", "localhost:0"),
                         (kafka.brokers + ",localhost:", "localhost:")):
        refused(s, 2, "'%s' is no Kafka broker: .*a port of 1 to 65535" % bad, "--kafka", brokers)


def files(s, kafka):
    path = s.dir / "kafka.properties"
    at = ("--kafka", kafka.brokers, "--kafka-config", path)
    refused(s, 2, "cannot read .*kafka.properties: No such file", *at)
    path.write_text("# a comment\n\nlinger.ms=1\nsasl.password hunter2\n")
    refused(s, 2, "line 4 of .*kafka.properties: PROPERTY=VALUE is wanted$", *at)
    path.write_text("acks=1\n")
    refused(s, 2, "acks=1 is not possible", *at)
    path.write_text("# secrets\r\n\r\n  linger.ms = 1\r\n\tssl.key.password=a=b#c\nclient.id=some one")
    hub = s.hub(kafka=kafka, args=["--kafka-config", path, "-vv"])
    bob = s.bob(hub)
    alice = s.alice(hub, bob)
    alice.say("configured")
    alice.see("echo: configured")
    check(bob.stop() == 0 and hub.stop() == 0, "comments, empty lines, spaces, and = and # in a value are taken")
    check("a=b#c" not in hub.text, "and the hub says nothing of a secret")


def no_broker(s):
    """Hubs that have to give up, which takes them 8 s: looked at in the end."""
    return [(brokers, s.start("hub", BUILD / "tacit", "hub", "--listen", "127.0.0.1:0", "--kafka",
        brokers)) for brokers in ("127.0.0.1:%d" % free_port(), "no-such-host.invalid:9092")]


def have_given_up(hubs):
    for brokers, hub in hubs:
        check(hub.wait() == 1 and "Listening on" not in hub.text and re.search(
            "no Kafka broker answers at %s .*check that it runs" % brokers, hub.text),
            "status 1: no broker at " + brokers)


def open_to_all(s, kafka):
    run = s.tacit("hub", "--listen", "0.0.0.0:0", "--kafka", kafka.brokers, ok=False)
    check(run.status != 0 and b"give --topic-prefix, or --any-topic" in run.err and
        b"Listening" not in run.out, "beyond loopback only with a prefix")
    for args in (["--topic-prefix", "tacit."], ["--any-topic"]):
        hub = s.hub(kafka=kafka, listen="0.0.0.0:0", args=args)
        check(hub.stop() == 0, "or with " + args[0])


def prefixes(s, kafka):
    hub = s.hub(kafka=kafka, args=["--topic-prefix", "tacit.", "--group-prefix", "readers."])
    bob = s.bob(hub)
    alice = s.alice(hub, bob)
    alice.say("prefixed")
    alice.see("echo: prefixed")
    check(bob.stop() == 0 and hub.stop() == 0, "Bob and the hub end with 0")
    topics = set(kafka.topics())
    check({"tacit." + bob.sender, "tacit." + bob.receiver} <= topics, "topics have the prefix")
    check(not {bob.sender, bob.receiver} & topics, "and are not there without it")
    groups = kafka.kcat("-C", "-t", "__consumer_offsets", "-o", "beginning", "-e", "-q", "-f", "%k ")
    check(re.search(rb"readers\.bob_[0-9a-f]{32}\0", groups), "so has Bob's group")


def never_created(s, kafka):
    hub = s.hub(kafka=kafka, args=["--no-create"])
    run = s.run(BUILD / "examples/bob", hub.address, ok=False)
    check(run.status == 1 and re.search(
        rb"bob: stream \S+: topic \S+ is not there and was not created: this hub creates no topics",
        run.err), "Bob is told that his streams are not made")
    kafka.create("made-by-hand")
    kafka.create("two-partitions", 2)
    for sender, receiver, why in (
            ("made-by-hand", "nowhere", "stream nowhere: there is no topic nowhere"),
            ("two-partitions", "made-by-hand", "two-partitions has 2 partitions; a stream is a topic"),
            ("made-by-hand", "white space", "'white space' is no name for a stream")):
        alice = s.run(BUILD / "examples/alice", hub.address, ok=False,
            input=("%s\n%s\n" % (sender, receiver)).encode())
        check(alice.status in (1, 2) and why in alice.err.decode(), "Alice is told: " + why)
    check(hub.stop() == 0, "the hub ends with 0")


def deleted(s, kafka):
    hub = s.hub(kafka=kafka)
    bob = s.bob(hub)
    alice = s.alice(hub, bob)
    alice.say("before")
    alice.see("echo: before")
    kafka.delete(bob.receiver)
    bob.see("stream %s was rolled back" % bob.receiver)
    check(bob.receiver in kafka.topics(), "the stream that Bob reads: he makes it again")
    alice.say("after")
    alice.see("echo: after")
    check(True, "and the channel goes on")
    kafka.delete(bob.sender)
    alice.see("alice: stream %s: there is no topic %s" % (bob.sender, bob.sender))
    check(alice.wait() == 1, "the stream that Alice reads: she says that it is gone")
    check(hub.alive and bob.alive and bob.stop() == 0 and hub.stop() == 0, "all end with 0")


@scenario
def main(s):
    hubs = no_broker(s)
    kafka = s.kafka(own=True)
    for step in (wrong_options, files, open_to_all, prefixes, never_created, deleted):
        s.step(step.__name__.replace("_", " "))
        step(s, kafka)
    s.step("no broker")
    have_given_up(hubs)

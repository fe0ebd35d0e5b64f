#!/usr/bin/env python3
# Goal: the example kafka_e2ee talks straight to Kafka, without a hub, in the words that it promises;
# the sealed bytes that left are those that arrived, and those that Kafka holds.
import re

from lib import BUILD, check, scenario, wait_until

PROGRAM = BUILD / "examples/kafka_e2ee"
MESSAGES = ["blah", "second message, with more words", "größer ✓"]


def words(process):
    """What it printed, without what it told about its node on standard error."""
    return [line for line in process.text.splitlines() if not line.startswith("kafka_e2ee: ")]


def responder(s, kafka):
    process = s.start("responder", PROGRAM, env={"KAFKA": kafka.brokers, "MODE": "responder"})
    process.see("Waiting for secure channel...$")
    lines = words(process)
    into = re.match(r"Receiving messages from: (\S+)$", lines[1]).group(1)
    out = re.match(r"Sending messages to: (\S+)$", lines[2]).group(1)
    check(lines == ["Created kafka topics.", "Receiving messages from: " + into,
        "Sending messages to: " + out, "Use the following arguments to run the other node:",
        "IN=%s OUT=%s MODE=initiator build/examples/kafka_e2ee" % (out, into),
        "Waiting for secure channel..."], "the responder says what it should")
    check({into, out} <= set(kafka.topics()), "and made the topics that it names")
    return process, dict(item.split("=", 1) for item in lines[4].split()[:3])


def initiator(s, kafka, env, messages):
    process = s.start("initiator", PROGRAM, env=dict(env, KAFKA=kafka.brokers))
    process.send("".join(message + "\n" for message in messages).encode())
    process.end()
    check(process.wait() == 0, "the initiator ends with 0 at the end of its input")
    lines = words(process)
    sealed = [re.match("Secure channel encrypted message: ([0-9a-f]+)$", line).group(1)
        for line in lines[3::3]]
    expected = ["Secure channel established"]
    for each in sealed:
        expected += ["Enter your message:", "Message sent through secure channel",
            "Secure channel encrypted message: " + each]
    check(lines == expected + ["Enter your message:"] and len(sealed) == len(messages),
        "and says what it should")
    return sealed


def received(process, since):
    return words(process)[since:]


@scenario
def main(s):
    kafka = s.kafka()
    s.step("a message")
    bob, env = responder(s, kafka)
    since = len(words(bob))
    sealed = initiator(s, kafka, env, MESSAGES)
    expected = ["Secure channel established"]
    for each, message in zip(sealed, MESSAGES):
        expected += ["Received message " + each, "Secure channel decrypted message: " + message]
    wait_until(lambda: len(received(bob, since)) >= len(expected), "all arrived")
    check(received(bob, since) == expected, "the same sealed bytes arrive, and the messages")
    held = b"".join(kafka.entries(env["OUT"]))
    check(all(bytes.fromhex(each) in held for each in sealed), "kcat shows the sealed bytes")
    check(not any(message.encode() in held for message in MESSAGES), "and no message")

    s.step("another initiator, while the responder runs on")
    since = len(words(bob))
    again = initiator(s, kafka, env, MESSAGES[:1])
    wait_until(lambda: len(received(bob, since)) >= 3, "it arrived")
    check(received(bob, since) == ["Secure channel established", "Received message " + again[0],
        "Secure channel decrypted message: blah"], "it arrives, too")
    check(again[0] != sealed[0], "the same message is sealed otherwise")
    bob.stop_signal = 2
    check(bob.stop() == 0, "Ctrl-C ends the responder with 0")

    s.step("called wrongly")
    for env in ({}, {"MODE": "both"}, {"MODE": "initiator"}, {"MODE": "initiator", "IN": "a"}):
        run = s.run(PROGRAM, ok=False, env=dict({"KAFKA": kafka.brokers}, **env))
        check(run.status == 2 and run.err.startswith(b"usage: ") and not run.out,
            "usage, and status 2: %s" % env)
    run = s.run(PROGRAM, ok=False, env={"KAFKA": kafka.brokers, "MODE": "initiator",
        "IN": "never-made", "OUT": "never-made-either"})
    check(run.status == 1 and b"there is no topic never-made" in run.err, "no such stream")
    run = s.run(PROGRAM, ok=False, env={"KAFKA": "127.0.0.1:1", "MODE": "responder"})
    check(run.status == 1 and b"no Kafka broker answers at 127.0.0.1:1" in run.err, "no Kafka")

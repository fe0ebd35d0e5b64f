#!/usr/bin/env python3
# Goal: script/demo --kafka: a real Kafka holds the two streams and no plaintext, and the search
# that says so finds plaintext where there is some. With HOST:PORT the topics stay.
# Kafka: every version
import re

from lib import check, scenario

SECRET = "a sentence that nobody else may read"


def topics_in(out):
    return re.findall(r"^kcat  \| +(\d+) entries +(\d+) bytes  (\S+)$", out, re.M)


@scenario
def main(s):
    (s.dir / "tmp").mkdir()
    tmp = {"TMPDIR": str(s.dir / "tmp")}
    tree = s.tree()
    program = tree.path / "script/demo"

    s.step("with a Kafka of its own")
    out = s.run(program, "--kafka", input=b"short\n" + SECRET.encode() + b"\n", timeout=900,
        env=tmp).out.decode()
    check("Alice received an echo: " + SECRET in out, "the echo came back")
    names = re.findall(r"Stream (?:sender|receiver) name is: (\S+)", out)
    held = {name: int(count) for count, _, name in topics_in(out)}
    check(len(names) == 2 and all(held.get(name, 0) >= 3 for name in names),
        "kcat shows both streams as topics: handshake, message, echo")
    check("searched for and in none of them: '%s'" % SECRET in out, "the line was searched for")
    check(re.search(r"not searched for.*'short'", out), "a short one was not, and it says so")
    check(s.leftovers() == [], "no process stays")
    check(list((s.dir / "tmp").iterdir()) == [], "no temporary file stays")

    s.step("with a Kafka that is there already")
    kafka = s.kafka()
    out = s.run(program, "--kafka", kafka.brokers, input=SECRET.encode() + b"\n", timeout=300,
        env=tmp).out.decode()
    names = re.findall(r"Stream (?:sender|receiver) name is: (\S+)", out)
    check(re.search(r"stay in the Kafka at %s: .*%s" % (re.escape(kafka.brokers), names[1]), out),
        "it names the topics")
    check(set(names) <= set(kafka.topics()), "they stay")
    everything = b"".join(entry for name in names for entry in kafka.entries(name))
    check(everything and SECRET.encode() not in everything, "no plaintext in them")

    s.step("plaintext in a topic is found")
    demo = s.start("demo", program, "--kafka", kafka.brokers, env=tmp)
    topic = demo.see(r"Stream receiver name is: (\S+)$", 120).group(1).decode()
    demo.say(SECRET)
    demo.see("Alice received an echo: " + SECRET)
    kafka.produce(topic, b"x" + SECRET.encode() + b"x")
    demo.end()
    check(demo.wait() == 1, "the demo fails")
    check("FOUND in %s: '%s'" % (topic, SECRET) in demo.text, "and says where it found it")

    s.step("nobody is there")
    run = s.run(program, "--kafka", "127.0.0.1:1", ok=False, timeout=120, env=tmp)
    check(run.status == 1, "the demo ends with 1")
    check(tree.unchanged(), "git sees no new file")

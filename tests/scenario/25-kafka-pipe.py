#!/usr/bin/env python3
# Goal: a pipe through a hub on Kafka: 60 kB and 16 MiB arrive, also when the hub is killed in the
# middle; Kafka holds no line of it; a sender who dies is told from one who was done.
import threading

from lib import ALL, check, scenario, wait_until
from pipes import MIB, arrives, blocks, content, ends, held, identity, receive, says, send

MARK = b"a line that nobody in between may read"


def lines(size):
    return b"".join(b"%s %d\n" % (MARK, i) for i in range(size // 40))[:size - 1] + b"\n"


@scenario
def main(s):
    kafka = s.kafka()
    hub = s.hub(kafka=kafka)
    me, who = identity(s, "me.id")
    s.step("60 kB")
    r, t = arrives(s, hub, lines(60000), trust=who, frm=["--identity", me])
    arrives(s, hub, lines(60000), trust=who, to=["--lines"], frm=["--lines", "--identity", me])
    read, write = r.invitation.partition("#")[0].split("/")[3:]
    # Names are as the hub has them, behind its prefix.
    topics = [t for t in kafka.topics() if t.endswith((read, write))]
    check(len(topics) == 2, "two topics: %s" % topics)
    kept = b"".join(b"".join(kafka.entries(topic)) for topic in topics)
    check(len(kept) > 60000, "which hold what was sent")
    for word in (MARK, b"nobody in between", me.read_bytes()[-32:]):
        check(word not in kept, "and no word of it")
    stranger = receive(s, hub, trust=who)
    ends(send(s, stranger.invitation, what=lines(60000)), 3, "a stranger")
    check(stranger.out.count == 0, "nothing came out")
    stranger.kill()

    s.step("a sender is killed")
    path = s.dir / "got"
    cut_off = receive(s, hub, "--timeout", "5s", "-o", path)
    t = send(s, cut_off.invitation)
    t.feed([content(MIB)], end=False)
    part = s.dir / "got.part"
    wait_until(lambda: part.exists() and part.stat().st_size == MIB, "it is there")
    t.kill()

    s.step("nothing, a byte, and much more than anybody holds")
    arrives(s, hub, b"")
    arrives(s, hub, b"\n")
    size = 1024 if ALL else 256
    r = receive(s, hub)
    t = send(s, r.invitation)
    fed = t.feed(blocks(size * MIB, size))
    ends(t, 0, timeout=500)
    ends(r, 0)
    check(r.out.count == size * MIB and r.out.digest() == fed.digest, "%d MiB arrive" % size)

    s.step("which the receiver has seen meanwhile")
    ends(cut_off, 4)
    says(cut_off, r"^tacit receive: .*got\.part")
    check(not path.exists() and part.read_bytes() == content(MIB), "no FILE is only a beginning")

    s.step("16 MiB, and the hub killed in the middle")
    r = receive(s, hub)
    t = send(s, r.invitation)
    more = threading.Event()
    fed = t.feed(held(16 * MIB, more))
    for kill in range(2):
        r.out.wait_for((1 + 6 * kill) * MIB)
        hub.kill()
        check(t.alive and r.alive, "killed in the middle")
        hub = hub.again()
    more.set()
    ends(t, 0)
    ends(r, 0)
    check(r.out.count == 16 * MIB and r.out.digest() == fed.digest, "16 MiB arrive")
    check(hub.stop() == 0, "the hub ends with 0")

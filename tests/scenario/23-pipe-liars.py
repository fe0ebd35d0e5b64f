#!/usr/bin/env python3
# Goal: an end of a pipe that lies, or says what is not its turn, gets nobody a 0 that is not true;
# what came before is there, and what it says does nothing to a terminal.
import os

from lib import BUILD, check, scenario
from pipes import INVITATION, ends, receive, says, send

BEGIN = "01 01 00 ff ff ff ff ff ff ff ff"
LINES = "01 01 01 ff ff ff ff ff ff ff ff"


def number(value):
    return value.to_bytes(8, "little").hex()


def end(count, messages):
    return "04" + number(count) + number(messages)


def text(kind, words):
    return kind + words.encode().hex()


ABC = text("02", "abc")
TAKEN, DONE = "11" + number(0), "12" + number(3)


class Liar:
    def __init__(self, s, where):
        self.process = s.start("liar", BUILD / "tests/liar", where)
        self.see, self.stop = self.process.see, self.process.stop

    def say(self, *commands):
        """All of them at once."""
        self.process.send("".join(c.replace(" ", "").replace("door", "door ").replace("say", "say ")
            .replace("keep", "keep ") + "\n" for c in commands).encode())


def senders(s, hub):
    for status, words, came, messages in (
            (0, "received 3 bytes", b"abc", [ABC, end(3, 1)]),
            (0, "received 3 bytes", b"abc", [ABC, "02", end(3, 2)]),
            (1, "not what the sender counted", b"abc", [ABC, end(4, 1)]),
            (1, "not what the sender counted", b"abc", [ABC, end(3, 2)]),
            (1, "not what the sender counted", b"abc", [ABC, end(2**64 - 1, 2**64 - 1)]),
            (1, "not what the sender counted", b"", [end(2**64 - 1, 1)]),
            (1, "this version does not know", b"abc", [ABC, "99", end(3, 1)]),
            (1, "this version does not know", b"abc", [ABC, "", end(3, 1)]),
            (1, "this version does not know", b"abc", [ABC, "04", end(3, 1)]),
            (1, "not its turn", b"abc", [ABC, text("03", "line"), end(8, 2)]),
            (1, "not its turn", b"abc", [ABC, BEGIN, end(3, 1)]),
            (1, "not its turn", b"abc", [ABC, DONE, end(3, 1)]),
            (4, r"gave up: \\x1b\[31m\\xc2\\x9b\\xe2\\x80\\xaetxt$", b"abc",
                [ABC, text("05", "\x1b[31m\x9b\u202etxt"), end(3, 1)]),
            (4, "gone before it was done", b"abc", [ABC])):
        r = receive(s, hub)
        liar = Liar(s, r.invitation)
        liar.say("door" + BEGIN)
        liar.see("got " + TAKEN)
        liar.say(*("say" + message for message in messages), "close")
        ends(r, status, words)
        says(r, words)
        check(r.out.head == came, "what came before it is there: %r" % r.out.head)
        liar.stop()


def doors(s, hub):
    """Whoever knocks as nobody does is refused, and another one is waited for."""
    r = receive(s, hub, "--lines")
    liar = Liar(s, r.invitation)
    for knock in (ABC, end(0, 0), "", "01", "01 02" + LINES[5:], LINES.replace("01 ff", "03 ff", 1),
                  LINES + "00", BEGIN):
        liar.say("door" + knock)
        liar.see("got 13")
    check(r.alive and r.out.count == 0, "it goes on waiting")
    liar.say("door" + LINES)
    liar.see("got " + TAKEN)
    # the same again, and from another channel
    liar.say(*["door" + LINES] * 20)
    for _ in range(20):
        liar.see("got 14")
    check(1 <= r.text.count("somebody else is sending already") < 10, "it is not named each time")
    liar.say("open", "door" + LINES)
    liar.see("got 14")
    liar.say("keep" + text("03", "one"), "keep" + end(4, 1))
    liar.see("got 12" + number(4))
    r.out.wait_for(4)
    liar.stop()
    check(r.out.head == b"one\n", "what the first one sent: %r" % r.out.head)


def late(s, hub):
    """A receiver that thinks it over for a while, beside everything else: how it goes on."""
    liar = Liar(s, hub.address)
    t = send(s, liar.see(INVITATION).group(1).decode(), "--timeout", "0", what=b"abc")

    def answer():
        t.see("^tacit send: warning: the other end does not say whether it receives")
        liar.say("say" + TAKEN)
        liar.see("got 04")
        liar.say("say" + DONE)
        ends(t, 0, "a late answer is one")
        liar.stop()
    return answer


def receivers(s, hub):
    for status, words, answers in (
            (0, "sent 3 bytes", [[TAKEN], [], [DONE, text("13", "no"), "14", "99"]]),
            (1, "has not got all", [[DONE]]), (1, "has not got all", [["12" + number(2**64 - 1)]]),
            (1, "has not got all", [[TAKEN, "12" + number(0)]]),
            (1, "has not got all", [["11" + "ff" * 8], [], ["12" + number(4)]]),
            (1, "busy", [["14"]]), (1, r"says: \\x1b\[31m$", [[text("13", "\x1b[31m")]]),
            (1, "this version does not know", [["99"]]), (1, "this version does not know", [[""]]),
            (1, "this version does not know", [["14 00"]]),
            (1, "only a sender may", [[TAKEN, end(3, 1)]])):
        liar = Liar(s, hub.address)
        t = send(s, liar.see(INVITATION).group(1).decode(), what=b"abc")
        for said, answer in zip((BEGIN[:8], ABC, "04"), answers):
            liar.see("got " + said.replace(" ", ""))
            liar.say(*("say" + a for a in answer))
        ends(t, status, words)
        says(t, words)
        liar.stop()


def places(s, hub):
    """A terminal is one by whatever name, and what is somebody else's is not written to."""
    r = receive(s, hub, "-q", "-o", "/dev/stdout", terminal=["out"])
    ends(send(s, r.invitation, what=b"\x1b[31mred\n"), 0)
    ends(r, 0)
    check(r.out.head == br"\x1b[31mred" + b"\n", "-o /dev/stdout: %r" % r.out.head)
    if os.geteuid() == 0:
        (s.dir / "got.part").touch()
        os.chown(s.dir / "got.part", 12345, 12345)
        run = s.tacit("receive", "--hub", hub.address, "--trust", "everyone", "-o", s.dir / "got",
            ok=False)
        check(run.status == 1 and b"somebody else's" in run.err and b"tacit://" not in run.err,
            "FILE.part is somebody else's: %r" % run.err)
        (s.dir / "theirs").touch(mode=0o640)
        os.chown(s.dir / "theirs", 12345, 12346)
        r = receive(s, hub, "-o", s.dir / "theirs")
        ends(send(s, r.invitation, what=b"for few"), 0)
        ends(r, 0)
        got = (s.dir / "theirs").stat()
        check((got.st_mode & 0o777, got.st_gid) == (0o640, 12346), "nobody else may read: %s" % (got,))


@scenario
def main(s):
    hub = s.hub()
    answer = late(s, hub)
    for part in (senders, doors, receivers, places):
        s.step(part.__name__)
        part(s, hub)
    s.step("late")
    answer()
    check(hub.stop() == 0, "the hub ends with 0")

#!/usr/bin/env python3
# Goal: whatever dies, stops, fills up or pushes in between `tacit send` and `tacit receive`: what
# can go on goes on, and all arrives; what cannot ends at both ends with its status and says why,
# and nobody takes a beginning for the whole.
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time

from lib import ALL, check, free_port, scenario, wait_until
from pipes import INVITATION, MIB, SANITIZED, TACIT, Later, arrives, blocks, content, ends, \
    environment, held, identity, receive, says, screen, send, tool

OWN_DISK = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--mount", "--map-root-user"]
MOUNT = 'mount -t tmpfs -o size=%d,mode=700 none "$0" && exec "$@"' % (4 * MIB)


def going(s, hub, *args, frm=(), trust="everyone", first=b"the beginning\n", **options):
    """A transfer in the middle: some of it has come out, and the input is open."""
    part = pathlib.Path("%s.part" % args[args.index("-o") + 1]) if "-o" in args else None
    if part:
        part.unlink(missing_ok=True)
    r = receive(s, hub, *args, trust=trust, **options)
    t = send(s, r.invitation, *frm)
    t.send(first)
    if part:
        wait_until(lambda: part.exists() and part.stat().st_size == len(first), "it is there")
    else:
        r.out.wait_for(len(first))
    return r, t


def whole(r, t, fed):
    ends(t, 0)
    ends(r, 0)
    check(r.out.digest() == fed.digest and r.out.count == fed.fed, "all %d bytes arrive" % fed.fed)


def hub_killed(s, hub):
    """In the middle, again and again; the same port and store."""
    r, t = going(s, hub, "--timeout", "3s", "-v", first=b"", frm=["--timeout", "3s", "-v"])
    size = (16 if SANITIZED else 64) * MIB
    more = threading.Event()
    fed = t.feed(held(size, more))
    for kill in range(3):
        r.out.wait_for(2 * MIB + kill * size // 4)
        hub.kill()
        check(t.alive and r.alive, "killed in the middle")
        if kill == 1:
            time.sleep(4)
            check(t.alive and r.alive, "our own hub's silence is not the far end's")
        hub = hub.again()
    more.set()
    whole(r, t, fed)
    for p in (t, r):
        says(p, "^tacit %s: .*%s" % (p.name, hub.address), "-v tells of the hub")
    # while nothing is on the way, and in the handshake
    r, t = going(s, hub)
    hub.kill()
    t.send(b"to nobody yet\n")
    hub = hub.again()
    r.out.wait_for(28)
    hub.kill()
    t.end()
    hub = hub.again()
    ends(t, 0)
    ends(r, 0)
    check(r.out.head == b"the beginning\nto nobody yet\n", "killed while it is idle")
    for delay in (0, 0.01, 0.03):
        r = receive(s, hub)
        t = send(s, r.invitation, what=content(MIB))
        time.sleep(delay)
        hub.kill()
        hub = hub.again()
        ends(t, 0)
        ends(r, 0)
        check(r.out.count == MIB, "killed %d ms after the start" % (delay * 1000))
    return hub


def hub_stopped(s, hub):
    """It stands still, with its connections open, for longer than a silent end is waited for."""
    patience, seconds = ("20s", 30) if ALL else ("4s", 9)
    r, t = going(s, hub, "--timeout", patience, frm=["--timeout", patience])
    more = threading.Event()
    fed = t.feed(held(16 * MIB, more))
    r.out.wait_for(MIB)
    hub.signal(signal.SIGSTOP)
    more.set()
    time.sleep(seconds)
    alive = t.alive and r.alive
    hub.signal(signal.SIGCONT)
    check(alive, "a hub that stands still is not a far end that is silent")
    ends(t, 0)
    ends(r, 0)
    check(r.out.count == 14 + fed.fed == 14 + 16 * MIB, "all arrives")
    check(hub.stop() == 0, "the hub that stood still ends with 0")


def hub_lost(s):
    """It comes back without its folder: what is lost is not taken for the end."""
    store = s.dir / "lost"
    hub = s.hub(store=store)
    r, t = going(s, hub, "--timeout", "2s", frm=["--timeout", "2s"])
    hub.kill()
    shutil.rmtree(store)
    hub = hub.again()
    t.send(b"to streams that are no more\n")
    t.end()
    ends(t, (1, 5))
    ends(r, 4)
    check(r.out.head == b"the beginning\n" and hub.stop() == 0, "what came is there, and no more")


def hub_list(s):
    """The first is gone; then the second is, and the first has its folder."""
    port = free_port()
    one = s.hub(store=s.dir / "shared")
    listed = "127.0.0.1:%d,%s" % (port, one.address)
    r = receive(s, listed)
    check(r.invitation.startswith("tacit://%s/" % listed), "the invitation names both")
    t = send(s, r.invitation)
    more = threading.Event()
    fed = t.feed(held(32 * MIB, more))
    r.out.wait_for(2 * MIB)
    one.kill()
    more.set()
    other = s.hub(store=s.dir / "shared", listen="127.0.0.1:%d" % port)
    whole(r, t, fed)
    check(other.stop() == 0, "the other hub ends with 0")


def sender_killed(s, hub, folder):
    path = folder / "killed"
    path.write_bytes(b"old")
    r, t = going(s, hub, "-o", path, "--timeout", "2s")
    json, u = going(s, hub, "--timeout", "2s", json=True)
    part = folder / "killed.part"
    t.kill()
    u.kill()
    ends(r, 4)
    says(r, "^tacit receive: .*killed\\.part", "what there is of it is named")
    check(path.read_bytes() == b"old" and part.read_bytes() == b"the beginning\n",
        "FILE is as it was, FILE.part stays")
    ends(json, 4)
    last = json.events()[-1]
    check(last["event"] == "error" and last["status"] == 4 and last["text"], "%s" % last)
    check(json.out.head == b"the beginning\n", "what came is there")
    arrives(s, hub, b"", to=["-o", path])
    check(path.read_bytes() == b"" and not part.exists(), "the next one is whole")


def sender_stopped(s, hub, folder):
    """It says so: nobody waits."""
    path = folder / "stopped"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        r, t = going(s, hub, "-o", path, "--timeout", "0")
        t.signal(number)
        ends(t, 1, "signal %d" % number)
        says(t, "^tacit send: .*(interrupted|stopped)")
        ends(r, 4)
        says(r, "^tacit receive: .*stopped\\.part")
        check(not path.exists(), "no FILE")
    # Ctrl-C, at a terminal with progress
    r = receive(s, hub)
    t = send(s, r.invitation, terminal=["err"])
    t.feed([content(MIB)], end=False)
    t.see(r"\r.*\d")
    os.write(t.master, b"\x03")
    ends(t, 1)
    # the terminal shows ^C when it comes to it
    shown = [line for line in (line.replace("^C", "") for line in screen(t.raw)) if line]
    check(all(line.startswith("tacit send: ") for line in shown), "progress is wiped: %s" % shown)
    ends(r, 4)
    # before there is anybody: at once, too
    r = receive(s, hub)
    r.kill()
    t = send(s, r.invitation)
    time.sleep(0.2)
    t.signal(signal.SIGINT)
    ends(t, (1, -signal.SIGINT), "interrupted in the handshake")
    # whose reader stands still is not told, and not waited for long
    r = receive(s, hub, "--timeout", "1s", open=False)
    t = send(s, r.invitation)
    t.feed(blocks(64 * MIB), end=False).stalls(0.5)
    t.signal(signal.SIGINT)
    ends(t, 1, "the reader stands still")
    r.out.go()
    ends(r, 4)
    # the second signal kills who wants to say goodbye, if it is there before the goodbye is given up
    for _ in range(5):
        r, t = going(s, hub, "--timeout", "3s")
        hub.signal(signal.SIGSTOP)
        t.signal(signal.SIGINT)
        try:
            t.see("^tacit send: interrupted$")  # two signals that wait are one
            t.signal(signal.SIGINT)
            status = t.wait()
        finally:
            hub.signal(signal.SIGCONT)
        ends(r, 4)
        if status != 1:
            break
    check(status == -signal.SIGINT, "the second signal kills: %d" % status)


def sender_held(s, hub):
    """Ctrl-Z is no end while it is shorter than the patience; then it is one."""
    r, t = going(s, hub, "--timeout", "4s", frm=["--timeout", "0"])
    t.signal(signal.SIGSTOP)
    time.sleep(0.5)
    t.signal(signal.SIGCONT)
    t.send(b"on\n")
    r.out.wait_for(17)
    t.signal(signal.SIGSTOP)
    ends(r, 4)
    t.signal(signal.SIGCONT)
    t.feed(blocks(MIB))
    status = t.wait()
    check(status != 0, "the sender of what was given up does not end with 0: %d" % status)


def receiver_killed(s, hub):
    me, who = identity(s, "receiver.id")
    for feed in (False, True):
        r, t = going(s, hub, "--identity", me, frm=["--timeout", "1s"])
        if feed:
            t.feed(held(64 * MIB, threading.Event()))
        r.kill()
        ends(t, 5, "busy" if feed else "idle")
        says(t, "^tacit send: .")
    late = send(s, r.invitation, "--timeout", "1s", what=b"late\n")
    ends(late, 5, "nobody is there")
    says(late, "^tacit send: no answer within 1 s")
    again = receive(s, hub, "--identity", me)
    check(again.invitation.endswith(who) and again.invitation != r.invitation, "a new invitation")
    ends(send(s, again.invitation, what=b"again\n"), 0)
    ends(again, 0)
    check(again.out.head == b"again\n", "and it works")


def receiver_stopped(s, hub, folder):
    for number in (signal.SIGINT, signal.SIGTERM):
        r = receive(s, hub, "-o", folder / "nobody came")
        r.signal(number)
        ends(r, 1, "before anybody came")
        says(r, "^tacit receive: .*(interrupted|stopped)")
        check(not list(folder.glob("nobody*")), "and nothing is left")
        r, t = going(s, hub, "-o", folder / "got", "--timeout", "0", frm=["--timeout", "0"])
        r.signal(number)
        ends(r, 1)
        ends(t, 1, "with its input open")
        says(t, "^tacit send: .*stopped", "the receiver's words")
        check(not (folder / "got").exists(), "no FILE")
    # the reader does not read
    r = receive(s, hub, open=False)
    t = send(s, r.invitation)
    t.feed(held(64 * MIB, threading.Event())).stalls(0.5)
    r.signal(signal.SIGINT)
    ends(r, 1)
    ends(t, 1)


def reader_gone(s, hub):
    command = "set -o pipefail; %s receive --hub %s --trust everyone | head -c 10; exit $PIPESTATUS"
    shell = tool(s, "bash", "bash", "-c", command % (TACIT, hub.address))
    t = send(s, shell.see(INVITATION).group(1).decode())
    t.feed(blocks(16 * MIB))
    ends(shell, (1, 128 + signal.SIGPIPE), "receive | head -c 10")
    ends(t, 1)
    says(t, "^tacit send: .", "and says why")
    check(shell.out.count == 10, "ten bytes came out")
    # a reader who goes while nothing comes
    reader, writer = os.pipe()
    r = receive(s, hub, out=writer)
    os.close(writer)
    os.close(reader)
    ends(send(s, r.invitation, what=b"x"), 1)
    ends(r, (1, -signal.SIGPIPE), "a reader who is gone")
    # and the other way round: what feeds send goes away, that is an end of input like any other
    r = receive(s, hub)
    shell = tool(s, "bash", "bash", "-c", "yes | head -c 100000 | %s send '%s'" % (TACIT,
        r.invitation))
    ends(shell, 0)
    ends(r, 0)
    check(r.out.count == 100000, "yes | head -c 100000 | tacit send")


def no_room(s, hub, folder):
    full = os.open("/dev/full", os.O_WRONLY)
    limit = ["bash", "-c", 'ulimit -f 1024; exec "$0" "$@"']
    path = folder / "limited"
    path.write_bytes(b"old")
    cases = [("/dev/full", ["-o", "/dev/full"], {}), ("out", [], {"out": full}),
             ("limit", ["-o", path], {"before": limit})]
    disk = folder / "disk"
    disk.mkdir()
    mounted = [*OWN_DISK, "sh", "-c", MOUNT, disk]
    if subprocess.run(mounted + ["true"], capture_output=True).returncode == 0:
        cases.append(("disk", ["-o", disk / "file"], {"before": mounted}))
    else:
        print("   a small disk cannot be mounted here")
    for name, args, options in cases:
        r = receive(s, hub, *args, **options)
        t = send(s, r.invitation)
        t.feed(blocks(16 * MIB))
        ends(t, 1, name)
        ends(r, 1, name)
        words = "too (large|big)" if name == "limit" else "[Nn]o space left"
        says(r, "^tacit receive: .*" + words)
        says(t, "^tacit send: .*" + words, "the receiver's words")
    os.close(full)
    check(path.read_bytes() == b"old", "what was there is there")
    # so few bytes that only the end of it tells
    r = receive(s, hub, "-o", "/dev/full")
    ends(send(s, r.invitation, what=b"x"), 1, "one byte")
    ends(r, 1)


def strangers(s, hub):
    (friend, friend_id), (other, other_id) = identity(s, "friend.id"), identity(s, "other.id")
    r = receive(s, hub, trust=friend_id)
    json = receive(s, hub, trust=friend_id, json=True)
    t = send(s, r.invitation, "--identity", other, what=b"let me in\n")
    u = send(s, json.invitation, "--identity", other, "--json", what=content(MIB))
    ends(t, 3)
    ends(u, 3)
    says(t, "^tacit send: .*(refused|not trusted|does not trust)")
    last = u.events(u.out.head.decode())[-1]
    check(last["event"] == "error" and last["status"] == 3 and last["text"], "%s" % last)
    r.see("^tacit receive: .*" + other_id)
    json.see(r'^\{"event": "refused".*\}$')
    event = json.events()[-1]
    check(event["event"] == "refused" and event["peer"] == other_id and event["reason"], str(event))
    check(r.out.count == json.out.count == 0 and r.alive, "nothing came out, and receive goes on")
    unknown = send(s, r.invitation, what=b"me neither\n")
    right = send(s, r.invitation, "--identity", friend)
    ends(unknown, 3)
    right.send(b"it is me\n")
    right.end()
    ends(right, 0)
    ends(r, 0)
    check(r.out.head == b"it is me\n", "the right one comes, with a stranger beside him")
    # a stranger in the middle of a transfer disturbs nobody
    t = send(s, json.invitation, "--identity", friend)
    t.send(b"one, ")
    json.out.wait_for(5)
    ends(send(s, json.invitation, "--identity", other, what=b"zero, "), 3)
    t.send(b"two")
    t.end()
    ends(t, 0)
    ends(json, 0)
    check(json.out.head == b"one, two", "undisturbed")


def second_sender(s, hub, folder):
    r, t = going(s, hub)
    second = send(s, r.invitation, what=b"me, too\n")
    ends(second, 1)
    says(second, "^tacit send: .*(busy|else|already)")
    ping = s.run(TACIT, "ping", r.invitation, "-c", "2", env=environment(s))
    check(ping.out.count(b"time=") == 2, "a ping is answered meanwhile")
    t.send(b"the end\n")
    t.end()
    ends(t, 0)
    ends(r, 0)
    check(r.out.head == b"the beginning\nthe end\n", "nothing of the second one came out")
    # all at once: one is served
    r = receive(s, hub)
    every = [send(s, r.invitation) for _ in range(4)]
    fed = [each.feed([b"number %d\n" % number * 3000], end=False)
        for number, each in enumerate(every)]
    wait_until(lambda: sum(each.alive for each in every) == 1, "three of four are sent away")
    served = [each for each in every if each.alive][0]
    for each, feeder in zip(every, fed):
        feeder.thread.join(60)
        each.end()
        ends(each, 0 if each is served else 1)
    ends(r, 0)
    check(r.out.head == b"number %d\n" % every.index(served) * 3000, "and one is served")
    # one file, two receivers
    path = folder / "one"
    r, t = going(s, hub, "-o", path)
    run = s.run(TACIT, "receive", "--hub", hub.address, "--trust", "everyone", "-o", path, ok=False,
        env=environment(s))
    check(run.status == 1 and re.match(rb".*tacit receive: .*(in use|another)", run.err, re.S) and
        b"tacit://" not in run.err, "it is in use: %r" % run.err)
    t.end()
    ends(t, 0)
    ends(r, 0)
    check(path.read_bytes() == b"the beginning\n", "undisturbed")


@scenario
def main(s):
    hub = s.hub()
    folder = s.dir / "received"
    folder.mkdir()
    for part in (second_sender, sender_killed, sender_stopped, receiver_stopped, no_room):
        s.step(part.__name__)
        part(s, hub, folder)
    for part in (strangers, reader_gone):
        s.step(part.__name__)
        part(s, hub)
    s.step("sender_held, receiver_killed and hub_stopped, which wait most of the time")
    later = Later()
    later.run(sender_held, s, hub)
    later.run(receiver_killed, s, hub)
    hub_stopped(s, s.hub(store=s.dir / "stopped"))
    later.done()
    s.step("hub_list")
    hub_list(s)
    if ALL:
        s.step("hub_lost")
        hub_lost(s)
    s.step("hub_killed")
    hub = hub_killed(s, hub)
    check(hub.stop() == 0, "the hub ends with 0")

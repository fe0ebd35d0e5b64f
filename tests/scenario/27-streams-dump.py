#!/usr/bin/env python3
# Goal: `tacit streams` and `tacit dump` show what a store holds and what an outsider sees of a
# stream: beside a running hub, through it, after one that was killed, and without any; nothing that
# lies in an entry is obeyed by a terminal, and what cannot be shown is said in words.
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading

import wire
from lib import BUILD, check, free_port, scenario

ESCAPE = b"\x1b[31mred\x07\x9b" * 20
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
# words are looked for at the beginnings of lines
os.environ["NO_COLOR"] = "1"


def lines_of(s, *args):
    return [json.loads(line) for line in s.tacit(*args, "--json").out.splitlines()]


def refused(s, status, words, *args, env=None):
    run = s.tacit(*args, ok=False, env=env)
    check(run.status == status and run.out == b"" and
        re.search("^tacit %s: .*%s" % (args[0], words), run.err.decode(), re.MULTILINE),
        "status %d: %r: %s" % (status, " ".join(map(str, args)), run.err.decode().rstrip()))


def talk(s, hub):
    bob = s.bob(hub)
    alice = s.alice(hub, bob)
    for text in ("one", "two", "three"):
        alice.say(text)
        alice.see("echo: " + text)
    alice.end()
    check(alice.wait() == 0 and bob.stop() == 0, "Alice and Bob talked, and are gone")
    return bob


def kinds(s, hub, store, bob):
    told = lines_of(s, "dump", bob.receiver, "--hub", hub.address)
    there = {name: [entry["kind"] for entry in lines_of(s, "dump", name, "--store", store)]
             for name in (bob.sender, bob.receiver)}
    # on a slow machine a handshake says things again
    check(there[bob.receiver][0] == "handshake 1" and there[bob.sender][0] == "handshake 2",
        "the handshake is seen")
    check({"data", "handshake 3"} <= set(there[bob.receiver]) <=
        {"data", "control", "handshake 1", "handshake 3"} and
        {"data"} <= set(there[bob.sender]) <= {"data", "control", "handshake 2"}, "and records")
    check(told == lines_of(s, "dump", bob.receiver, "--store", store),
        "a hub shows the same as its folder")
    check([e["index"] for e in told] == list(range(len(told))), "every entry is there")
    check(all(re.fullmatch(TIME, e["time"]) for e in told), "and has a time")
    numbers = [e["sequence"] for e in told if e["kind"] == "data"]
    check(numbers == sorted(numbers) and numbers[0] == 0, "records show their numbers")
    shown = s.tacit("dump", bob.receiver, "--hub", hub.address).out.decode().splitlines()
    check(re.fullmatch(r"INDEX  TIME +SIZE  KIND +FIRST BYTES", shown[0]), "people get a header")
    check(re.fullmatch(r"    0  %s +\d+  handshake 1 +010100086c697374656e657201002\w+  "
        r"\.\.\.\.listener\.\. \w" % TIME, shown[1]), "and lines: " + shown[1])
    check(len(shown) == len(told) + 1, "one for each entry")
    return told


def listed(s, store, bob, told):
    streams = lines_of(s, "streams", "--store", store)
    check([x["name"] for x in streams] == sorted((bob.sender, bob.receiver)), "two streams")
    into = [x for x in streams if x["name"] == bob.receiver][0]
    check(into["entries"] == into["end"] == len(told) and into["first"] == 0, "entries are counted")
    check(into["bytes"] == sum(entry["size"] for entry in told), "and bytes")
    reader = into["readers"][0]
    check(len(into["readers"]) == 1 and reader["client"].startswith("bob_") and
        reader["lag"] == into["end"] - reader["position"], "and how far Bob is behind")
    shown = s.tacit("streams", "--store", store).out.decode().splitlines()
    check(re.fullmatch(r"STREAM +ENTRIES +BYTES  READERS: LAG", shown[0]) and len(shown) == 3,
        "people get a table")
    row = [line for line in shown if line.startswith(bob.receiver)][0].split()
    check(row[1:] == [str(into["entries"]), str(into["bytes"]), reader["client"] + ":",
        str(reader["lag"])], "with the same in it")


def strange_entries(s, hub, store):
    plain = wire.encode(["echoer"], ["app"], b"\x02hi")
    with wire.Client(hub.address) as client:
        stream = client.create("strange")
        for entry in (plain, ESCAPE, b"", b"\x01", b"x" * 64512):
            check(client.push(stream, entry)[0] == wire.OK, "an entry of %d bytes" % len(entry))
    for place in (("--hub", hub.address), ("--store", store)):
        entries = lines_of(s, "dump", "strange", *place)
        check([e["kind"] for e in entries] == ["plain"] + ["no message"] * 4, "what they are")
        check([e["size"] for e in entries] == [len(plain), len(ESCAPE), 0, 1, 64512], "their sizes")
        check([bytes.fromhex(e["head"]) for e in entries] == [plain, ESCAPE[:256], b"", b"\x01",
            b"x" * 256], "their first bytes")
        out = s.tacit("dump", "strange", *place).out
        check(all(byte == 10 or 32 <= byte < 127 for byte in out) and b".[31mred..." in out,
            "a terminal gets nothing that it obeys")


def pages(s, hub, store):
    with wire.Client(hub.address) as client:
        stream = client.create("long")
        for index in range(700):
            client.send([stream], wire.request("stream_push",
                wire.uint(index) + wire.data(b"entry %d" % index)))
        check(all(client.receive() for _ in range(700)), "700 entries are pushed")
    for place in (("--hub", hub.address), ("--store", store)):
        def indexes(*args):
            return [e["index"] for e in lines_of(s, "dump", "long", *place, *args)]
        check(indexes() == list(range(680, 700)), "the last 20")
        check(indexes("-n", "1000000") == list(range(700)), "all of them, in several answers")
        check(indexes("-n", "600") == list(range(100, 700)), "the last 600")
        check(indexes("--from", "5", "-n", "300") == list(range(5, 305)), "300 from the sixth")
        check(indexes("--from", "695") == list(range(695, 700)), "up to the end")
        check(indexes("--from", "700") == indexes("--from", str(1 << 63)) == [], "not beyond it")
        check(indexes("-n", "0") == [], "none when none are wanted")


def nothing_changes(s, store):
    def state():
        return {path.name: (path.stat().st_mtime_ns, path.stat().st_size)
                for path in store.iterdir()}
    before = state()
    streams = lines_of(s, "streams", "--store", store)
    entries = lines_of(s, "dump", "long", "--store", store)
    check(len(streams) == 4 and len(entries) == 20, "what is there is shown")
    check(state() == before, "and nothing in the folder has changed")
    return streams


def old_folder(s):
    """One of version 1, whose entries have no times; a hub brings it up."""
    store = s.dir / "old"
    store.mkdir()
    with sqlite3.connect(store / "streams.db") as db:
        db.executescript("""
            PRAGMA page_size=8192; PRAGMA journal_mode=WAL;
            CREATE TABLE stream (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
            CREATE TABLE entry (stream INTEGER NOT NULL, idx INTEGER NOT NULL, data BLOB NOT NULL,
                PRIMARY KEY (stream, idx)) WITHOUT ROWID;
            CREATE TABLE position (client TEXT NOT NULL, stream TEXT NOT NULL, idx INTEGER NOT NULL,
                PRIMARY KEY (client, stream)) WITHOUT ROWID;
            INSERT INTO stream (name) VALUES ('orders');
            INSERT INTO entry VALUES (1, 0, x'6f6e65'), (1, 1, x'74776f');
            INSERT INTO position VALUES ('bob', 'orders', 1);
            PRAGMA application_id=1415668585; PRAGMA user_version=1;""")
    db.close()
    for hub in (None, s.hub(store=store)):
        if hub:
            with wire.Client(hub.address) as client:
                check(client.push(b"stream.orders", b"three") == (wire.OK, 2), "a hub goes on in it")
        entries = lines_of(s, "dump", "orders", "--store", store)
        check([e["head"] for e in entries[:2]] == ["6f6e65", "74776f"] and
            all(e["time"] is None for e in entries[:2]), "old entries have no time")
        check(lines_of(s, "streams", "--store", store)[0]["readers"] ==
            [{"client": "bob", "position": 1, "lag": len(entries) - 1}], "Bob's position is kept")
    check(re.fullmatch(TIME, entries[2]["time"]), "and new ones have one")
    check(b"    0  -   " in s.tacit("dump", "orders", "--hub", hub.address).out, "`-` for people")
    check(hub.stop() == 0, "the hub ends with 0")


def wrong(s, hub, store):
    at = ("--store", store)
    for args in ((), ("a", "b"), ("a", "--hub", "h:1", *at), ("a", "--kafka", "b:1", *at),
            ("a", "-n", "x"), ("a", "-n", "-1"), ("a", "--from", "1K"), ("a", "-n"), ("a", "--what"),
            ("a", "--topic-prefix", "t"), ("a", *at, "-X", "a=b"), ("a", "--kafka", ""),
            ("a", "--hub", "nowhere")):
        refused(s, 2, "", "dump", *args)
    for args in (("a",), ("--kafka", "b:1", *at), ("--what",), ("--store",), ("-X", "a=b"),
            ("--kafka", "h:1", "-X", "secret"), ("--kafka", "h:1", "-X", "acks=1")):
        refused(s, 2, "", "streams", *args)
    refused(s, 2, "is no name for a stream", "dump", "a\x1b[31mb", "--hub", hub.address)
    for place in (at, ("--hub", hub.address)):
        refused(s, 1, "stream nowhere: ", "dump", "nowhere", *place)
    for args in (("streams",), ("dump", "a")):
        refused(s, 1, "there is no folder .*/none", *args, "--store", s.dir / "none")
        (s.dir / "empty").mkdir(exist_ok=True)
        refused(s, 1, "no hub keeps streams there: there is no .*streams.db", *args, "--store",
            s.dir / "empty")
    home = {"XDG_DATA_HOME": str(s.dir / "home"), "HOME": "/"}
    refused(s, 1, "there is no folder .*/home/tacit", "streams", env=home)
    (s.dir / "home").mkdir()
    shutil.copytree(store, s.dir / "home/tacit")
    check(len(s.tacit("streams", env=home).out.splitlines()) == 5, "the hub's own place is looked into")
    refused(s, 2, "there is no home folder: give --store DIR", "streams",
        env={"XDG_DATA_HOME": "", "HOME": ""})
    for words in (["streams"], ["dump", "long"]):
        full = s.run("sh", "-c", 'exec "$@" >/dev/full', "sh", BUILD / "tacit", *words, *at, ok=False)
        check(full.status == 1 and b"cannot write to standard output" in full.err,
            "a full disk is said")
        reader, writer = os.pipe()
        os.close(reader)
        gone = subprocess.run([BUILD / "tacit", *words, *at], stdout=writer, timeout=60)
        os.close(writer)
        check(gone.returncode == -signal.SIGPIPE, "and a reader who is gone ends it")


def silent_server():
    """A hub that is too old: it takes connections, and does not know the request."""
    server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=lambda: [server.accept() for _ in range(3)], daemon=True).start()
    return server


@scenario
def main(s):
    # these take their time, while the rest goes on
    server = silent_server()
    silent = s.start("old", BUILD / "tacit", "dump", "a", "--hub", "127.0.0.1:%d" %
        server.getsockname()[1])
    gone = s.start("gone", BUILD / "tacit", "dump", "a", "--hub", "127.0.0.1:%d" % free_port())
    store = s.dir / "store"
    hub = s.hub(store=store)
    s.step("what Alice and Bob leave behind")
    bob = talk(s, hub)
    told = kinds(s, hub, store, bob)
    listed(s, store, bob, told)
    s.step("strange entries, and many")
    strange_entries(s, hub, store)
    pages(s, hub, store)
    s.step("a hub that was killed, and then none")
    hub.kill()
    streams = nothing_changes(s, store)
    hub = hub.again()
    check(hub.stop() == 0, "a hub comes, and ends with 0")
    check(nothing_changes(s, store) == streams, "the same is there")
    hub = hub.again()
    s.step("an old folder")
    old_folder(s)
    s.step("what is wrong")
    wrong(s, hub, store)
    silent.see("does not answer: it may be no Tacit hub, or one that is too old")
    gone.see("cannot connect to .*: connection refused$")
    gone.see("^tacit dump: still no connection; check the address, and that the hub runs$")
    check(silent.wait() == 1 and gone.wait() == 1, "who does not answer is told with 1")
    check(hub.stop() == 0, "the hub ends with 0")

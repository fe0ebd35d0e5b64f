#!/usr/bin/env python3
# Goal: `tacit send` into `tacit receive` is a pipe through a hub: every byte and every line
# arrives, at once, at flat memory and no faster than it is read; -o puts a whole file in its place
# or none; on a terminal there is progress, and nothing that comes from afar steers it.
import fcntl
import hashlib
import os
import re
import stat
import time

from lib import ALL, check, free_port, scenario, wait_until
from pipes import IDENTIFIER, INVITATION, MIB, SANITIZED, TACIT, Later, arrives, blocks, content, \
    ends, environment, memory, receive, refused, says, screen, send, tool

DROP = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] * (os.geteuid() == 0)
COLOUR = rb"\x1b\[[0-9;]*m"


def sizes(s, hub):
    """Nothing, a byte, what fits a record, and what does not; from a pipe, a file, by name."""
    r, t = arrives(s, hub, b"")
    check(not re.search(INVITATION, t.text, re.M) and t.out.count == 0, "send has no data to print")
    arrives(s, hub, b"\n")
    arrives(s, hub, content(60000))
    path = s.dir / "16 MiB"
    path.write_bytes(content(16 * MIB, 2))
    wanted = hashlib.sha256(path.read_bytes()).hexdigest()
    named = (([path], {}), (["--", path], {}), ([], {"what": path}), (["-"], {"what": path}))
    for args, options in named[:2] if SANITIZED else named:
        r = receive(s, hub)
        ends(send(s, r.invitation, *args, **options), 0, "%s %s" % (args, options))
        ends(r, 0)
        check(r.out.count == 16 * MIB and r.out.digest() == wanted, "16 MiB arrive")
    # its size is said to be 0, and it has bytes
    r = receive(s, hub)
    ends(send(s, r.invitation, "/proc/version"), 0)
    ends(r, 0)
    with open("/proc/version", "rb") as version:
        check(r.out.head == version.read() != b"", "a file of /proc arrives")
    pattern = "set -o pipefail; %s send '%s' <(head -c 70000 /dev/zero)"
    r = receive(s, hub)
    ends(tool(s, "bash", "bash", "-c", pattern % (TACIT, r.invitation)), 0, "send INV <(...)")
    ends(r, 0)
    check(r.out.count == 70000, "what has a name and no size arrives")
    # as the two shells of the issue: the words in a file, the word out of it
    word = s.dir / "word"
    shells = ("%s receive --hub %s --trust everyone -q 2>%s >>%s & "
        "while ! grep -q '#P[0-9a-f]\\{64\\}$' %s 2>/dev/null; do sleep 0.02; done; "
        "echo hello | %s send \"$(cat %s)\" && wait $!")
    kept = s.dir / "appended"
    kept.write_bytes(b"before\n")
    s.run("bash", "-c", shells % (TACIT, hub.address, word, kept, word, TACIT, word),
        env=environment(s))
    check(kept.read_bytes() == b"before\nhello\n", "receive >>FILE appends")
    check(re.fullmatch(INVITATION + "\n", word.read_text()), "-q: the invitation and no more")


def at_flat_memory(s, hub):
    """64 MiB, then 256 MiB, each to a reader who does not read at first."""
    large = 1024 if ALL else 256
    most = {}
    for size in (64,) if SANITIZED else (64, large):
        r = receive(s, hub, open=False)
        t = send(s, r.invitation)
        fed = t.feed(blocks(size * MIB, size))
        taken = fed.stalls(0.7 if size == 64 else 1.5)
        print("   %.1f MiB were taken for a reader who does not read" % (taken / MIB))
        check(taken < 48 * MIB, "a reader who does not read holds up the writer")
        r.out.go()
        peaks, began = [0, 0, 0], time.monotonic()
        while (t.alive or r.alive) and time.monotonic() < began + 300:
            peaks = [memory(p, peak) for p, peak in zip((t, r, hub), peaks)]
            time.sleep(0.02)
        seconds = time.monotonic() - began
        ends(t, 0)
        ends(r, 0)
        check(r.out.count == size * MIB and r.out.digest() == fed.digest, "%d MiB arrive" % size)
        most[size] = peaks
        print("   %d MiB in %.1f s; send, receive, hub: %s MiB" % (size, seconds,
            ", ".join("%.1f" % (peak / MIB) for peak in peaks)))
    if not SANITIZED:
        for name, before, after in zip(("send", "receive", "the hub"), most[64], most[large]):
            check(after < before + 12 * MIB, "%s has no more memory for more bytes" % name)


def lines(s, hub):
    wanted = [b"one", b"", b"\r", b"\0\xff \x1b[31m", b"x" * (16 * MIB), b"", b"", b"the last"]
    for frm, to in ((["--lines", "--json"], ["--lines"]), (["--lines", "--json"], [])):
        r, t = arrives(s, hub, b"\n".join(wanted) + b"\n", to=to, frm=frm)
        done = t.events(t.out.head.decode())[-1]
        check(done["event"] == "done" and done["messages"] == len(wanted) and
            done["bytes"] in (r.out.count, r.out.count - len(wanted)), "%s" % done)
    r = receive(s, hub, "--lines", json=True)
    t = send(s, r.invitation, "--lines", what=b"a\n\nno newline at the end")
    ends(t, 0)
    ends(r, 0)
    check(r.out.head == b"a\n\nno newline at the end\n", "the last line has its newline")
    check(r.events()[-1]["messages"] == 3, "three lines are three messages")
    arrives(s, hub, b"", to=["--lines"], frm=["--lines"])
    arrives(s, hub, b"\n", to=["--lines"], frm=["--lines"])
    # half a line is none; each whole one is there before the next is written
    r = receive(s, hub, "--lines", json=True)
    t = send(s, r.invitation, "--lines")
    t.send(b"first\nhal")
    r.out.wait_for(6)
    t.send(b"f\n")
    r.out.wait_for(11)
    check(r.out.head == b"first\nhalf\n", "a line is out before the next one is in")
    t.end()
    ends(t, 0)
    ends(r, 0)
    check(r.events()[-1]["messages"] == 2, "what was written in two pieces is one line")


# for a silent end; shorter than the scenes that go on meanwhile, and longer than a machine that is
# busy with others stands still
PATIENCE = ["--timeout", "3s"]


def at_once(s, hub):
    """Bytes need no newline, and an interactive writer no patience."""
    r = receive(s, hub, *PATIENCE)
    t = send(s, r.invitation, *PATIENCE)
    parts = (b"a", b"bc", b"\n", b"def\n", b"g")
    for i, part in enumerate(parts):
        t.send(part)
        r.out.wait_for(len(b"".join(parts[:i + 1])))
    return r, t


def still_there(r, t):
    t.send(b"!")
    r.out.wait_for(10)
    t.end()
    ends(t, 0)
    ends(r, 0)
    check(r.out.head == b"abc\ndef\ng!", "each byte was there before the next")


def unread(s, hub):
    """Nobody reads what arrives."""
    r = receive(s, hub, *PATIENCE, open=False)
    t = send(s, r.invitation, *PATIENCE)
    return r, t, t.feed(blocks(16 * MIB))


def read_at_last(r, t, fed):
    check(fed.thread.is_alive(), "a reader who does not read holds up the writer")
    r.out.go()
    ends(t, 0)
    ends(r, 0)
    check(r.out.count == 16 * MIB and r.out.digest() == fed.digest, "and loses nothing")


def too_long(s, hub):
    r = receive(s, hub)
    t = send(s, r.invitation, "--lines")
    t.feed([b"short\n"] + [b"x" * MIB] * 64)
    ends(t, 1)
    says(t, "^tacit send: .*line", "a line of 64 MiB")
    ends(r, 4, "and the far end knows that it is not all")
    check(r.out.head == b"short\n" and r.out.count == 6, "the line before it arrived")


def kinds(s, hub):
    """receive --lines takes lines only, and goes on."""
    r = receive(s, hub, "--lines")
    t = send(s, r.invitation, what=b"bytes\n")
    ends(t, 1)
    says(t, "^tacit send: .*lines", "the receiver's words")
    check(r.alive and r.out.count == 0, "nothing of it came out, and receive goes on")
    ends(send(s, r.invitation, "--lines", what=b"a line\n"), 0)
    ends(r, 0)
    check(r.out.head == b"a line\n", "the one with lines came through")


def shrinking(s, hub):
    """A file that loses its end meanwhile is sent as far as it goes, and that is said."""
    path = s.dir / "shrinks"
    path.write_bytes(b"x" * (64 * MIB))
    r = receive(s, hub, open=False)
    t = send(s, r.invitation, path)
    t.see("established with ")
    os.truncate(path, MIB)
    r.out.go()
    ends(t, 0)
    ends(r, 0)
    check(MIB <= r.out.count < 64 * MIB, "%d bytes came" % r.out.count)
    says(t, "warning: the file is shorter than it was: %d bytes were to be sent$" % (64 * MIB))


def into_files(s, hub):
    folder = s.dir / "files"
    folder.mkdir()
    path, part = folder / "got", folder / "got.part"

    def into(data, *args, frm=(), **options):
        r = receive(s, hub, "-o", path, *args, **options)
        t = send(s, r.invitation, *frm, what=data)
        ends(t, 0)
        check(path.read_bytes() == data, "what was sent is there when send has ended")
        ends(r, 0)
        check(r.out.count == 0 and not part.exists(), "nothing on standard output, no FILE.part")

    into(b"first\n")
    check(path.stat().st_mode & 0o777 == 0o666 & ~umask(), "with the mode that umask leaves")
    part.write_bytes(b"left behind by a transfer that was cut off, and longer than what comes")
    into(b"second")
    path.unlink()
    into(b"", before=["sh", "-c", 'umask 027; exec "$0" "$@"'])
    check(path.stat().st_mode & 0o777 == 0o640, "under umask 027 as well")
    into(b"a\n\nb\n", "--lines", frm=["--lines"])

    path.write_bytes(b"old")
    os.link(path, folder / "other name")
    r = receive(s, hub, "-o", path)
    t = send(s, r.invitation)
    t.send(b"new, ")
    wait_until(lambda: part.exists() and part.stat().st_size == 5, "FILE.part has what came")
    check(path.read_bytes() == b"old", "the old one is there until the new one is whole")
    t.send(b"and whole")
    t.end()
    ends(t, 0)
    ends(r, 0)
    check(path.read_bytes() == b"new, and whole", "then it is replaced")
    check((folder / "other name").read_bytes() == b"old", "and not written over")

    in_its_folder = receive(s, hub, "-o", "relative", cwd=folder)
    ends(send(s, in_its_folder.invitation, what=b"here"), 0)
    ends(in_its_folder, 0)
    check((folder / "relative").read_bytes() == b"here", "a name without a folder")

    # where a link leads to; and what its owner had kept to himself stays so
    link = folder / "link"
    link.symlink_to(path)
    path.chmod(0o600)
    r = receive(s, hub, "-o", link)
    ends(send(s, r.invitation, what=b"through a link"), 0)
    ends(r, 0)
    check(link.is_symlink() and path.read_bytes() == b"through a link", "it goes where it leads")
    check(path.stat().st_mode & 0o777 == 0o600, "with the mode that was there")

    # sent from and to the same name
    r = receive(s, hub, "-o", path)
    path.write_bytes(content(3 * MIB))
    ends(send(s, r.invitation, path), 0)
    ends(r, 0)
    check(path.read_bytes() == content(3 * MIB), "onto itself")


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def into_others(s, hub):
    """What is no regular file is written as it is."""
    fifo = s.dir / "fifo"
    os.mkfifo(fifo)
    r = receive(s, hub, "-o", "/dev/null")
    ends(send(s, r.invitation, what=content(MIB)), 0)
    ends(r, 0)
    check(stat.S_ISCHR(os.stat("/dev/null").st_mode), "/dev/null is what it was")
    check(not os.path.exists("/dev/null.part"), "and has no .part")
    reader = tool(s, "cat", "cat", fifo)
    r = receive(s, hub, "-o", fifo)
    ends(send(s, r.invitation, what=content(MIB)), 0)
    ends(r, 0)
    ends(reader, 0)
    check(reader.out.count == MIB and stat.S_ISFIFO(fifo.stat().st_mode), "a fifo carries it on")


def where_nothing_can_be(s, hub):
    """Said before anybody is invited."""
    folder = s.dir / "places"
    folder.mkdir()
    (folder / "file").write_bytes(b"kept")
    (folder / "link.part").symlink_to(folder / "file")
    (folder / "hard.part").hardlink_to(folder / "file")
    closed = folder / "closed"
    closed.mkdir(mode=0o555)
    s.dir.chmod(0o755)
    program = folder / "tacit"
    program.write_bytes(TACIT.read_bytes())
    program.chmod(0o755)
    for words, path, before in (("No such file", folder / "none" / "a", []),
                                ("directory", folder, []), ("directory", str(folder) + "/new/", []),
                                ("Not a directory", folder / "file" / "a", []),
                                ("link", folder / "link", []), ("name", folder / "hard", []),
                                ("Permission denied", closed / "a", DROP),
                                ("too long", folder / ("x" * 300), []),
                                (r"\\x1b\[31m", folder / "\x1b[31m" / "a", [])):
        run = s.run(*before, program, "receive", "--hub", hub.address, "--trust", "everyone", "-o",
            path, ok=False, env=environment(s))
        said = run.err.decode()
        check(run.status == 1 and re.search("^tacit receive: .*" + words, said, re.M | re.I) and
            "tacit://" not in said and "\x1b" not in said, "-o %s: %r" % (str(path)[-60:], said))
    check((folder / "file").read_bytes() == b"kept", "what a link leads to is not touched")
    check(not list(closed.iterdir()), "nothing is left")


def json_and_quiet(s, hub):
    data = content(2 * MIB)
    r, t = arrives(s, hub, data, frm=["--json"], json=True)
    check(t.raw == b"", "send --json says nothing on standard error")
    for name, events in (("send", t.events(t.out.head.decode())), ("receive", r.events())):
        kinds = [event["event"] for event in events if event["event"] != "warning"]
        check(kinds == ["invitation"] * (name == "receive") + ["established", "done"], str(kinds))
        check(re.fullmatch(IDENTIFIER, events[-2]["peer"]), "established with whom")
        done = events[-1]
        check(done["bytes"] == len(data) and done["seconds"] >= 0 and "messages" not in done,
            "%s: %s" % (name, done))
    r, t = arrives(s, hub, data, to=["-q"], frm=["-q"])
    check(t.raw == b"" and t.out.count == 0, "send -q says nothing")
    check(re.fullmatch(INVITATION + "\n", r.text), "receive -q the invitation only")
    r, t = arrives(s, hub, data)
    for p in (r, t):
        others = [line for line in p.text.splitlines()
            if not re.match(r"tacit://|tacit \w+: warning: ", line)]
        check(all(line.startswith("tacit %s: " % p.name) for line in others), "%s" % others)
        says(p, "established with " + IDENTIFIER)
        check(p.text.count("established") == 1 and len(others) == 2, "a line before, and a summary")
        check("\r" not in p.text and "\x1b" not in p.text, "no progress where no terminal is")
    check(t.out.count == 0, "send prints nothing on standard output")
    r, t = arrives(s, hub, b"x", to=["-v"], frm=["-v"])
    says(t, "established with " + IDENTIFIER)
    says(r, "established with " + IDENTIFIER)
    # an error as an object, too
    t = send(s, r.invitation, "--json", s.dir / "nowhere")
    ends(t, 1)
    error = t.events(t.out.head.decode())[-1]
    check(error["event"] == "error" and error["status"] == 1 and "No such file" in error["text"],
        "%s" % error)


def progress(s, hub):
    """Where standard error is a terminal, and wiped in the end; colour unless it is unwanted."""
    path = s.dir / "12 MiB"
    path.write_bytes(content(12 * MIB))  # more than is on the way at once
    for options, drawn in (([], True), (["-q"], False), (["--json"], False)):
        r = receive(s, hub, open=False)
        t = send(s, r.invitation, *options, path, terminal=["err"])
        if drawn:
            t.see(r"\r.*\d ?%")
            t.see(r"\r.*\d ?%")
        r.out.go()
        ends(t, 0)
        ends(r, 0)
        check((b"\r" in t.raw) == drawn, "%s: progress: %s" % (options, drawn))
        shown = [line for line in screen(t.raw) if line and "warning: " not in line]
        check(all(line.startswith("tacit send: ") for line in shown), "in the end: %s" % shown)
        check(len(shown) == (2 if drawn else 0), "and it was wiped")
    r = receive(s, hub, terminal=["err"], out=os.open("/dev/null", os.O_WRONLY))
    t = send(s, r.invitation)
    t.send(b"x" * MIB)
    r.see(r"\r.*\d")
    t.end()
    ends(t, 0)
    ends(r, 0)
    shown = [line for line in screen(r.raw) if line and "warning: " not in line]
    check(shown[0] == r.invitation and len(shown) == 3 and all(
        line.startswith("tacit receive: ") for line in shown[1:]), "receive: %s" % shown)
    for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        t = send(s, r.invitation, s.dir / "nowhere", env=env, terminal=["err"])
        ends(t, 1)
        check(bool(re.search(COLOUR, t.raw)) == coloured, "%s: %r" % (env, t.raw))


def on_terminals(s, hub):
    """Typed at one terminal, shown on another."""
    r = receive(s, hub, terminal=["in", "out", "err"])
    t = send(s, r.invitation, terminal=["in", "out", "err"])
    t.see("established")
    for line in ("good morning", "", "größer ✓\ttab"):
        t.say(line)
        wait_until(lambda: not line or line in screen(r.raw), "%r is shown" % line)
    t.end()
    ends(t, 0)
    ends(r, 0)
    shown = [line for line in screen(r.raw) if not line.startswith(("tacit receive: ", "tacit://"))]
    check(shown[:3] == ["good morning", "", "größer ✓\ttab"], "undisturbed: %s" % shown)

    bad = b"\x1b[31mred\x07\x08\r\x7f \xc2\x9b \x9b \x90 \xff \0 ok\ttab\n"
    safe = br"\x1b[31mred\x07\x08\x0d\x7f "
    for args in ([], ["--lines"]):
        r = receive(s, hub, "-q", terminal=["out"])
        t = send(s, r.invitation, *args, what=bad)
        ends(t, 0)
        ends(r, 0)
        got = r.out.head
        check(got.startswith(safe) and got.endswith(b"ok\ttab\n"), "escaped: %r" % got)
        check(not re.search(rb"[\0-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", got) and
            got.decode("utf-8"), "no control character, and it is text")
        check(arrives(s, hub, bad, frm=args)[0].out.head == bad, "untouched in a pipe")
    # a character in two messages
    r = receive(s, hub, "-q", terminal=["out"])
    t = send(s, r.invitation)
    t.send(b"a\xc2")
    r.out.wait_for(1)
    time.sleep(0.2)  # which makes it more likely that two writes are two messages
    t.send(b"\x9bb\n")
    t.end()
    ends(t, 0)
    ends(r, 0)
    check(b"\xc2\x9b" not in r.out.head, "in two halves neither: %r" % r.out.head)
    r = receive(s, hub, "-q", terminal=["out"])
    text = b"".join(blocks(60000, 5, text=True))
    ends(send(s, r.invitation, what=text), 0)
    ends(r, 0)
    check(r.out.count == 60000 and r.out.head == text, "60 kB of text on a terminal")


def descriptors(s, hub):
    """Descriptors are shared with others: their flags stay as they are, whatever they are."""
    for flags in (0, os.O_NONBLOCK):
        in_reader, in_writer = os.pipe()
        out_reader, out_writer = os.pipe()
        for fd in (in_reader, out_writer):
            fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | flags)
        r = receive(s, hub, out=out_writer)
        t = send(s, r.invitation, what=in_reader)
        data, got = content(200000), b""
        for at in range(0, len(data), 40000):
            os.write(in_writer, data[at:at + 40000])  # less than a pipe holds
            while len(got) < at + 40000:
                got += os.read(out_reader, 65536)
            for fd in (in_reader, out_writer):
                # the library that waits for one sets them, and has them set back at once
                wait_until(lambda: fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK == flags,
                    "the flags of a descriptor are as they were")
        os.close(in_writer)
        ends(t, 0)
        ends(r, 0)
        check(got == data, "flags %#x: as they were, and all arrives" % flags)
        for fd in (in_reader, out_reader, out_writer):
            os.close(fd)
    closed = ["sh", "-c", 'exec "$0" "$@" >&-']
    t = tool(s, "receive", *closed, TACIT, "receive", "--hub", hub.address, "--trust", "everyone")
    wait_until(lambda: not t.alive or "tacit://" in t.text, "it ends or invites")
    if t.alive:
        sender = send(s, re.search(INVITATION, t.text, re.M).group(1), what=b"for nobody\n")
        ends(sender, 1, "nowhere to write to")
    ends(t, 1, "without a standard output")
    for fd in ("<&-", "2>&-"):
        r = receive(s, hub)
        shell = ["sh", "-c", 'exec "$0" "$@" ' + fd]
        ends(send(s, r.invitation, before=shell, what=b""), (0, 1), fd)
        check(r.out.count == 0, "nothing else is taken for it")
        r.kill()
    # who has read the invitation closes the pipe
    word = s.dir / "the word"
    keep = ["bash", "-c", 'exec "$0" "$@" 2> >(grep --line-buffered -m 1 ^tacit: >"$W")']
    t = tool(s, "receive", *keep, TACIT, "receive", "--hub", hub.address, "--trust", "everyone",
        env={"W": str(word)})
    wait_until(lambda: word.exists() and word.read_text().endswith("\n"), "there is an invitation")
    time.sleep(0.1)
    ends(send(s, word.read_text(), what=b"hello\n"), 0)
    ends(t, 0, "whose standard error has no reader")
    check(t.out.head == b"hello\n", "and all arrives")


def edited(good):
    """What is still an invitation, to somebody or somewhere else."""
    where = len(good) - 10
    other = good[:where] + ("1" if good[where] == "0" else "0") + good[where + 1:]
    yield 3, other
    start = good.index("#") + 2
    yield 3, good[:start] + ("1" if good[start] == "0" else "0") + good[start + 1:]
    head, _, who = good.partition("#")
    scheme, read, write = head.rsplit("/", 2)
    yield (1, 3, 5), "%s/%s/%s#%s" % (scheme, write, read, who)
    yield 2, "%s/%s/%s#%s" % (scheme, read, read, who)
    yield (1, 3, 5), "%s/%sx/%s#%s" % (scheme, read[:-1], write, who)
    yield (1, 3, 5), "%s/%s/%sx#%s" % (scheme, read, write[:-1], who)
    yield (1, 3, 5), "tacit://127.0.0.1:%d/%s/%s#%s" % (free_port(), read, write, who)


def to_nobody(s, hub, r):
    """It takes its time to find that nobody answers: meanwhile the others go on."""
    later, gone = Later(), receive(s, hub)
    gone.kill()
    later.run(refused, s, "no answer", 5, "send", gone.invitation)
    for status, word in edited(r.invitation):
        later.run(refused, s, "", status, "send", word)
    return later


@scenario
def main(s):
    hub = s.hub()
    waiting = receive(s, hub, *PATIENCE)
    idle, stuck = at_once(s, hub), unread(s, hub)
    patient = receive(s, hub)
    later = to_nobody(s, hub, patient)
    for part in (sizes, at_flat_memory, lines):
        s.step(part.__name__)
        part(s, hub)
    s.step("what was quiet all the time goes on")
    still_there(*idle)
    read_at_last(*stuck)
    ends(send(s, waiting.invitation, what=b"at last\n"), 0)
    ends(waiting, 0, "nobody came for longer than a silent end is waited for")
    check(waiting.out.head == b"at last\n", "whoever waits for a sender waits")
    for part in (too_long, kinds, shrinking, into_files, into_others, where_nothing_can_be,
                 json_and_quiet, progress, on_terminals, descriptors):
        s.step(part.__name__)
        part(s, hub)
    s.step("invitations of who is gone, and to elsewhere")
    later.done()
    check(patient.alive and patient.out.count == 0, "not a byte has come out")
    ends(send(s, patient.invitation, what=b"the right one\n"), 0)
    ends(patient, 0)
    check(hub.stop() == 0, "the hub ends with 0")

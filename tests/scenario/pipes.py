"""`tacit send` and `tacit receive` as a person or a shell runs them: each of their descriptors is
a pipe, a file or a terminal, as asked for.

    r = receive(s, hub, "--trust", ID, "-o", FILE)   # .invitation, once a sender can come
    t = send(s, r.invitation, "--lines")             # with what Tool takes: what=, out=, terminal=
    t.feed(blocks(16 << 20, seed))                   # -> Feeder: .fed .digest; ends the input
    ends(t, 0); ends(r, 0)                           # or fails with what it printed
    r.out.count, r.out.digest(), r.out.head          # what came out of its standard output
    arrives(s, hub, b"...")                          # all of it, with both at their ends
    refused(s, "No such file", 1, "send", word, "x") # status and words, and nothing else printed

Whatever is collected is standard error; on a terminal all that was shown there.
"""

import fcntl
import hashlib
import json
import os
import pty as pty_module
import random
import re
import signal
import subprocess
import termios
import threading
import time

from lib import BUILD, Process, check, fail, wait_until

TACIT = BUILD / "tacit"
SANITIZED = b"__asan_init" in TACIT.read_bytes()
INVITATION = r"^(tacit://\S+#P[0-9a-f]{64})$"
IDENTIFIER = r"P[0-9a-f]{64}"
MIB = 1 << 20
KEEP = MIB


class Sink:
    """Reads a descriptor in a thread: counts and hashes all of it, keeps the beginning."""

    def __init__(self, fd, open=True, keep=KEEP):
        self.fd, self.keep, self.count, self.head = fd, keep, 0, b""
        self.hash, self.running, self.ended = hashlib.sha256(), threading.Event(), threading.Event()
        if open:
            self.running.set()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            self.running.wait()
            try:
                data = os.read(self.fd, 1 << 18)
            except OSError:  # a terminal whose last program ended
                data = b""
            if not data:
                return self.ended.set()
            self.hash.update(data)
            self.head += data[:max(0, self.keep - len(self.head))]
            self.count += len(data)

    def pause(self):
        """Takes effect once the read that is waiting has got something."""
        self.running.clear()

    def go(self):
        self.running.set()

    def digest(self):
        return self.hash.hexdigest()

    def wait_for(self, count, timeout=60):
        wait_until(lambda: self.count >= count or self.ended.is_set(), "%d bytes came out" % count,
            timeout)
        if self.count < count:
            fail("the output ended after %d bytes of %d" % (self.count, count))


class Feeder:
    """Writes blocks to a tool's input in a thread; ends the input, unless told to leave it open."""

    def __init__(self, tool, blocks, end=True):
        self.tool, self.fed, self.broken, self.hash = tool, 0, False, hashlib.sha256()
        self.thread = threading.Thread(target=self._write, args=(blocks, end), daemon=True)
        self.thread.start()

    def _write(self, blocks, end):
        try:
            for block in blocks:
                self.hash.update(block)
                view = memoryview(block)
                while view:
                    count = os.write(self.tool.stdin, view[:32768])
                    view = view[count:]
                    self.fed += count
        except OSError:  # the tool is gone
            self.broken = True
        if end:
            self.tool.end()

    @property
    def digest(self):
        self.thread.join(60)
        return self.hash.hexdigest()

    def stalls(self, seconds=1.5):
        """Until nothing more was taken for a while, but more than a pipe holds for a tool that has not
        begun to read; gives how much was."""
        while self.thread.is_alive():
            before = self.fed
            self.thread.join(seconds)
            if self.fed == before and before > MIB:
                return before
        return self.fed


class Tool(Process):
    """what: bytes (fed, then the end), a path, a descriptor, or None: a pipe for send() and feed().
    out: a path, a descriptor, or None: a Sink, reading at once unless open is False.
    terminal: of "in", "out" and "err", which are the tool's controlling terminal."""

    def __init__(self, scenario, name, argv, what=None, out=None, open=True, terminal=(), env=None,
                 cwd=None, stop=signal.SIGINT):
        self.scenario, self.name, self.argv, self.stop_signal = scenario, name, argv, stop
        self.pieces, self.position, self.ended = [b""], 0, threading.Event()
        self.more, self.pty, self.out = threading.Condition(), "in" in terminal, None
        fds, ours = self._descriptors(what, out, terminal)
        slave = fds.get("terminal")

        def own_the_terminal():
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.child = subprocess.Popen(argv, stdin=fds["in"], stdout=fds["out"], stderr=fds["err"],
            env=env, cwd=cwd, start_new_session=True,
            preexec_fn=own_the_terminal if terminal else None)
        self.pid = self.child.pid
        for fd in ours:
            os.close(fd)
        self._read(terminal, open)
        if isinstance(what, bytes):
            self.feed([what])

    def _descriptors(self, what, out, terminal):
        fds, ours = {}, []
        self.stdin = self.reader = self.errors = None
        if terminal:
            self.master, slave = pty_module.openpty()
            attributes = termios.tcgetattr(slave)
            attributes[1] &= ~termios.OPOST  # newlines as the program wrote them
            termios.tcsetattr(slave, termios.TCSANOW, attributes)
            ours.append(slave)
            fds.update({name: slave for name in terminal}, terminal=slave)
            self.stdin = self.master if "in" in terminal else None
        if "in" not in fds:
            if what is None or isinstance(what, bytes):
                fds["in"], self.stdin = os.pipe()
                ours.append(fds["in"])
            else:
                fds["in"] = what if isinstance(what, int) else os.open(what, os.O_RDONLY)
                ours += [] if isinstance(what, int) else [fds["in"]]
        if "out" not in fds:
            if out is None:
                self.reader, fds["out"] = os.pipe()
                ours.append(fds["out"])
            else:
                fds["out"] = out if isinstance(out, int) else \
                    os.open(out, os.O_WRONLY | os.O_CREAT, 0o666)
                ours += [] if isinstance(out, int) else [fds["out"]]
        if "err" not in fds:
            self.errors, fds["err"] = os.pipe()
            ours.append(fds["err"])
        return fds, ours

    def _read(self, terminal, open):
        """What comes from the terminal is collected, or, if only output goes there, that Sink's."""
        if self.reader is not None:
            self.out = Sink(self.reader, open)
        if self.errors is None:
            self.errors = self.master
        elif "out" in terminal:
            self.out = Sink(self.master, open)
        threading.Thread(target=self._collect, args=(self.errors,), daemon=True).start()

    def feed(self, blocks, end=True):
        return Feeder(self, blocks, end)

    def end(self):
        if self.pty:
            self.send(b"\x04")
        elif self.stdin is not None:
            os.close(self.stdin)
            self.stdin = None

    def wait(self, timeout=60):
        status = super().wait(timeout)
        if self.out is not None and self.out.running.is_set():
            self.out.ended.wait(60)
        return status

    def events(self, text=None):
        """What --json printed: an object a line."""
        text = self.text if text is None else text
        try:
            return [json.loads(line) for line in text.splitlines()]
        except ValueError:
            fail("%s: not JSON lines: %r" % (self.name, text[-1000:]))


def environment(s, env=None):
    """Nobody's home is touched."""
    return dict({"XDG_DATA_HOME": str(s.dir / "data"), "TERM": "xterm", "NO_COLOR": ""},
        **(env or {}))


def tool(s, name, *argv, env=None, **options):
    return s.start(name, *argv, kind=Tool, env=environment(s, env), **options)


def receive(s, hub, *args, trust="everyone", before=(), json=False, **options):
    argv = [*before, TACIT, "receive", "--hub", getattr(hub, "address", hub), *args]
    argv += ["--trust", trust] if trust else []
    r = tool(s, "receive", *argv, *(["--json"] if json else []), **options)
    if json:
        found = r.see(r'^\{.*"invitation": ?"(tacit://[^"]*)".*\}$')
    else:
        found = r.see(INVITATION)
    r.invitation = found.group(1).decode()
    return r


def send(s, invitation, *args, before=(), **options):
    return tool(s, "send", *before, TACIT, "send", invitation, *args, **options)


def memory(process, before=0):
    """The most that it ever had in memory, in bytes; once it has ended, as before."""
    try:
        with open("/proc/%d/status" % process.pid) as status:
            found = re.search(r"^VmHWM:\s+(\d+) kB", status.read(), re.M)
    except OSError:
        found = None
    return int(found.group(1)) * 1024 if found else before


def ends(t, status, words="", timeout=120):
    """status: one, or several that will do. A silent far end is waited for 60 s."""
    got = t.wait(timeout)
    wanted = status if isinstance(status, tuple) else (status,)
    if got not in wanted:
        line = " ".join([t.name, *t.argv[2:]])[:600]
        fail("%s ended with %s, not %s%s; it said: %r" % (line, got, " or ".join(map(str, wanted)),
            words and " (%s)" % words, t.text[-600:]))
    check(True, "%s ends with %d%s" % (t.name, got, words and ": " + words))


def says(t, regex, words=""):
    check(re.search(regex, t.text, re.M), "%s says /%s/%s: %r" % (t.name, regex,
        words and " (%s)" % words, t.text[-600:]))


def arrives(s, hub, data, to=(), frm=(), timeout=120, **options):
    """All of the data, with both ends at 0; gives the receiver and the sender."""
    r = receive(s, hub, *to, **options)
    t = send(s, r.invitation, *frm, what=data)
    ends(t, 0, "%d bytes" % len(data), timeout)
    ends(r, 0, "", timeout)
    check(r.out.count == len(data) and r.out.digest() == hashlib.sha256(data).hexdigest(),
        "the same %d bytes arrive" % len(data))
    return r, t


def refused(s, words, status, *args, env=None, timeout=300):
    """A run that ends with the status, with the words in its errors, and that printed nothing. Who does
    not answer is waited for 30 s."""
    run = s.run("setsid", "-w", TACIT, *args, ok=False, env=environment(s, env), timeout=timeout)
    said, wanted = run.err.decode(), status if isinstance(status, tuple) else (status,)
    line = " ".join(map(str, args))[:300]
    check(run.status in wanted, "%s: status %s: %s %r" % (line, wanted, run.status, said[-400:]))
    check(re.search("^tacit %s: .*%s" % (args[0], words), said, re.M | re.I), "%s: %r" % (words,
        said[-400:]))
    check(run.out == b"" and not re.search(INVITATION, said, re.M) and "\x1b" not in said,
        "and nothing else")
    return run


class Later:
    """Runs that take a while go on beside the others; done() fails as they did."""

    def __init__(self):
        self.threads, self.failures = [], []

    def run(self, function, *args, **options):
        def guarded():
            try:
                function(*args, **options)
            except Exception as e:
                self.failures.append(e)

        self.threads.append(threading.Thread(target=guarded, daemon=True))
        self.threads[-1].start()

    def done(self):
        for thread in self.threads:
            thread.join(330)
        for failure in self.failures:
            raise failure
        check(not any(thread.is_alive() for thread in self.threads), "all of them ended")


def blocks(size, seed=1, text=False):
    """Bytes that do not repeat; lines of text of about 100 characters, if wanted."""
    base = random.Random(seed).randbytes(MIB)
    if text:
        base = b"".join(b"%s\n" % base[i:i + 50].hex().encode() for i in range(0, MIB // 2, 50))
        base = base[:MIB - 10] + b"\n"
    number = 0
    while size > 0:
        block = b"%08x" % number + base[8:] if not text else b"%08x " % number + base
        number += 1
        yield block[:size]
        size -= len(block[:size])


def content(size, seed=1):
    return b"".join(blocks(size, seed))


def held(size, more):
    """The last block comes only when there may be more: until then it is the middle."""
    yield from blocks(size - MIB)
    more.wait()
    yield content(MIB, 9)


def identity(s, name, *options):
    """A new identity file, without a passphrase unless told otherwise: path, identifier."""
    path = s.dir / name
    made = s.tacit("identity", "new", path, *(options or ("--no-passphrase",)), timeout=300)
    return path, made.out.decode().strip()


def screen(raw):
    """The lines that a terminal shows in the end."""
    lines, at = [""], 0
    text = raw.decode(errors="replace")
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[^\x1b]|\x1b", text):
        if part == "\n":
            lines.append("")
            at = 0
        elif part == "\r":
            at = 0
        elif part.startswith("\x1b["):
            if part[-1] == "K":
                lines[-1] = "" if part[2:-1] == "2" else lines[-1][:at]
        else:
            lines[-1] = lines[-1][:at].ljust(at) + part + lines[-1][at + 1:]
            at += 1
    return [line.rstrip() for line in lines]

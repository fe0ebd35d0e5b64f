"""What the scenario tests share: real programs, started, watched, killed and cleaned up after.

A scenario is an executable file tests/scenario/NN-goal.py (or .sh); those that need a Kafka have
"kafka" in their name.  script/test runs them in order; by hand: tests/scenario/NN-goal.py.
Status 0: passed, 77: skipped, all else: failed.

    #!/usr/bin/env python3
    # Goal: Alice's messages come back although the hub was killed.
    from lib import scenario, check

    @scenario
    def main(s):
        hub = s.hub(store=s.dir / "store")            # waits for "Listening on"
        bob = s.bob(hub)                              # .identifier .sender .receiver
        alice = s.alice(hub, bob)                     # names and identifier given, pinned
        alice.say("hello")
        alice.see(r"^Alice received an echo: hello$")
        hub.kill()                                    # SIGKILL
        hub = hub.again()                             # the same arguments, the same port
        alice.say("second")
        alice.see("echo: second")
        alice.end()                                   # end of her input
        check(alice.wait() == 0, "Alice ends with 0")

In a scenario (s):
    s.dir               a folder of its own, removed at the end (kept when it fails: its path is shown)
    s.step(words)       says what happens next, in the log
    s.run(*argv, ok=True, input=b"", timeout=60, env=None) -> Result(.status .out .err), bytes
    s.start(name, *argv, pty=False, env=None, cwd=None, stop=SIGTERM, kind=Process) -> Process
                        stderr joins stdout; with pty it runs on a terminal of its own
    s.tacit(*args)      s.run of build/tacit
    s.hub(store=None, kafka=None, listen=None, args=(), before=())
        -> Hub: .address .port .again(); listen None: a free_port()
                        kafka: "HOST:PORT" or what s.kafka() returned; neither: a store in s.dir
                        before: a command that runs the hub in its turn (env, unshare, ...)
    s.bob(hub, *args) -> Bob: .identifier .sender .receiver
    s.alice(hub, bob, identifier=True, pty=False, lines="") -> Process
                        identifier: True (Bob's), None, a text; lines: her first ones, for an Alice
                        who may have ended before one could say() them
                        both: examples="examples/interop" for those with the channel of 2021
    s.kafka(version=None, port=0, properties=(), own=False) -> Kafka: .brokers .topics()
                        .entries(topic) .produce(topic, *bytes) .create(topic, partitions)
                        .delete(topic) .kill() .again() .stop()
                        When TACIT_KAFKA names a Kafka that is there already it is that one, which
                        cannot be killed: ask with own=True where the scenario has to.
    s.kafka_cluster(count=3, version=None, properties=()) -> Cluster: as Kafka, and .nodes[i].kill()
                        .nodes[i].again() .nodes[i].stop(); every topic is kept by all of them,
                        min.insync.replicas is 2; 200 MB of memory each
    s.tree() -> Tree: .path: a copy of the sources under git; .unchanged(): git sees nothing new there
    s.leftovers() -> [(pid, command)]   processes of this scenario that still run
A Process (p):
    p.see(regex, timeout=60) -> match   the next place in its output (since the last one seen)
    p.expect_silence(regex, seconds)    fails if the output comes to match
    p.say(line) p.send(bytes) p.end()   its standard input; end() is Ctrl-D on a terminal
    p.signal(number) p.kill() p.stop() -> status   p.wait(timeout=60) -> status (-N: by signal N)
    p.text              all that it printed, as text   p.raw  as bytes   p.alive   p.pid   p.fds()
Others: check(truth, words), fail(words), skip(words), free_port(), wait_until(function, words),
BUILD (TACIT_BUILD or build/), ROOT, ALL (script/test --all), KCAT.

Waits are generous because machines are slow; no scenario may assert a time.
"""

import array
import fcntl
import functools
import os
import pathlib
import pty as pty_module
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("TACIT_BUILD", ROOT / "build")).resolve()
ALL = os.environ.get("TACIT_ALL", "") == "1"
KCAT = "kcat"
SKIPPED = 77
TAG = "TACIT_SCENARIO"


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def fail(words):
    raise Failed(words)


def skip(words):
    raise Skipped(words)


def check(truth, words):
    if not truth:
        fail("not so: " + words)
    print("   ok: " + words, flush=True)


def wait_until(function, words, timeout=60):
    """Until function() is true; gives what it returned."""
    end = time.monotonic() + timeout
    while True:
        value = function()
        if value:
            return value
        if time.monotonic() > end:
            fail("waited %d s in vain until %s" % (timeout, words))
        time.sleep(0.05)


RESERVED = []  # sockets that hold ports


def free_port():
    """A loopback port for this scenario only: connections to it are refused until one of its
    programs listens there, and after that one ended. Nobody else can be given it meanwhile."""
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as who will listen there does
    holder.bind(("127.0.0.1", 0))
    RESERVED.append(holder)
    return holder.getsockname()[1]


def tagged_processes(tag):
    """(pid, command line) of every live process whose environment holds the tag."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if tag.encode() not in (entry / "environ").read_bytes().split(b"\0"):
                continue
            if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                continue
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        found.append((int(entry.name), command.strip()))
    return found


def status_words(status):
    """How a program ended, as subprocess counts it; None: it did not."""
    if status is None:
        return "still ran"
    if status >= 0:
        return "ended with %d" % status
    return "died of %s" % signal.Signals(-status).name


def telling(text):
    """The lines of a program's output that say why it failed: cmocka's, sanitizers', or the last."""
    lines = text.rstrip().splitlines()
    found = [line for line in lines
             if re.search(r"\[  (ERROR|FAILED) |\[   LINE|SUMMARY: |runtime error: ", line)]
    return "\n".join("    " + line[:400] for line in (found or lines)[-10:])


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


class Process:
    """One program that runs beside the scenario; its output is collected by a thread."""

    collecting, collected = None, 0  # the descriptor, and bytes

    def __init__(self, scenario, name, argv, pty=False, env=None, cwd=None, stop=signal.SIGTERM):
        self.scenario, self.name, self.argv, self.stop_signal = scenario, name, argv, stop
        self.pieces, self.position, self.ended = [b""], 0, threading.Event()
        self.more = threading.Condition()
        if pty:
            self.stdin, reader = self._start_on_terminal(env, cwd)
        else:
            self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, env=env, cwd=cwd, start_new_session=True)
            self.stdin, reader = self.child.stdin.fileno(), self.child.stdout.fileno()
        self.pty, self.collecting = pty, reader
        self.pid = self.child.pid
        threading.Thread(target=self._collect, args=(reader,), daemon=True).start()

    def _start_on_terminal(self, env, cwd):
        master, slave = pty_module.openpty()
        attributes = termios.tcgetattr(slave)
        attributes[1] &= ~termios.OPOST  # newlines as the program wrote them
        termios.tcsetattr(slave, termios.TCSANOW, attributes)

        def own_the_terminal():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.child = subprocess.Popen(self.argv, stdin=slave, stdout=slave, stderr=slave, env=env,
            cwd=cwd, start_new_session=True, preexec_fn=own_the_terminal)
        os.close(slave)
        return master, master

    def _collect(self, fd):
        readable = select.poll()
        readable.register(fd, select.POLLIN)
        while True:
            readable.poll()
            with self.more:
                try:
                    data = os.read(fd, 65536)
                except OSError:  # a terminal whose last program ended
                    data = b""
                self.pieces.append(data)
                self.collected += len(data)
                self.more.notify_all()
                if not data:
                    self.ended.set()
                    return

    def _on_the_way(self):
        """What the program has printed and nobody has read: nothing is, between two reads."""
        count = array.array("i", [0])
        fcntl.ioctl(self.collecting, termios.FIONREAD, count)
        return count[0]

    @property
    def raw(self):
        with self.more:
            # who has seen an answer may rely on what was printed before it
            if self.collecting is not None and not self.ended.is_set():
                printed = self.collected + self._on_the_way()
                self.more.wait_for(lambda: self.collected >= printed or self.ended.is_set(), 60)
            # not at each piece: a hundred megabytes are a few thousand of them
            if len(self.pieces) > 1:
                self.pieces = [b"".join(self.pieces)]
            return self.pieces[0]

    @property
    def text(self):
        return self.raw.decode("utf-8", errors="replace")

    @property
    def alive(self):
        return self.child.poll() is None

    def see(self, regex, timeout=60):
        end = time.monotonic() + timeout
        pattern = re.compile(regex.encode() if isinstance(regex, str) else regex, re.MULTILINE)
        with self.more:
            while True:
                raw = self.raw
                match = pattern.search(raw, self.position)
                # A match at the very end may be half a line: wait for its newline or the end.
                if match and (raw.find(b"\n", match.end() - 1) >= 0 or self.ended.is_set()
                              or not regex.endswith("$")):
                    self.position = match.end()
                    return match
                if self.ended.is_set():
                    fail("%s ended without printing /%s/" % (self.name, regex))
                if time.monotonic() > end:
                    fail("%s did not print /%s/ in %d s" % (self.name, regex, timeout))
                self.more.wait(0.2)

    def expect_silence(self, regex, seconds):
        try:
            self.see(regex, seconds)
        except Failed:
            return
        fail("%s printed /%s/" % (self.name, regex))

    def send(self, data):
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self.stdin, view):]
            except OSError as e:
                fail("%s does not read its input: %s" % (self.name, e))

    def say(self, line):
        self.send(line.encode() + b"\n")

    def end(self):
        if self.pty:
            self.send(b"\x04")
        else:
            self.child.stdin.close()

    def signal(self, number):
        if self.alive:
            self.child.send_signal(number)

    def wait(self, timeout=60):
        try:
            status = self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            fail("%s still ran after %d s" % (self.name, timeout))
        self.ended.wait(60)
        return status

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait()

    def stop(self, timeout=60):
        self.signal(self.stop_signal)
        return self.wait(timeout)

    def fds(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))


class Hub(Process):
    def ready(self):
        match = self.see(r"Listening on (\S+):(\d+)$")
        self.port = int(match.group(2))
        self.address = "%s:%d" % (match.group(1).decode(), self.port)
        return self

    def again(self, args=()):
        """The hub that takes this one's place: same arguments (and more), same port."""
        argv = list(self.argv)
        argv[argv.index("--listen") + 1] = self.address
        return self.scenario._launch(Hub, self.name, argv + list(args)).ready()


class Bob(Process):
    def ready(self):
        self.identifier = self.see(r"Bob's identifier is: (\S+)$").group(1).decode()
        self.sender = self.see(r"Stream sender name is: (\S+)$").group(1).decode()
        self.receiver = self.see(r"Stream receiver name is: (\S+)$").group(1).decode()
        return self


class Kafka:
    """A broker, or several: entries as kcat reads them. process is None for one not ours."""

    def __init__(self, scenario, brokers=None, version=None, port=0, properties=()):
        self.scenario, self.brokers, self.process = scenario, brokers, None
        if brokers is None:
            self.version = version or "default"
            self.properties = list(properties)
            self._begin(port)

    def _begin(self, port):
        for attempt in range(3):
            self.dir = self.scenario.dir / ("kafka-" + uuid.uuid4().hex[:8])
            try:
                return self._start(port)
            except Failed:
                log = self.dir / "kafka.log"
                taken = log.exists() and "Address already in use" in log.read_text(errors="replace")
                if attempt == 2 or not taken:
                    raise

    def _launch(self, port):
        argv = [ROOT / "script/kafka", "run", self.version, self.dir, port]
        self.process = self.scenario.start("kafka", *argv, *self.properties)

    def _ready(self):
        # The first time it may have to fetch the jars.
        self.brokers = self.process.see(r"Kafka is ready on (\S+)$", 600).group(1).decode()

    def _start(self, port):
        self._launch(port)
        self._ready()

    def kill(self):
        return self.process.kill()

    def stop(self):
        return self.process.stop()

    def again(self):
        """The same broker, with what it held, on the same port."""
        self._start(int(self.brokers.rpartition(":")[2]))
        return self

    def kcat(self, *args, input=b"", timeout=120):
        result = self.scenario.run(KCAT, "-b", self.brokers, *args, input=input, timeout=timeout)
        return result.out

    def topics(self):
        """Names of all topics but the broker's own."""
        listed = self.kcat("-L").decode()
        return [t for t in re.findall(r'^  topic "(.*)" with', listed, re.MULTILINE)
                if not t.startswith("__")]

    def entries(self, topic):
        """The values of all entries of a topic, from the first one to the end, as bytes."""
        data = self.kcat("-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%R%s")
        values = []
        while data:
            length = int.from_bytes(data[:4], "big", signed=True)
            values.append(data[4:4 + max(length, 0)])
            data = data[4 + max(length, 0):]
        return values

    def produce(self, topic, *values):
        for value in values:
            path = self.scenario.dir / "kcat-value"
            path.write_bytes(value)
            self.kcat("-P", "-t", topic, str(path))

    def _ask(self, api, version, body):
        """A request of Kafka's own protocol, which kcat has no word for; gives the answer's body."""
        host, _, port = self.brokers.split(",")[0].rpartition(":")
        request = struct.pack(">hhihs", api, version, 1, 1, b"t") + body
        with socket.create_connection((host, int(port)), 60) as s:
            s.sendall(struct.pack(">i", len(request)) + request)
            with s.makefile("rb") as answer:
                return answer.read(struct.unpack(">i", answer.read(4))[0])[4:]

    def _topic_call(self, api, version, entry, rest):
        answer = self._ask(api, version, struct.pack(">i", 1) + entry + struct.pack(">i", 30000) + rest)
        # throttle_time, then an array of (name, error, ...)
        name_len = struct.unpack_from(">h", answer, 8)[0]
        error = struct.unpack_from(">h", answer, 10 + name_len)[0]
        if error != 0:
            fail("Kafka answered error %d about a topic" % error)

    def create(self, topic, partitions=1):
        name = struct.pack(">h", len(topic)) + topic.encode()
        self._topic_call(19, 2, name + struct.pack(">ihii", partitions, 1, 0, 0), b"\0")
        # the controller did it; the broker hears of it a little later
        wait_until(lambda: topic in self.topics(), "topic %s is there" % topic)

    def delete(self, topic):
        self._topic_call(20, 1, struct.pack(">h", len(topic)) + topic.encode(), b"")


class Cluster(Kafka):
    """Brokers that are each other's replicas and controllers."""

    def __init__(self, scenario, count, version, properties):
        super().__init__(scenario, brokers="")
        ports = [free_port() for _ in range(2 * count)]
        clients, controllers = ports[:count], ports[count:]
        voters = ",".join("%d@127.0.0.1:%d" % (i + 1, port) for i, port in enumerate(controllers))
        self.nodes = []
        for i in range(count):
            node = Kafka(scenario, brokers="127.0.0.1:%d" % clients[i])
            node.version, node.dir = version or "default", scenario.dir / ("kafka-%d" % (i + 1))
            node.properties = [
                "node.id=%d" % (i + 1), "controller.quorum.voters=" + voters,
                "listeners=PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d"
                % (clients[i], controllers[i]),
                "default.replication.factor=%d" % count, "min.insync.replicas=%d" % (count // 2 + 1),
                "offsets.topic.replication.factor=%d" % count,
                "transaction.state.log.replication.factor=%d" % count, *properties]
            node._launch(clients[i])
            self.nodes.append(node)
        for node in self.nodes:  # none is ready before most of them run
            node._ready()
        self.brokers = ",".join(node.brokers for node in self.nodes)


class Tree:
    """The sources once more, in a repository of their own: what a program leaves is seen there,
    and nobody who edits the real ones disturbs."""

    def __init__(self, scenario, path):
        self.scenario, self.path = scenario, path
        for name in scenario.run("git", "-C", ROOT, "ls-files", "-coz", "--exclude-standard") \
                .out.decode().split("\0"):
            if name and (ROOT / name).is_file():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, path / name)
        scenario.run("git", "init", "-q", path)
        scenario.run("git", "-C", path, "add", "-A")
        self.before = self._status()

    def _status(self):
        return self.scenario.run("git", "-C", self.path, "status", "--porcelain").out

    def unchanged(self):
        return self._status() == self.before


class Scenario:
    def __init__(self, name):
        self.name = name
        self.tag = "%s=%s" % (TAG, uuid.uuid4().hex)
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="tacit-%s." % name))
        self.processes = []
        self.began, self.now = time.monotonic(), ""

    def step(self, words):
        self.now = words
        print("%6.1f s  %s" % (time.monotonic() - self.began, words), flush=True)

    def environment(self, extra=None):
        env = dict(os.environ, **{TAG: self.tag.partition("=")[2]})
        env.setdefault("TACIT_BUILD", str(BUILD))
        env.setdefault("TACIT_CACHE", str(ROOT / ".cache"))
        env.update(extra or {})
        return env

    def _launch(self, kind, name, argv, **options):
        options["env"] = self.environment(options.get("env"))
        process = kind(self, name, [str(a) for a in argv], **options)
        self.processes.append(process)
        return process

    def start(self, name, *argv, kind=Process, **options):
        return self._launch(kind, name, argv, **options)

    def run(self, *argv, ok=True, input=b"", timeout=60, env=None):
        argv = [str(a) for a in argv]
        try:
            done = subprocess.run(argv, input=input, capture_output=True, timeout=timeout,
                env=self.environment(env))
        except subprocess.TimeoutExpired as e:
            print((e.output or b"").decode(errors="replace")[-4000:])
            fail("%s still ran after %d s" % (" ".join(argv), timeout))
        if ok and done.returncode != 0:
            said = (done.stdout + b"\n" + done.stderr).decode(errors="replace")
            print(said[-4000:])
            fail("%s %s\n%s" % (" ".join(argv), status_words(done.returncode), telling(said)))
        return Result(done.returncode, done.stdout, done.stderr)

    def tacit(self, *args, **options):
        return self.run(BUILD / "tacit", *args, **options)

    def hub(self, store=None, kafka=None, listen=None, args=(), before=()):
        listen = listen or "127.0.0.1:%d" % free_port()
        argv = [*before, BUILD / "tacit", "hub", "--listen", listen]
        if kafka is not None:
            argv += ["--kafka", kafka.brokers if isinstance(kafka, Kafka) else kafka]
        else:
            argv += ["--store", store or self.dir / "store"]
        return self._launch(Hub, "hub", argv + list(args)).ready()

    def bob(self, hub, *args, examples="examples"):
        return self._launch(Bob, "bob", [BUILD / examples / "bob", hub.address, *args]).ready()

    def alice(self, hub, bob, identifier=True, pty=False, examples="examples", lines=""):
        argv = [BUILD / examples / "alice", hub.address]
        if identifier:
            argv.append(bob.identifier if identifier is True else identifier)
        alice = self._launch(Process, "alice", argv, pty=pty)
        alice.send(("%s\n%s\n%s" % (bob.sender, bob.receiver, lines)).encode())
        return alice

    def kafka(self, version=None, port=0, properties=(), own=False):
        there = os.environ.get("TACIT_KAFKA", "")
        if there and not own and not properties and version is None:
            return Kafka(self, brokers=there)
        return Kafka(self, version=version, port=port, properties=properties)

    def kafka_cluster(self, count=3, version=None, properties=()):
        return Cluster(self, count, version, list(properties))

    def tree(self):
        return Tree(self, self.dir / "tree")

    def leftovers(self):
        return tagged_processes(self.tag)

    def _kill_leftovers(self):
        """Until they are gone: who started the scenario must not see them."""
        end = time.monotonic() + 60
        while (left := self.leftovers()) and time.monotonic() < end:
            for pid, _ in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            time.sleep(0.02)

    def close(self, failed):
        """Ends what runs; says, when it failed, what is needed to see why."""
        ends = [(p, status_words(p.child.poll())) for p in self.processes]
        for process in reversed(self.processes):
            if process.alive:
                process.child.send_signal(signal.SIGKILL)
                process.child.wait()
        self._kill_leftovers()
        if failed:
            for number, (process, end) in enumerate(ends):
                (self.dir / ("%02d-%s.out" % (number, process.name))).write_bytes(process.raw)
                lines = [line[:400] for line in process.text.splitlines()[-15:]]
                print("--- the end of %s, which %s\n%s" % (process.name, end, "\n".join(lines)))
            print("--- kept: %s" % self.dir)
            if ends:
                print("--- programs: " + "; ".join("%s %s" % (p.name, end) for p, end in ends[-8:]))
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        sys.stdout.flush()


def scenario(function):
    """Decorator: runs the function at once when its file is the program, and ends it."""

    @functools.wraps(function)
    def run():
        s = Scenario(pathlib.Path(sys.argv[0]).stem)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))
        status, why = 1, ""
        try:
            function(s)
            status = 0
        except Failed as e:
            frames = traceback.extract_tb(e.__traceback__)
            line = [f for f in frames if pathlib.Path(f.filename).name != "lib.py"][-1].lineno
            why = "FAILED: %s\n    in line %d of %s" % (e, line, sys.argv[0])
        except Skipped as e:
            print("skipped: %s" % e, flush=True)
            status = SKIPPED
        except BaseException as e:  # SystemExit, too: script/test ends what takes too long
            why = traceback.format_exc()
            why += "FAILED: %s: %s" % (type(e).__name__, e)
        finally:
            s.close(status == 1)
            if why:  # last, because a log is read from its end
                print("%s\n    after %.1f s, in the step: %s" % (why,
                    time.monotonic() - s.began, s.now or "the first one"), flush=True)
        sys.exit(status)

    if function.__module__ == "__main__":
        run()
    return run

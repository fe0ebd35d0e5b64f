#!/usr/bin/env python3
# Goal: whatever a person or a machine gives the programs that they cannot use: a sentence on
# standard error that says what is wrong, the right status (2: called wrongly, 1: all else), and an
# end in bounded time.  Nothing crashes, nothing hangs.
import os
import re
import socket
import subprocess
import threading
import time

from lib import BUILD, check, free_port, scenario
from wire import Client, unique

ALICE, BOB, TACIT = BUILD / "examples/alice", BUILD / "examples/bob", BUILD / "tacit"
SOON = 120  # s for what takes 10 s on an idle machine
NAMES = b"alice-to-bob\nbob-to-alice\n"


def says(run, status, words, what):
    err = run.err.decode()
    if run.status != status or not re.search(words, err):
        print("   it ended with %d and said: %s" % (run.status, err[:1000]))
    check(run.status == status, "%s: status %d" % (what, status))
    check(re.search(words, err), "%s: it says /%s/" % (what, words))
    check(all(re.match("(tacit|tacit hub|alice|bob): ", line) for line in err.splitlines()),
        "%s: each line begins with who says it" % what)


def wrong_options(s):
    for argv, words in (
            (["nonsense"], "no command 'nonsense'"),
            (["hub", "--nonsense"], "unknown option --nonsense"),
            (["hub", "-q"], "unknown option -q"),
            (["hub", "extra"], "unexpected argument 'extra'"),
            (["hub", "--listen"], "--listen wants a value"),
            (["hub", "--store", s.dir / "s", "--kafka", "127.0.0.1:1"], "exclude each other"),
            (["hub", "-X", "a=b"], "want --kafka"),
            (["hub", "--store", s.dir / "s", "-X", "a=b"], "want --kafka"),
            (["hub", "--topic-prefix", "a"], "want --kafka"),
            (["hub", "--sole-writer"], "want --kafka"),
            (["hub", "--kafka", "127.0.0.1:1", "-X", "nothing"], "PROPERTY=VALUE"),
            (["hub", "--kafka", "127.0.0.1:1", "-X", "acks=1"], "acks"),
            (["hub", "--kafka", "127.0.0.1:1", "-X", "enable.idempotence=false"], "idempotence"),
            (["hub", "--kafka", "127.0.0.1:1", "-X", "no.such=1"], "no.such"),
            (["hub", "--kafka", "127.0.0.1:1", "--kafka-config", s.dir / "none"], "cannot read"),
    ):
        says(s.tacit(*argv, ok=False), 2, words, "tacit " + " ".join(map(str, argv)))
    check(s.tacit(ok=False).status == 2, "without a command: status 2")
    for argv in (["--help"], ["--version"], ["hub", "--help"]):
        run = s.tacit(*argv)
        check(run.out and not run.err, "tacit %s is on standard output" % " ".join(argv))
    run = s.tacit("hub", "--kafka", "127.0.0.1:1", "--listen", "0.0.0.0:0", ok=False)
    says(run, 1, "not loopback.*--topic-prefix.*--any-topic", "a cluster open to everybody")


def wrong_addresses(s):
    for text in ("", "nonsense", "127.0.0.1", "127.0.0.1:", ":4000", "127.0.0.1:65536", "[::1:4000",
                 "127.0.0.1:-1", "127.0.0.1:http", "127.0.0.1:4000 ", "a b:4000", "::1:4000"):
        run = s.tacit("hub", "--store", s.dir / "s", "--listen", text, ok=False)
        says(run, 2, "is not HOST:PORT", "--listen '%s'" % text)
        for program in (ALICE, BOB):
            run = s.run(program, text, ok=False, input=NAMES)
            says(run, 2, "is not HOST:PORT", "%s '%s'" % (program.name, text))
    for program in (ALICE, BOB):
        for text in ("127.0.0.1:0", "127.0.0.1:4000,", ",127.0.0.1:4000"):
            run = s.run(program, text, ok=False, input=NAMES)
            says(run, 2, "is not HOST:PORT", "%s '%s'" % (program.name, text))
    run = s.tacit("hub", "--store", s.dir / "s", "--listen", "192.0.2.1:0", ok=False)
    says(run, 1, "cannot listen on 192.0.2.1:0", "an address of another machine")
    # the dots: nobody's name server has to be there to say that there is no such name
    run = s.tacit("hub", "--store", s.dir / "s", "--listen", "nowhere..invalid:0", ok=False)
    says(run, 1, "cannot listen on nowhere..invalid:0", "a name of no machine")


def wrong_names(s, hub):
    for first, second, words in (
            ("", "b", "'' is no name"), (".", "b", "'.' is no name"), ("..", "b", "no name"),
            ("__a", "b", "no name"), ("a b", "b", "'a b' is no name"), ("a", "b/c", "'b/c'"),
            ("a", "ü", "'ü' is no name"), ("a" * 250, "b", "no name"), ("a", "b\t", "no name")):
        run = s.run(ALICE, hub.address, ok=False, input=("%s\n%s\n" % (first, second)).encode())
        says(run, 2, words, "streams '%s' and '%s'" % (first[:20], second))
    for given in (b"", b"one\n"):
        run = s.run(ALICE, hub.address, ok=False, input=given)
        says(run, 2, "two names", "input %r" % given)
    run = s.run(ALICE, hub.address, ok=False, input=NAMES)
    says(run, 1, "stream .*: .*not found", "streams that nobody made")


def wrong_stores(s, hub):
    def start(what, status, words, store, *before, env=None):
        run = s.run(*before, TACIT, "hub", "--listen", "127.0.0.1:0", "--store", store, ok=False,
            env=env)
        says(run, status, words, what)
        check(b"Listening" not in run.out, "%s: it never said that it listens" % what)

    start("a folder in use", 1, "in use by another hub", s.dir / "store")
    (s.dir / "file").write_text("no folder")
    start("a file", 2, "Not a directory", s.dir / "file")
    start("in a file", 2, "Not a directory", s.dir / "file/store")
    start("far away", 2, "cannot make", s.dir / "a/b/c")
    start("an empty name", 2, "cannot make", "")
    start("no place for folders", 2, "cannot make", "/proc/store")
    if os.getuid() != 0:
        (s.dir / "locked").mkdir(0o500)
        start("not writable", 1, "Permission denied", s.dir / "locked")
    (s.dir / "damaged").mkdir()
    (s.dir / "damaged/streams.db").write_bytes(os.urandom(5000))
    start("not a database", 1, "damaged or not a database", s.dir / "damaged")
    (s.dir / "made").mkdir()
    s.hub(store=s.dir / "made").stop()
    database = s.dir / "made/streams.db"
    content = bytearray(database.read_bytes())
    content[100:] = b"\xff" * (len(content) - 100)
    database.write_bytes(content)
    start("a damaged database", 1, "damaged", s.dir / "made")
    run = s.tacit("hub", "--listen", hub.address, "--store", s.dir / "other", ok=False)
    says(run, 1, "address is in use", "a port in use")


def data_folder(s):
    """By the rules of XDG: $XDG_DATA_HOME, else ~/.local/share; private."""
    for env, store in (
            ({"HOME": s.dir / "home"}, s.dir / "home/.local/share/tacit"),
            ({"HOME": s.dir / "home", "XDG_DATA_HOME": ""}, s.dir / "home/.local/share/tacit"),
            ({"HOME": s.dir / "home", "XDG_DATA_HOME": "data"}, s.dir / "home/.local/share/tacit"),
            ({"HOME": s.dir / "home", "XDG_DATA_HOME": s.dir / "data"}, s.dir / "data/tacit")):
        (s.dir / "home").mkdir(exist_ok=True)
        given = ["%s=%s" % pair for pair in env.items()]
        hub = s.start("hub", "env", "-u", "XDG_DATA_HOME", *given, TACIT, "hub", "--listen",
            "127.0.0.1:0")
        hub.see("^Listening on")
        check("keeping streams in %s\n" % store in hub.text, "%s: it says where" % given)
        check((store / "streams.db").exists(), "%s: and that is true" % given)
        check(store.stat().st_mode & 0o77 == 0, "nobody else can look into it")
        check(hub.stop() == 0, "it ends with 0")
    run = s.run("env", "-u", "HOME", "-u", "XDG_DATA_HOME", TACIT, "hub", "--listen",
        "127.0.0.1:0", ok=False)
    says(run, 2, "no home.*--store", "without any home")


class NoHub:
    """A server that is no hub."""

    def __init__(self, treat):
        self.treat, self.socket = treat, socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection = self.socket.accept()[0]
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                self.treat(connection)
            except OSError:
                pass


def silent(connection):
    while connection.recv(65536):
        pass


def garbage(connection):
    while True:
        connection.sendall(os.urandom(1000))
        time.sleep(0.01)


def zeros(connection):
    connection.sendall(b"\x00\x00")
    silent(connection)


def web(connection):
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def hang_up(connection):
    pass


def echo(connection):
    while True:
        connection.sendall(connection.recv(65536))


class Slow:
    """Programs that have to give up: started all at once, looked at later."""

    def __init__(self, s):
        self.s, self.running = s, []

    def start(self, what, words, *argv, given=NAMES):
        process = self.s.start(argv[0].name, *argv)
        process.send(given)
        self.running.append((process, what, words))

    def check_all(self):
        for process, what, words in self.running:
            what = "%s, %s" % (process.name, what)
            check(process.wait(SOON) == 1, "%s: status 1" % what)
            check(re.search("^%s: .*%s" % (process.name, words), process.text, re.M),
                "%s: %s" % (what, words))
            last = process.text.splitlines()[-1]
            check(last.startswith(process.name + ": "), "%s: its last word is why" % what)


def no_hubs(s, slow):
    refused = "127.0.0.1:%d" % free_port()
    for program in (ALICE, BOB):
        slow.start("nobody listens", "connection refused; check the address", program, refused)
        slow.start("two where nobody listens", "check the address", program,
            refused + ",127.0.0.1:%d" % free_port())
        slow.start("no such host", "no such host; check", program, "nowhere..invalid:4000")
        for treat in (silent, garbage, zeros, web, hang_up, echo):
            slow.start("a server that is no hub: " + treat.__name__, "no Tacit hub", program,
                NoHub(treat).address)


def no_bob(s, slow, hub):
    """The streams are there, and nobody answers."""
    names = [unique("nobody"), unique("nobody")]
    with Client(hub.address) as client:
        for name in names:
            client.open(name)
    slow.start("Bob does not run", "no answer within 30 s: check the names", ALICE, hub.address,
        given=("%s\n%s\nhello\n" % tuple(names)).encode())


def long_lines(s, hub):
    bob = s.bob(hub)
    alice = s.alice(hub, bob)
    long = "x" * 70000
    alice.say(long)
    alice.see("^Alice received an echo: %s$" % long)
    alice.say("y" * (64 << 20))
    check(alice.wait() == 1, "a line of 64 MiB, which leaves no room for a route: status 1")
    check(re.search("^alice: .*(too long|at most|limit)", alice.text, re.M),
        "she says that it is too long")
    check("yyy" not in bob.text, "nothing of it reaches Bob")
    bob.stop()


def full_output(s, hub):
    bob = s.bob(hub)
    with open("/dev/full", "wb") as full:
        run = subprocess.run([str(ALICE), hub.address], stdout=full, stderr=subprocess.PIPE,
            input=("%s\n%s\nhello\n" % (bob.sender, bob.receiver)).encode(), timeout=60,
            env=s.environment())
    check(run.returncode == 1 and b"alice: cannot write" in run.stderr,
        "what nobody can read is an error: %s" % run.stderr.decode().strip())
    bob.stop()


@scenario
def main(s):
    hub = s.hub(store=s.dir / "store")
    slow = Slow(s)
    no_bob(s, slow, hub)
    no_hubs(s, slow)
    s.step("options")
    wrong_options(s)
    s.step("addresses")
    wrong_addresses(s)
    s.step("names of streams")
    wrong_names(s, hub)
    s.step("stores")
    wrong_stores(s, hub)
    s.step("the data folder")
    data_folder(s)
    s.step("long lines")
    long_lines(s, hub)
    s.step("standard output that is full")
    full_output(s, hub)
    s.step("hubs that are none, and no Bob")
    slow.check_all()
    check(hub.alive and hub.stop() == 0, "the hub saw all this and ends with 0")

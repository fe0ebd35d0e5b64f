#!/usr/bin/env python3
# Goal: `tacit ping` measures round trips to `tacit echo` through a hub that may be killed meanwhile;
# strangers are refused and named, and each end says with its status how it ended.
import json
import os
import re
import signal
import shutil

from lib import ALL, BUILD, Process, check, free_port, scenario

TACIT = BUILD / "tacit"
IDENTIFIER = "P[0-9a-f]{64}"
INVITATION = r"^(tacit://[^/ ]+/[^/ ]+/[^/ ]+#(%s))$" % IDENTIFIER
INVITATION_JSON = r'^{"event": "invitation", "invitation": "(tacit://\S+#(%s))"}$' % IDENTIFIER
NOBODY = "P" + "0" * 64
# words are looked for at the beginnings of lines
os.environ["NO_COLOR"] = "1"


class Events(Process):
    """A program whose standard error is JSON, an object a line: the next one of a kind."""

    def event(self, kind):
        return json.loads(self.see(r'^(\{"event": "%s".*\})$' % kind).group(1))


def echo(s, hub, *args, trust="everyone", **options):
    """An echo that can be reached: .invitation .identifier"""
    address = hub if isinstance(hub, str) else hub.address
    process = s.start("echo", TACIT, "echo", "--hub", address, "--trust", trust, *args, **options)
    match = process.see(INVITATION_JSON if "--json" in args else INVITATION)
    process.invitation, process.identifier = (text.decode() for text in match.groups())
    return process


def ping(s, invitation, *args, status=0, words=None, env=None):
    run = s.tacit("ping", invitation, *args, ok=False, env=env)
    said = run.err.decode()
    check(run.status == status, "ping %s ends with %d: %s" % (" ".join(map(str, args)), status,
        said.rstrip()))
    if words is not None:
        check(re.search(words, said), "and it says: " + words)
    run.text = run.out.decode()
    return run


def new_identity(s, name, *args):
    path = s.dir / name
    return path, s.tacit("identity", "new", path, *(args or ["--no-passphrase"])).out.decode().strip()


def round_trips(s, far):
    s.step("round trips, in words and as JSON")
    run = ping(s, far.invitation)
    lines = run.text.splitlines()
    check(len(lines) == 5, "four round trips and a summary")
    for number, line in enumerate(lines[:4], 1):
        check(re.fullmatch(r"64 bytes from %s\.\.\.: seq=%d time=\d+\.\d\d ms"
            % (far.identifier[:9], number), line), line)
    check(re.fullmatch(r"4 sent, 4 received; min/median/p99 = [\d.]+/[\d.]+/[\d.]+ ms", lines[4]),
        lines[4])
    check(run.err.decode() == "tacit ping: established with %s\n" % far.identifier,
        "standard error says who answers, and nothing else")
    for size, sent in (("1", 1), ("60000", 60000), ("1M", 1 << 20)):
        run = ping(s, far.invitation, "-c", "2", "-s", size)
        check(run.text.startswith("%d bytes from" % sent) and "2 sent, 2 received" in run.text,
            "and with %s bytes" % size)
    run = ping(s, far.invitation, "--json", "-c2")
    check(run.err == b"", "with --json there is nothing on standard error")
    events = [json.loads(line) for line in run.text.splitlines()]
    check([e["event"] for e in events] == ["established", "ping", "ping", "summary"]
        and events[0]["peer"] == far.identifier and events[2]["sequence"] == 2
        and events[3]["received"] == 2
        and events[3]["min_us"] <= events[3]["median_us"] <= events[3]["p99_us"], "it is a line each")
    run = ping(s, "  %s\n" % far.invitation, "-q")
    check(re.fullmatch(r"4 sent, 4 received; .* ms\n", run.text) and run.err == b"",
        "-q leaves the summary, and blanks around the word do no harm")
    run = ping(s, far.invitation, "-q", "--json")
    check(json.loads(run.text)["event"] == "summary" and run.err == b"", "as JSON, too")
    run = ping(s, far.invitation, "-c", "1", "-v", words="connected to ")
    check("established with " in run.err.decode(), "-v says what happens on the way")


def on_a_terminal(s, far):
    s.step("at a terminal, until Ctrl-C")
    process = s.start("ping", TACIT, "ping", "-c", "0", far.invitation, pty=True,
        env={"NO_COLOR": "", "TERM": "xterm"})
    process.see("seq=3 ")
    process.send(b"\x03")
    process.see(r"\d+ sent, \d+ received; min/median/p99 = ")  # behind ^C
    check(process.wait() == 0, "Ctrl-C ends endless pings with 0")
    process = s.start("ping", TACIT, "ping", "-c", "1000000000", far.invitation)
    process.see("seq=3 ")
    process.signal(signal.SIGTERM)
    process.see("^tacit ping: interrupted$")
    check(process.wait() == 1, "a number of them that is not reached is a failure")
    for colour, env in ((True, {"NO_COLOR": "", "TERM": "xterm"}),
                        (False, {"NO_COLOR": "1", "TERM": "xterm"}),
                        (False, {"NO_COLOR": "", "TERM": "dumb"})):
        process = s.start("ping", TACIT, "ping", "tacit://", pty=True, env=env)
        process.see("the invitation is cut short")
        check(process.wait() == 2 and (b"\x1b[31m" in process.raw) == colour,
            "%s: %s" % (env, "an error is red" if colour else "no colour"))


def wrong_words(s, far):
    s.step("invitations cut short and edited, and wrong options")
    whole = far.invitation
    for end in (0, 5, 12, whole.index("/", 8), whole.index("/", 8) + 1, whole.rindex("/"),
                whole.index("#"), whole.index("#") + 1, len(whole) - 1):
        ping(s, whole[:end], status=2, words="^tacit ping: .*(invitation|HOST:PORT)")
    ping(s, whole.replace("#P", "#Q"), status=2, words="P` and 64 hex digits")
    ping(s, whole.replace("echo-in_", "echo in_"), status=2, words="is no name for a stream")
    ping(s, whole.replace("echo-in_", "echo-\x1b_"), status=2, words=r"echo-\\x1b_")
    ping(s, whole.replace("echo-in_", "other_"), status=1, words="other_")
    ping(s, whole[:-1] + ("0" if whole[-1] != "0" else "1"), status=3, words="only P.* is trusted")
    ping(s, whole, "--trust", "P12,P34", status=2, words="not an identifier: 'P12'")
    ping(s, whole, "--trust", "", status=2, words="--trust wants a value")
    ping(s, whole, "--known=", status=2, words="--known= wants a value")
    ping(s, whole, "--trust", s.dir / "nobody", status=1, words="nobody")
    ping(s, whole, "--trust", "first", status=2, words="give --identity FILE")
    ping(s, whole, "--timeout", "999ms", status=2, words="--timeout 999ms")
    ping(s, whole, "-c", "x", status=2, words="-c x: that is no number")
    ping(s, whole, "-s", "0", status=2, words="-s 0: that is no size")
    ping(s, whole, "-s", "64M", status=2, words="-s 64M: that is no size")
    ping(s, whole, whole, status=2, words="one INVITATION is wanted")
    ping(s, whole, "--nonsense", status=2, words="unknown option --nonsense")
    ping(s, whole, "--passphrase", status=2, words="everybody can read a command line")
    ping(s, whole, "--hub", "x:1", status=2, words="unknown option")
    run = s.tacit("echo", ok=False)
    check(run.status == 2 and b"--trust ID[,ID...] | FILE | first[:LABEL] | everyone" in run.err,
        "echo insists on --trust, and says the choices")
    run = s.tacit("echo", "--trust", "everyone", "--hub", "nonsense", ok=False)
    check(run.status == 2 and b"nonsense" in run.err, "a hub that is none is a wrong word")
    full = s.run("sh", "-c", '"$0" ping "$1" >/dev/full', TACIT, whole, ok=False)
    check(full.status == 1 and b"cannot write to standard output" in full.err,
        "what could not be printed is a failure")
    full = s.run("sh", "-c", '"$0" ping -c 0 "$1" >/dev/full', TACIT, whole, ok=False)
    check(full.status == 1, "and ends what has no other end")
    address = re.match("tacit://([^/]+)/", whole).group(1)
    for command in ("echo", "receive"):
        full = s.run("sh", "-c", '"$0" "$1" --hub "$2" --trust everyone 2>/dev/full', TACIT, command,
            address, ok=False)
        check(full.status == 1, "nobody can come to %s without an invitation" % command)
    for command in ("echo", "ping"):
        run = s.tacit(command, "--help")
        check(run.err == b"" and run.out.count(b"\n") <= 24 and b"\nexample: tacit " in run.out
            and max(map(len, run.out.splitlines())) <= 100, command + " --help fits a screen")


def strangers(s, hub):
    s.step("strangers are refused, and named")
    anna, anna_is = new_identity(s, "anna.id")
    words = s.dir / "words"
    words.write_text("some words that open it\n")
    words.chmod(0o600)
    sealed, sealed_is = new_identity(s, "sealed.id", "--passphrase-file", words)
    listed = s.dir / "listed"
    listed.write_text("# friends\n%s\n" % sealed_is)
    far = echo(s, hub, "--json", trust="%s,%s" % (NOBODY, anna_is), kind=Events)
    run = ping(s, far.invitation, status=3, words="refused")
    check(run.out == b"", "not a round trip for a stranger")
    error = json.loads(ping(s, far.invitation, "--json", status=3).text)
    check(error["event"] == "error" and error["status"] == 3 and "refused" in error["text"],
        "with --json that is an object as well")
    event = far.event("refused")
    check(re.fullmatch(IDENTIFIER, event["peer"]) and "trust policy" in event["reason"],
        "the echo names him")
    ping(s, far.invitation, "--trust", NOBODY, status=3, words="only P0* is trusted")
    ping(s, far.invitation, "--identity", anna)
    check(far.event("established")["peer"] == anna_is, "and goes on: Anna is let in")
    check(far.stop() == 0, "SIGTERM is how an echo ends")
    far = echo(s, hub, trust=str(listed))
    ping(s, far.invitation, "--identity", anna, status=3)
    far.see("^tacit echo: refused %s: " % anna_is)
    ping(s, far.invitation, "--identity", sealed, "--passphrase-file", words)
    far.see("^tacit echo: established with %s$" % sealed_is)
    ping(s, far.invitation, "--identity", sealed, "--no-passphrase", status=1, words="has a passphrase")
    ping(s, far.invitation, "--identity", anna, "--passphrase-file", words, status=1,
        words="has no passphrase")
    process = s.start("ping", TACIT, "ping", far.invitation, "--identity", sealed, pty=True)
    process.see("^Passphrase for .*sealed.id: ")
    process.say("some words that open it")
    process.see("4 sent, 4 received")
    check(process.wait() == 0 and "some words" not in process.text, "a terminal is asked")
    words.write_text("others\n")
    ping(s, far.invitation, "--identity", sealed, "--passphrase-file", words, status=1,
        words="wrong passphrase")
    far.stop()


def first_seen(s, hub):
    s.step("first seen, on both sides, and a key that was rotated away")
    bob, bob_is = new_identity(s, "bob.id")
    carol, carol_is = new_identity(s, "carol.id")
    mine, his = s.dir / "mine", s.dir / "his"
    first = ("--trust", "first:bob", "--identity", carol, "--known", mine)
    far = echo(s, hub, "--identity", bob, "--known", his, trust="first")
    ping(s, far.invitation, *first, words="%s is remembered as 'bob'" % bob_is)
    ping(s, far.invitation, status=3)
    far.see("^tacit echo: refused ")
    far.stop()
    other = echo(s, hub)
    ping(s, other.invitation, *first, status=3, words=other.identifier)
    other.stop()
    shutil.copy2(bob, s.dir / "old.id")
    s.tacit("identity", "rotate", bob, "--no-passphrase")
    far = echo(s, hub, "--identity", bob, "--known", his, trust="first")
    check(far.identifier == bob_is, "rotated, Bob is who he was")
    ping(s, far.invitation, *first)
    far.stop()
    far = echo(s, hub, "--identity", s.dir / "old.id", "--known", s.dir / "none", trust=carol_is)
    ping(s, far.invitation, *first, status=3)
    ping(s, far.invitation, "--identity", carol, "--known", mine, status=3)
    ping(s, far.invitation, "--identity", carol, "--known", s.dir / "fresh")
    far.stop()
    far = echo(s, hub, "--identity", bob, trust="first")
    ping(s, far.invitation, "--identity", carol)
    far.see("is remembered as 'echo' in %s/home/tacit/known-peers$" % s.dir)
    far.stop()


def homeless(s, hub):
    s.step("where there is no home, nobody is remembered")
    nobody, _ = new_identity(s, "nobody.id")
    far = echo(s, hub)
    for home in ("", str(s.dir / "missing")):
        env = {"XDG_DATA_HOME": "", "HOME": home}
        ping(s, far.invitation, "--identity", nobody, "-c1", env=env)
        ping(s, far.invitation, "--identity", nobody, "--trust", "first", env=env, status=2,
            words="give --known FILE")
    check(not (s.dir / "missing").exists(), "and no home is made")
    ping(s, far.invitation, "--identity", nobody, "--known", s.dir / "missing/known", status=1,
        words="nobody can be remembered in .*missing/known: No such file")
    far.stop()


def hub_is_killed(s, hub):
    s.step("a list of hubs, one of them dead; and a hub that is killed while pings go")
    hubs = "127.0.0.1:%d,%s" % (free_port(), hub.address)
    far = echo(s, hubs)
    check(far.invitation.startswith("tacit://%s/" % hubs), "the invitation names both")
    process = s.start("ping", TACIT, "ping", far.invitation, "-c", "0")
    process.see("seq=3 ")
    hub.kill()
    process.see("^tacit ping: warning: the hub does not answer: waiting for it$")
    hub = hub.again()
    process.see("^tacit ping: warning: the hub is back$")
    process.see("seq=")
    process.signal(signal.SIGINT)
    check(process.wait() == 0, "the pings went on")
    numbers = [int(n) for n in re.findall(r"seq=(\d+) ", process.text)]
    check(numbers == list(range(1, len(numbers) + 1)), "each came back, and once")
    far.stop()
    return hub


def falls_silent(s, hub):
    """The far end; and the ping, which finds out while the rest goes on."""
    far = echo(s, hub)
    process = s.start("ping", TACIT, "ping", far.invitation, "-c", "0", "--timeout", "3s")
    process.see("seq=3 ")
    far.signal(signal.SIGSTOP)
    return far, process


def silence(s, far, process):
    s.step("a far end that falls silent, goes, or has no echo")
    process.see("^tacit ping: the other end has been silent for 3 s$")
    check(process.wait() == 5, "silence is status 5")
    check(re.search(r"^\d+ sent, \d+ received", process.text, re.MULTILINE), "with a summary")
    far.signal(signal.SIGCONT)
    process = s.start("ping", TACIT, "ping", far.invitation, "-c", "0")
    process.see("seq=3 ")
    check(far.stop() == 0, "an echo ends")
    check(process.wait() == 1, "and the ping with it")
    process.see("^tacit ping: the other end has gone")
    ping(s, far.invitation, "--timeout", "1s", status=5, words="no answer within 1 s: check that")
    if ALL:
        ping(s, far.invitation, status=5, words="no answer within 30 s")


def examples(s, hub):
    s.step("the examples talk to both")
    far = echo(s, hub, "-v")
    receiver, sender = re.match(r"tacit://[^/]+/([^/]+)/([^#]+)#", far.invitation).groups()
    alice = s.start("alice", BUILD / "examples/alice", hub.address, far.identifier)
    alice.say(receiver)
    alice.say(sender)
    alice.say("hello")
    alice.see("^Alice received an echo: hello$")
    alice.end()
    check(alice.wait() == 0, "Alice and the echo understand each other")
    far.see("echoed 5 bytes to P")
    far.stop()
    bob = s.bob(hub)
    ping(s, "tacit://%s/%s/%s#%s" % (hub.address, bob.sender, bob.receiver, bob.identifier))
    bob.stop()


@scenario
def main(s):
    os.environ["XDG_DATA_HOME"] = str(s.dir / "home")
    hub = s.hub()
    far = echo(s, hub)
    # it tries for 10 s
    nowhere = ("echo", "--trust", "everyone", "--hub", "127.0.0.1:%d" % free_port())
    lost = s.start("lost echo", TACIT, *nowhere)
    quiet = s.start("quiet echo", TACIT, *nowhere, "-q")
    send = s.start("send", TACIT, "send", echo(s, hub).invitation, "--timeout", "5s", "/dev/null")
    round_trips(s, far)
    check(not (s.dir / "home").exists(), "fresh identities remember nobody")
    on_a_terminal(s, far)
    wrong_words(s, far)
    check(far.alive and far.stop() == 0, "the echo took no harm")
    silent = falls_silent(s, hub)
    strangers(s, hub)
    first_seen(s, hub)
    homeless(s, hub)
    silence(s, *silent)
    hub = hub_is_killed(s, hub)
    examples(s, hub)
    send.see("^tacit send: nobody receives there: the invitation is to come from tacit receive$")
    check(send.wait() == 5, "an echo is no receiver")
    check(lost.wait() == 1 and "tacit://" not in lost.text, "no invitation to a hub that is not there")
    check(lost.text.count("connection refused") == lost.text.count("check the address") == 1,
        "which is said once: %r" % lost.text)
    check(quiet.wait() == 1 and re.fullmatch("tacit echo: cannot connect to .*: connection refused; "
        "check the address, and that the hub runs\n", quiet.text), "with -q in one line")

#!/usr/bin/env python3
# Goal: who sends to whom is as both said: by invitation, identity file and --trust; what is cut,
# edited, damaged or open to others is refused in words, with its status, and not a byte passes.
import os
import re

from lib import check, scenario
from pipes import IDENTIFIER, TACIT, arrives, ends, environment, identity, receive, refused, says, \
    send, tool

WORDS = "five words nobody has guessed"


def usage(s, hub, invitation):
    at = ("receive", "--hub", hub.address)
    for words, args in (
            ("--trust.*(ID|identifier).*first.*everyone", at),
            ("trust", (*at, "--trust")), ("trust", (*at, "--trust", "")),
            ("identifier", (*at, "--trust", "P" + "0" * 63)),
            ("identifier", (*at, "--trust", "P" + "0" * 64 + ",P12")),
            ("--identity", (*at, "--trust", "first")),
            ("--identity", (*at, "--trust=first:label")),
            ("label", (*at, "--trust", "first:", "--identity", "x")),
            ("", (*at, "--trust", "everyone", "operand")),
            ("unknown option --nonsense", (*at, "--trust", "everyone", "--nonsense")),
            ("--hub", ("receive", "--trust", "everyone", "--hub", "no-port")),
            ("--hub", ("receive", "--trust", "everyone", "--hub", "")),
            ("--hub", ("receive", "--trust", "everyone", "--hub", "127.0.0.1:1,127.0.0.1:99999")),
            ("-o", (*at, "--trust", "everyone", "-o")),
            ("-o", (*at, "--trust", "everyone", "-o", "")),
            ("timeout", (*at, "--trust", "everyone", "--timeout", "soon")),
            ("timeout", (*at, "--trust", "everyone", "--timeout", "999ms")),
            ("timeout", (*at, "--trust", "everyone", "--timeout", "-1")),
            ("timeout", (*at, "--trust", "everyone", "--timeout", "99999999999999999999h")),
            ("exclude each other", (*at, "--trust", "everyone", "--identity", "x",
                "--passphrase-file", "x", "--no-passphrase")),
            ("invitation", ("send",)),
            ("", ("send", invitation, "file", "another")),
            ("the INVITATION stands before the FILE", ("send", "file", invitation)),
            ("not an identifier: 'P0 '", ("send", "--trust", "P0 ", invitation)),
            ("unknown option --nonsense", ("send", invitation, "--nonsense")),
            ("hub", ("send", invitation, "--hub", hub.address)),
            ("identifier", ("send", "--trust", "P" + "0" * 65, invitation)),
            ("timeout", ("send", invitation, "--timeout", "0.1"))):
        refused(s, words, 2, *args)
    refused(s, "No such file", (1, 2), *at, "--trust", s.dir / "nobody")
    for command in ("send", "receive"):
        run = s.tacit(command, "--help")
        check(run.out and not run.err, "%s --help is no error" % command)
    for timeout in ("0", "5", "1000ms", "90s", "2m", "1h"):
        r = receive(s, hub, "--timeout", timeout)
        r.kill()


def rightly(s, hub):
    """Options in any order, blanks around a copied word."""
    data = s.dir / "data file"
    data.write_bytes(b"in order\n")
    for args in (["-q", "INVITATION", data], ["INVITATION", data, "-q"],
                 ["INVITATION", "--timeout=5s", data, "--json"], ["--", "INVITATION", data],
                 ["  INVITATION\n", data], ["\tINVITATION ", data]):
        r = receive(s, hub)
        word = [str(a).replace("INVITATION", r.invitation) for a in args]
        ends(tool(s, "send", TACIT, "send", *word), 0, "%r" % (args,))
        ends(r, 0)
        check(r.out.head == b"in order\n", "it arrives")


def cut(s, r, good):
    """At each of its parts; and edited to what cannot be one."""
    hub, _, rest = good[8:].partition("/")
    names, _, who = rest.partition("#")
    read, _, write = names.partition("/")
    ends_of_parts = [0, 1, 5, 7, 8, 8 + hub.index(":"), 8 + hub.index(":") + 1, 8 + len(hub),
        9 + len(hub), 9 + len(hub) + len(read), 10 + len(hub) + len(read), good.index("#"),
        good.index("#") + 1, good.index("#") + 2, len(good) - 32, len(good) - 1]
    for end in ends_of_parts:
        refused(s, "invitation", 2, "send", good[:end], "--trust", "everyone")
    where = len(good) - 10
    for bad in ("http" + good[5:], good[1:], good.replace("//", "/"), "tacit:" + good,
                good.replace(hub, hub + ",", 1), good.replace(hub, "," + hub, 1),
                good.replace(hub, hub.partition(":")[0] + ":0", 1),
                good.replace(hub, hub.partition(":")[0] + ":70000", 1),
                good.replace(hub, hub.partition(":")[0] + ":x", 1),
                good.replace(read + "/", "", 1), good.replace(read, "", 1),
                good.replace(write + "#", "#"), good.replace(read, read + "/more", 1),
                good.replace(read, "a b", 1),
                good.replace(read, "x" * 300, 1), good.replace(read, "\x1b[31m", 1),
                good.replace("#", ""), good.replace("#P", "#p"), good.replace("#P", "#"),
                good.replace("#", "##"), good[:where] + "g" + good[where + 1:], good + "0",
                good + "#" + who, good + good, good + "\nmore", good[:where] + " " + good[where:],
                good[:where] + "é" + good[where + 1:], "x" * 100000):
        refused(s, "(invitation|HOST:PORT|no name for a stream)", 2, "send", bad)
    check(r.alive and r.out.count == 0, "and nothing came out")


def lists(s, hub):
    (alice, alice_id), (bob, bob_id), (carol, carol_id) = [identity(s, name)
        for name in ("alice.id", "bob.id", "carol.id")]
    listed = s.dir / "friends"
    listed.write_text("# friends\n%s # Alice\n\n%s\n" % (alice_id, bob_id))
    listed.chmod(0o600)
    for trust in (alice_id, bob_id + "," + alice_id, listed, str(listed)):
        r, t = arrives(s, hub, b"from Alice\n", trust=trust, frm=["--identity", alice])
        says(r, "established with " + alice_id)
    for trust, frm in ((bob_id, ["--identity", alice]), (listed, ["--identity", carol]),
                       (listed, []), (alice_id + "," + bob_id, ["--identity", carol])):
        r = receive(s, hub, trust=trust)
        t = send(s, r.invitation, *frm, what=b"from a stranger\n")
        ends(t, 3)
        r.see(IDENTIFIER)
        check(r.alive and r.out.count == 0, "nothing came out, and it goes on")
        check(r.stop() != 0 and r.out.count == 0, "and never does")
    # send, too, has --trust; without, it pins whom the invitation names
    for trust, status in ((bob_id, 0), (alice_id, 3), (listed, 0), ("everyone", 0)):
        r = receive(s, hub, "--identity", bob)
        check(r.invitation.endswith("#" + bob_id), "the invitation names the file's identity")
        edited = r.invitation.replace(bob_id, alice_id)
        ends(send(s, edited, what=b"x"), 3, "edited")
        t = send(s, edited, "--trust", trust, what=b"x")
        ends(t, status, "edited, with --trust %s" % trust)
        if status == 0:
            ends(r, 0)
        else:
            says(t, bob_id, "whom it met")
            r.kill()
    r = receive(s, hub, "--identity", alice)
    t = send(s, r.invitation, "--identity", alice, what=b"x")
    ends(t, (1, 3), "oneself")
    says(t, "own identity.*" + alice_id)
    r.kill()
    listed.chmod(0o666)
    refused(s, "friends", (1, 2), "receive", "--hub", hub.address, "--trust", listed)
    listed.chmod(0o600)
    listed.write_text("# nobody\n")
    refused(s, "friends", (1, 2), "receive", "--hub", hub.address, "--trust", listed)


def first(s, hub):
    (me, me_id), (you, you_id), (other, other_id) = [identity(s, name)
        for name in ("me.id", "you.id", "other.id")]
    known = s.dir / "data/tacit/known-peers"
    arrives(s, hub, b"1", to=["--identity", me], frm=["--identity", you], trust="first")
    check(known.stat().st_mode & 0o77 == 0, "the memory is in its place, and nobody else's")
    arrives(s, hub, b"2", to=["--identity", me], frm=["--identity", you], trust="first")
    r = receive(s, hub, "--identity", me, trust="first")
    t = send(s, r.invitation, "--identity", other, what=b"3")
    ends(t, 3, "somebody else is not the first one")
    r.see(other_id)
    ends(send(s, r.invitation, "--identity", you, what=b"3"), 0)
    ends(r, 0)
    arrives(s, hub, b"4", to=["--identity", me], frm=["--identity", other], trust="first:others")
    arrives(s, hub, b"5", to=["--identity", me, "--known", s.dir / "known"],
        frm=["--identity", other], trust="first")
    check((s.dir / "known").exists(), "--known names another memory")
    # the other way round
    for receiver, status in ((me, 0), (me, 0), (other, 3)):
        r = receive(s, hub, "--identity", receiver)
        t = send(s, r.invitation, "--trust", "first:r", "--identity", you, what=b"x")
        ends(t, status)
        if status:
            says(t, other_id)
            r.kill()
        else:
            ends(r, 0)
    homeless = ["env", "-u", "XDG_DATA_HOME", "-u", "HOME"]
    run = s.run(*homeless, TACIT, "receive", "--hub", hub.address, "--trust", "first", "--identity",
        me, ok=False)
    check(run.status in (1, 2) and re.search(b"^tacit receive: .*(HOME|home|--known)", run.err),
        "without a home: %r" % run.err)
    r = receive(s, hub, "--identity", me, before=homeless)
    ends(send(s, r.invitation, what=b"x"), 0)
    ends(r, 0)


def rotated(s, hub):
    """Histories that are shorter than what was seen, or go elsewhere."""
    (me, me_id), (you, you_id) = identity(s, "mine.id"), identity(s, "yours.id")
    older = s.dir / "older.id"

    def copy(path):
        path.write_bytes(you.read_bytes())
        path.chmod(0o600)
        return path

    def rotate(path):
        s.tacit("identity", "rotate", path, "--no-passphrase")
        return path

    copy(older)
    forked = rotate(copy(s.dir / "forked.id"))
    to = ["--identity", me]
    arrives(s, hub, b"1", to=to, frm=["--identity", you], trust=you_id)
    rotate(you)
    arrives(s, hub, b"2", to=to, frm=["--identity", you], trust=you_id)
    r = receive(s, hub, *to, trust=you_id)
    for bad in (older, forked):
        t = send(s, r.invitation, "--identity", bad, what=b"with a key that was given up")
        ends(t, 3, bad.name)
        r.see(you_id)
        check(r.alive and r.out.count == 0, "nothing came out, and it goes on")
    ends(send(s, r.invitation, "--identity", you, what=b"3"), 0)
    ends(r, 0)
    # the other way round: the one who is invited remembers
    to += ["--known", s.dir / "known by the sender"]
    r = receive(s, hub, "--identity", you)
    ends(send(s, r.invitation, *to, what=b"4"), 0)
    ends(r, 0)
    for bad in (older, forked):
        r = receive(s, hub, "--identity", bad)
        ends(send(s, r.invitation, *to, what=b"for nobody"), 3, bad.name)
        check(r.out.count == 0, "nothing came out")
        r.kill()
    # who has no identity remembers nothing
    arrives(s, hub, b"5", frm=["--identity", older], trust=you_id)


def fresh(s, hub):
    word = [arrives(s, hub, b"x")[0].invitation for _ in range(2)]
    check(word[0].split("#")[1] != word[1].split("#")[1], "each process has an identity of its own")
    check(word[0].split("/")[3] != word[1].split("/")[3], "and streams")
    check(not (s.dir / "data").exists(), "and leaves nothing behind")


def passphrases(s, hub, invitation):
    secret = s.dir / "secret"
    secret.write_text(WORDS + "\n")
    secret.chmod(0o600)
    sealed, who = identity(s, "sealed.id", "--passphrase-file", secret)
    r, t = arrives(s, hub, b"x", to=["--identity", sealed, "--passphrase-file", secret])
    check(r.invitation.endswith(who), "the receiver is the one in the file")
    r, t = arrives(s, hub, b"x", trust=who, frm=["--passphrase-file", secret, "--identity", sealed])
    wrong = s.dir / "wrong"
    wrong.write_text(WORDS + "!")
    wrong.chmod(0o600)
    for args in (("receive", "--hub", hub.address, "--trust", "everyone"), ("send", invitation)):
        at = (*args, "--identity", sealed)
        refused(s, "wrong passphrase", 1, *at, "--passphrase-file", wrong)
        refused(s, "passphrase-file", 1, *at)
        refused(s, "has a passphrase", 1, *at, "--no-passphrase")
        refused(s, "No such file", 1, *at, "--passphrase-file", s.dir / "none")
    # typed, while standard input is what is sent
    r = receive(s, hub, trust=who)
    t = send(s, r.invitation, "--identity", sealed, what=secret, terminal=["err"])
    t.see("^Passphrase for .*sealed.id: ")
    os.write(t.master, WORDS.encode() + b"\n")
    ends(t, 0)
    ends(r, 0)
    check(r.out.head == secret.read_bytes() and WORDS not in t.text, "typed, and not seen")


def identity_files(s, hub, invitation):
    good, _ = identity(s, "good.id")
    whole, path = good.read_bytes(), s.dir / "bad.id"
    cases = [("open to others", whole, 0o644), ("damaged or cut short", whole[:-1], 0o600),
        ("damaged or cut short", whole[:40], 0o600), ("not an identity file", b"", 0o600),
        ("not an identity file", b"hello\n", 0o600), ("too big", b"x" * 9999, 0o600),
        ("signature", whole[:60] + bytes([whole[60] ^ 1]) + whole[61:], 0o600),
        ("damaged", whole[:-1] + bytes([whole[-1] ^ 1]), 0o600)]
    commands = (("receive", "--hub", hub.address, "--trust", "everyone"), ("send", invitation))
    for args in commands:
        for words, data, mode in cases:
            path.write_bytes(data)
            path.chmod(mode)
            refused(s, words, 1, *args, "--identity", path)
        path.unlink()
        path.symlink_to(good)
        refused(s, "symbolic link", 1, *args, "--identity", path)
        path.unlink()
        refused(s, "No such file", 1, *args, "--identity", path)
        refused(s, "regular file", 1, *args, "--identity", s.dir)


def operands(s, invitation):
    refused(s, "No such file", 1, "send", invitation, s.dir / "nowhere")
    refused(s, "directory", 1, "send", invitation, s.dir)
    refused(s, r"\\x1b\[31m", 1, "send", invitation, s.dir / "\x1b[31m")


@scenario
def main(s):
    hub = s.hub()
    r = receive(s, hub)
    s.step("fresh")
    fresh(s, hub)
    s.step("usage")
    usage(s, hub, r.invitation)
    s.step("cut")
    cut(s, r, r.invitation)
    s.step("rightly")
    rightly(s, hub)
    operands(s, r.invitation)
    for part in (passphrases, identity_files):
        s.step(part.__name__)
        part(s, hub, r.invitation)
    check(r.alive and r.out.count == 0, "after all these, not a byte has come out")
    for part in (lists, first, rotated):
        s.step(part.__name__)
        part(s, hub)
    check(r.alive and r.out.count == 0, "after all these, not a byte has come out")
    ends(send(s, r.invitation, what=b"the right one\n"), 0)
    ends(r, 0)
    check(r.out.head == b"the right one\n", "and the right sender is served")
    check(hub.stop() == 0, "the hub ends with 0")

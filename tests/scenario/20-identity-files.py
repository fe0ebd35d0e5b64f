#!/usr/bin/env python3
# Goal: a person makes, shows, rotates, reseals and exports an identity file with `tacit identity`;
# what is typed at the terminal is not seen there, and each wrong file or word is refused with what
# to do.
import json
import os
import re
import shutil
import signal
import termios

from lib import BUILD, check, scenario

TACIT = BUILD / "tacit"
WORDS = "five words nobody has guessed"
IDENTIFIER = "P[0-9a-f]{64}"
# words are looked for at the beginnings of lines
os.environ["NO_COLOR"] = "1"
NEXT = "six other words that nobody guesses"
COMMANDS = ("new", "show", "rotate", "passphrase", "export")


def echo(process):
    return bool(termios.tcgetattr(process.stdin)[3] & termios.ECHO)


def terminal(s, *args, **options):
    return s.start("identity", TACIT, "identity", *args, pty=True, **options)


def identity(s, *args, ok=True, input=b""):
    """Without a terminal, as in a pipe; standard error has what tacit says, and nothing else."""
    run = s.run("setsid", "-w", TACIT, "identity", *args, ok=ok, input=input)
    said = run.err.decode()
    check(said.startswith("usage: ") or all(line.startswith("tacit identity: ")
        for line in said.splitlines()), "the name is before what is said: " + said.rstrip())
    return run


def refused(s, words, *args, status=1):
    run = identity(s, *args, ok=False)
    check(run.status == status and run.out == b"", "%s: status %d" % (args, status))
    check(re.search(words, run.err.decode()), "and it says: " + words)


def answer(process, question, words):
    process.see(question)
    check(not echo(process), "the terminal does not show what is typed")
    process.say(words)


def unseen(process, status, words=WORDS):
    check(process.wait() == status, "it ends with %d" % status)
    check(echo(process), "the terminal shows again what is typed")
    check(words not in process.text, "what was typed was not seen")


def typed(s, path, secret_file):
    made = terminal(s, "new", path)
    answer(made, "^New passphrase for .*alice.id: ", WORDS)
    answer(made, "^Once more .*alice.id: ", WORDS)
    found = made.see("^(%s)$" % IDENTIFIER).group(1).decode()
    unseen(made, 0)
    check(path.stat().st_mode & 0o777 == 0o600, "nobody else can read the file")
    secret = terminal(s, "export", path)
    answer(secret, "^Passphrase for .*alice.id: ", WORDS)
    digits = secret.see("^([0-9a-f]{64})$").group(1).decode()
    unseen(secret, 0)
    by_file = identity(s, "export", path, "--passphrase-file", secret_file, "--json")
    check(json.loads(by_file.out) == {"identifier": found, "secret": digits},
        "the file with a newline behind the passphrase opens what was typed; JSON has the same")
    check(by_file.err == b"", "and there is nothing to complain about")
    return found, digits


def mistyped(s, folder, path):
    made = terminal(s, "new", folder / "never.id")
    answer(made, "^New passphrase", WORDS)
    answer(made, "^Once more", WORDS + "!")
    made.see("^tacit identity: the two passphrases differ")
    unseen(made, 1)
    empty = terminal(s, "new", folder / "never.id")
    answer(empty, "^New passphrase", "")
    empty.see("^tacit identity: the passphrase is empty: use --no-passphrase")
    check(empty.wait() == 1, "an empty passphrase is none")
    ended = terminal(s, "new", folder / "never.id")
    ended.see("^New passphrase")
    ended.end()
    ended.see("^tacit identity: the passphrase is empty")
    check(ended.wait() == 1 and echo(ended), "nor is the end of input")
    long = terminal(s, "new", folder / "never.id")
    answer(long, "^New passphrase", "x" * 1025)
    long.see("^tacit identity: the passphrase has more than 1024 bytes")
    unseen(long, 1, "xxx")
    check(not (folder / "never.id").exists(), "and no file was made")
    wrong = terminal(s, "export", path)
    answer(wrong, "^Passphrase for", WORDS + "!")
    wrong.see("^tacit identity: .*wrong passphrase")
    unseen(wrong, 1)
    check(not re.search("[0-9a-f]{64}", wrong.text), "a wrong passphrase opens nothing")


def interrupted(s, path):
    for key, number in ((b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)):
        process = terminal(s, "export", path)
        process.see("^Passphrase for")
        check(not echo(process), "the echo is off")
        process.send(b"half of it" + key)
        unseen(process, -number, "half of it")
    for number in (signal.SIGTERM, signal.SIGHUP):
        process = terminal(s, "export", path)
        process.see("^Passphrase for")
        process.signal(number)
        unseen(process, -number)
    process = terminal(s, "export", path)
    process.see("^Passphrase for")
    process.send(b"half of it")
    # nobody is stopped whom no shell could wake again: it goes on, and asks again
    process.signal(signal.SIGTSTP)
    process.see("^Passphrase for")
    process.send(b"\x03")
    unseen(process, -signal.SIGINT, "half of it")


def stopped(s, path):
    """Below a shell with job control: Ctrl-Z gives the shell its echo, fg asks again."""
    shell = s.start("shell", "bash", "--norc", "--noediting", "-i", pty=True,
        env={"PS1": "ready> ", "T": str(TACIT), "F": str(path), "LC_ALL": "C"})
    shell.see("ready> ")
    shell.say('"$T" identity export "$F" | wc -c')
    shell.see("Passphrase for .*: ")
    check(not echo(shell), "the echo is off")
    shell.send(b"half of it\x1a")
    shell.see("Stopped")
    shell.see("ready> ")
    check(echo(shell), "a stopped process leaves the echo on")
    shell.say("fg")
    answer(shell, "Passphrase for .*: ", WORDS)
    shell.see("^65$")
    shell.see("ready> ")
    shell.say("exit")
    check(shell.wait() == 0, "the shell ends")
    check(WORDS not in shell.text and "half of it" not in shell.text, "nothing typed was seen")


def rotated(s, path, secret_file, found, digits):
    before = path.read_bytes()
    shown = identity(s, "show", path)
    check(shown.out.decode() == found + "\n" and shown.err == b"", "show needs no passphrase")
    process = terminal(s, "rotate", path)
    answer(process, "^Passphrase for", WORDS)
    check(process.see("^(%s)$" % IDENTIFIER).group(1).decode() == found, "the identifier stays")
    unseen(process, 0)
    check(len(path.read_bytes()) == len(before) + 161, "the history has one key more")
    secret = identity(s, "export", path, "--passphrase-file", secret_file).out.decode()
    check(re.fullmatch("[0-9a-f]{64}\n", secret) and secret.strip() != digits, "the key is new")
    check(json.loads(identity(s, "show", path, "--json").out) ==
          {"identifier": found, "keys": 2, "passphrase": True}, "and show counts two")


def exported(s, path, *args):
    return json.loads(identity(s, "export", path, "--json", *args).out)


def resealed(s, folder, path, words, found):
    """All three ways: another passphrase, none, and one again; the identity stays what it is."""
    path = shutil.copy(path, folder / "changed.id")
    next_words = folder / "next words"
    next_words.touch(0o600)
    next_words.write_text(NEXT)
    before, key = path.read_bytes(), exported(s, path, "--passphrase-file", words)
    changed_by_hand(s, path, found)
    after = path.read_bytes()
    # FORMAT.md 1.1: 18 bytes, the salt, the history, the sealed key
    check(len(after) == len(before) and after[:18] == before[:18] and after[18:34] != before[18:34]
        and after[34:-48] == before[34:-48] and after[-48:] != before[-48:],
        "the history stays byte for byte, salt and seal are new")
    check(path.stat().st_mode & 0o777 == 0o600, "nobody else can read the file")
    check(not (folder / "changed.id.new").exists(), "and nothing lies beside it")
    refused(s, "wrong passphrase", "passphrase", path, "--passphrase-file", words,
        "--new-no-passphrase")
    refused(s, "no terminal to ask .*: give --passphrase-file FILE", "passphrase", path)
    refused(s, "has a passphrase: leave out --no-passphrase", "passphrase", path,
        "--no-passphrase", "--new-passphrase-file", next_words)
    check(path.read_bytes() == after, "what is refused changes nothing")
    removed = identity(s, "passphrase", path, "--passphrase-file", next_words,
        "--new-no-passphrase", "--json")
    check(json.loads(removed.out) == {"identifier": found, "keys": 2, "passphrase": False} and
        b"warning: " in removed.err, "it is removed, with a warning")
    check(path.read_bytes()[34:-48] == before[34:-48], "and the history stays")
    check(exported(s, path, "--no-passphrase") == key, "it is the same key")
    not_set(s, folder, path, next_words)
    again = identity(s, "passphrase", path, "--no-passphrase", "--new-passphrase-file",
        "/dev/stdin", input=WORDS.encode() + b"\n")
    check(again.out.decode() == found + "\n" and again.err == b"", "and set again, from a pipe")
    check(exported(s, path, "--passphrase-file", words) == key, "it is the same key")


def changed_by_hand(s, path, found):
    """On a terminal: the old passphrase is asked for first, and has to be right."""
    wrong = terminal(s, "passphrase", path)
    answer(wrong, "^Passphrase for .*: ", NEXT)
    wrong.see("^tacit identity: .*wrong passphrase")
    unseen(wrong, 1, NEXT)
    check("New passphrase" not in wrong.text, "who does not know the old one is asked no more")
    changed = terminal(s, "passphrase", path)
    answer(changed, "^Passphrase for .*: ", WORDS)
    answer(changed, "^New passphrase for .*: ", NEXT)
    answer(changed, "^Once more the passphrase for .*: ", NEXT)
    check(changed.see("^(%s)$" % IDENTIFIER).group(1).decode() == found, "the identifier stays")
    unseen(changed, 0)
    check(NEXT not in changed.text, "neither of them was seen")


def not_set(s, folder, path, words):
    """Of a file without a passphrase."""
    before = path.read_bytes()
    differ = terminal(s, "passphrase", path, "--no-passphrase")
    answer(differ, "^New passphrase for .*: ", NEXT)
    answer(differ, "^Once more .*: ", NEXT + "!")
    differ.see("^tacit identity: the two passphrases differ: nothing was changed")
    unseen(differ, 1, NEXT)
    empty = terminal(s, "passphrase", path, "--no-passphrase")
    answer(empty, "^New passphrase for .*: ", "")
    empty.see("^tacit identity: the passphrase is empty: use --new-no-passphrase")
    check(empty.wait() == 1, "an empty passphrase is none")
    ended = terminal(s, "passphrase", path, "--no-passphrase")
    answer(ended, "^New passphrase for .*: ", NEXT)
    ended.see("^Once more .*: ")
    ended.send(b"half of it\x03")
    unseen(ended, -signal.SIGINT, "half of it")
    for said, args in (
            ("no terminal .*: give --new-passphrase-file FILE, or --new-no-passphrase",
                ("--no-passphrase",)),
            ("cannot read .*: No such file",
                ("--no-passphrase", "--new-passphrase-file", folder / "nowhere")),
            ("has no passphrase: use --no-passphrase", ("--new-passphrase-file", words)),
            ("has no passphrase: leave out --passphrase-file",
                ("--passphrase-file", words, "--new-passphrase-file", words))):
        refused(s, said, "passphrase", path, *args)
    check(path.read_bytes() == before, "the file is as it was")


def open_file(s, folder):
    """A file without a passphrase is said to be one at every turn."""
    path = folder / "open.id"
    made = identity(s, "new", path, "--no-passphrase", "--json")
    check(b"warning: " in made.err, "an open file is warned of")
    first = json.loads(made.out)
    check(re.fullmatch(IDENTIFIER, first["identifier"]) and first["keys"] == 1 and
          first["passphrase"] is False, "and made")
    refused(s, "has no passphrase: use --no-passphrase", "rotate", path)
    refused(s, "has no passphrase: use --no-passphrase", "export", path)
    for keys in range(2, 9):
        again = json.loads(identity(s, "rotate", path, "--no-passphrase", "--json").out)
        check(again == dict(first, keys=keys), "rotated: %d keys" % keys)
    refused(s, "rotated 7 times.*make a new identity", "rotate", path, "--no-passphrase")
    full = s.run("sh", "-c", '"$0" identity show "$1" >/dev/full', TACIT, path, ok=False)
    check(full.status == 1 and b"cannot write: " in full.err, "what cannot be written is said")
    return path


def wrong_files(s, folder, path, sealed):
    copy, whole = folder / "copy.id", path.read_bytes()

    def with_bytes(content, mode=0o600):
        copy.write_bytes(content)
        copy.chmod(mode)
        return copy

    refused(s, "exists already", "new", path, "--no-passphrase")
    check(path.read_bytes() == whole, "what exists is not overwritten")
    refused(s, "No such file", "show", folder / "nobody.id")
    refused(s, "damaged or cut short", "show", with_bytes(whole[:-1]))
    refused(s, "is not an identity file", "show", with_bytes(b"hello\n"))
    refused(s, "is too big", "show", with_bytes(b"x" * 9999))
    refused(s, "a signature in its history", "show",
        with_bytes(whole[:60] + bytes([whole[60] ^ 1]) + whole[61:]))
    refused(s, "is damaged", "export", with_bytes(whole[:-1] + bytes([whole[-1] ^ 1])),
        "--no-passphrase")
    for command in COMMANDS[1:]:
        refused(s, "open to others.*chmod 600", command, with_bytes(whole, 0o644))
    copy.unlink()
    copy.symlink_to(path)
    refused(s, "symbolic link: name the file itself", "show", copy)
    refused(s, "exists already", "new", copy, "--no-passphrase")
    copy.unlink()
    refused(s, "regular file", "show", folder)
    refused(s, "No such file", "new", folder / "none" / "a.id", "--no-passphrase")
    refused(s, "has a passphrase: leave out --no-passphrase", "export", sealed, "--no-passphrase")
    refused(s, r"cannot open .*\\x1b\[31mé\\x0a\\xff: No such",
        "show", folder / "\x1b[31mé\n\udcff")
    refused(s, r"^tacit identity: .*n\\x1b\\xc2\\x9b", "new", str(folder / "n\x1b\x9b" / "a"),
        "--no-passphrase")


def unwritable(s, folder):
    """By somebody whom rights hold: root goes as nobody."""
    closed = folder / "closed"
    closed.mkdir(mode=0o555)
    program = shutil.copy(TACIT, folder / "program")
    program.chmod(0o755)
    folder.chmod(0o755)
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] * (os.geteuid() == 0)
    run = s.run(*drop, program, "identity", "new", closed / "a.id", "--no-passphrase", ok=False)
    check(run.status == 1 and re.match(rb"tacit identity: cannot write .*Permission denied",
        run.err), "a folder that is not ours to write: " + run.err.decode().strip())
    check(not list(closed.iterdir()), "nothing was left there")


def passphrase_files(s, folder, path):
    def holding(content, mode=0o600):
        file = folder / "other words"
        file.write_bytes(content)
        file.chmod(mode)
        return file

    def tried(words, *args):
        refused(s, words, "export", path, "--passphrase-file", *args)

    tried("wrong passphrase", holding(WORDS.encode() + b"\n\n"))
    tried("the passphrase is empty", holding(b"\n"))
    tried("the passphrase is empty, and the identity has one", holding(b""))
    tried("more than 1024 bytes", holding(b"x" * 1025))
    tried("more than 1024 bytes", holding(b"x" * 5000))
    tried("cannot read .*: No such file", folder / "nowhere")
    tried("cannot read .*: Is a directory", folder)
    file = holding(WORDS.encode(), 0o644)
    piped = identity(s, "export", path, "--passphrase-file", file)
    check(b"is open to others" in piped.err and len(piped.out) == 65, "an open one is warned of")
    piped = identity(s, "export", path, "--passphrase-file", "/dev/stdin",
        input=WORDS.encode() + b"\n")
    check(piped.err == b"" and len(piped.out) == 65, "a pipe will do")
    for command in ("rotate", "export"):
        refused(s, "no terminal to ask .*: give --passphrase-file FILE", command, path)
    refused(s, "no terminal to ask .*: give --passphrase-file FILE, or --no-passphrase", "new",
        folder / "never.id")
    check(not (folder / "never.id").exists(), "and no file was made")


def usage(s, path):
    before = path.read_bytes()
    for args, words in (
            ((), "^usage: tacit identity COMMAND"),
            (("make", path), r"no command 'make'; tacit identity --help"),
            (("show",), "wants one FILE; see tacit identity show --help"),
            (("show", path, path), "wants one FILE"),
            (("show", path, "--no-passphrase"), "unknown option --no-passphrase; see"),
            (("new", path, "--secret"), "unknown option --secret; see tacit identity new --help"),
            (("rotate", path, "--passphrase-file"), "wants a value"),
            (("rotate", path, "--passphrase-file", "x", "--no-passphrase"), "exclude each other"),
            (("rotate", path, "--passphrase", "x"), "everybody can read a command line"),
            (("rotate", path, "--passphrase=x"), "everybody can read a command line"),
            (("passphrase", path, "--new-passphrase-file", "x", "--new-no-passphrase"),
                "--new-passphrase-file and --new-no-passphrase exclude each other"),
            (("passphrase", path, "--new-passphrase", "x"), "everybody can read a command line"),
            (("passphrase", path, "--new-passphrase=x"), "everybody can read a command line"),
            (("passphrase", path, "--new-passphrase-file"), "wants a value"),
            (("rotate", path, "--new-no-passphrase"), "unknown option --new-no-passphrase; see"),
            (("show", "--passphrase=x", path), "everybody can read a command line")):
        refused(s, words, *args, status=2)
    check(path.read_bytes() == before, "and nothing was changed")


def helped(s, folder):
    """Each --help fits a screen; its example works, as it is written."""
    check(b"  identity  " in s.tacit("--help").out, "tacit --help lists it")
    place = folder / "examples"
    place.mkdir()
    for command in COMMANDS:
        text = identity(s, command, "--help").out.decode()
        lines = text.splitlines()
        check(len(lines) <= 24 and max(map(len, lines)) <= 96, "%s --help fits" % command)
        example = lines[-1].partition("example: ")[2]
        process = s.start("example", "sh", "-c", example, pty=True, cwd=place,
            env={"PATH": "%s:%s" % (BUILD, os.environ["PATH"])})
        for _ in range({"new": 2, "show": 0, "passphrase": 3}.get(command, 1)):
            answer(process, "assphrase for alice.id: ", WORDS)
        check(process.wait() == 0, "works: " + example)
    check((place / "alice.secret").stat().st_mode & 0o777 == 0o600, "its secret is its owner's")
    text = identity(s, "--help").out.decode().splitlines()
    check(all(any(line.startswith("  " + c) for line in text) for c in COMMANDS), "all are listed")
    check(text[-1].startswith("example: "), "with an example")


@scenario
def main(s):
    path, words = s.dir / "alice.id", s.dir / "words"
    words.write_text(WORDS + "\n")
    words.chmod(0o600)
    s.step("typed")
    found, digits = typed(s, path, words)
    s.step("mistyped")
    mistyped(s, s.dir, path)
    s.step("interrupted")
    interrupted(s, path)
    stopped(s, path)
    s.step("rotated")
    rotated(s, path, words, found, digits)
    s.step("resealed")
    resealed(s, s.dir, path, words, found)
    s.step("without a passphrase")
    unsealed = open_file(s, s.dir)
    s.step("wrong files")
    wrong_files(s, s.dir, unsealed, path)
    unwritable(s, s.dir)
    s.step("passphrases from files")
    passphrase_files(s, s.dir, path)
    s.step("usage")
    usage(s, path)
    helped(s, s.dir)

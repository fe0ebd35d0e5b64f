#!/usr/bin/env python3
# Goal: what --help says is what there is: its example works as it stands; the man pages and the
# completion of three shells know the same commands and options, and are installed in their places.
import os
import re
import shutil

from lib import BUILD, ROOT, check, scenario, wait_until
from typist import Machine, alone

LINES, COLUMNS = 24, 100
OPTION = r"(?<![\w-])(--[a-z][a-z-]*|-[A-Za-z])(?![a-z])"


class Help:
    """What a command says of itself. words: how it is called, behind tacit."""

    def __init__(self, s, words):
        self.words, self.name = words, " ".join(("tacit",) + words)
        self.text = s.tacit(*words, "--help").out.decode()
        said, self.mark, self.example = self.text.rpartition("\nexample: ")
        # -vv is -v, twice
        self.options = set(re.findall(OPTION, re.sub(r"-([a-z])\1\b", r"-\1", said)))
        listed = re.search(r"^commands:\n((?:  .*\n)+)", self.text, re.MULTILINE)
        self.commands = re.findall(r"^  (\w+)  ", listed.group(1), re.MULTILINE) if listed else []
        if listed:  # what it says of its commands' options
            self.options &= {"--help", "--version"}


def helps(s, words=()):
    """Of tacit, of each command, and of each command's commands."""
    own = Help(s, words)
    yield own
    for name in own.commands:
        yield from helps(s, words + (name,))


def fits(s, help):
    lines = help.text.splitlines()
    check(len(lines) <= LINES and max(map(len, lines)) <= COLUMNS,
        "%s --help fits a screen" % help.name)
    check(help.text.startswith("usage: " + help.name), "it begins with how to call it")
    check(help.mark and not re.search(r"\n\s*\n", help.example), "and ends with an example")
    check(s.tacit(*help.words, "-h").out.decode() == help.text, "-h says the same")
    full = s.run("sh", "-c", 'exec "$@" >/dev/full', "sh", BUILD / "tacit", *help.words, "--help",
        ok=False)
    check(full.status == 1 and b"cannot write to standard output" in full.err, "or that it could not")


# Man pages

def page_of(name):
    """The source of the page that documents the command; some have one together."""
    both = {"receive": "send", "echo": "ping", "dump": "streams"}
    pages = list((ROOT / "man").glob("tacit-%s.[18].scd" % both.get(name, name)))
    check(len(pages) == 1, "%s has a man page" % name)
    return pages[0]


def documented(page):
    return set(re.findall(r"\*%s\*" % OPTION, page.read_text()))


def pages(all_helps):
    wanted = {ROOT / "man/tacit.1.scd": set(all_helps[()].options)}
    for words, help in all_helps.items():
        if words:
            wanted.setdefault(page_of(words[0]), set()).update(help.options)
    for page, options in wanted.items():
        check(documented(page) - {"--option"} == options, "%s has what --help has: %s" %
            (page.name, " ".join(sorted(documented(page) ^ options)) or "nothing else"))
        text = page.read_text()
        check(all("\n# %s\n" % part in text for part in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS",
            "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO")
            if (part, page.name) != ("ENVIRONMENT", "tacit-identity.1.scd")), "and each part of a page")
    named = set(re.findall(r"\*(tacit[a-z-]*)\*\((\d)\)", "".join(
        page.read_text() for page in (ROOT / "man").glob("*.scd"))))
    there = {tuple(page.name.split(".")[:2]) for page in (ROOT / "man").glob("*.scd")}
    check(named == there, "the pages name each other, and no other of ours")


# Completion: as the files are written, and as the shells take them where they are there.

def bash(s, *words):
    """What bash offers for the last word."""
    out = s.run("bash", "--norc", "-c", 'source "$1"; shift; COMP_WORDS=("$@"); '
        'COMP_CWORD=$(($# - 1)); _tacit; printf "%s\\n" "${COMPREPLY[@]}"', "bash",
        ROOT / "completion/tacit.bash", "tacit", *words).out.decode()
    return set(out.split())


def fish_file(words):
    """The options in completion/tacit.fish for a command: of the lines whose condition it meets."""
    found = set()
    for line in (ROOT / "completion/tacit.fish").read_text().splitlines():
        condition = re.match(r"complete -c tacit (?:-n '(\w+) ([^;']*)'|(?=-l help))", line)
        option = re.search(r" -(l|s) (\S+)", line)
        if not condition or not option:
            continue
        kind, args = condition.group(1), (condition.group(2) or "").split()
        if kind is None or (kind == "__tacit_words" and not words) \
                or (kind == "__tacit_command" and words[:1] and words[0] in args) \
                or (kind == "__tacit_identity" and words[1:] and words[1] in args):
            found.add(("--" if option.group(1) == "l" else "-") + option.group(2))
    return found


def zsh_file(words):
    """The same for completion/tacit.zsh: its function, and in there the case."""
    text = (ROOT / "completion/tacit.zsh").read_text()
    arrays = dict(re.findall(r"^(_tacit_\w+)=\(\n(.*?)^\)", text, re.MULTILINE | re.DOTALL))
    function = "_tacit_identity" if words[:1] == ("identity",) else "_tacit"
    body = re.search(r"^%s\(\) \{\n(.*?)^\}" % function, text, re.MULTILINE | re.DOTALL).group(1)
    body, _, cases = body.partition("\tcase ")
    inner = words[1:] if function == "_tacit_identity" else words
    if inner:
        body = re.search(r"^\t(?:\w+\|)*%s(?:\|\w+)*\)\n(.*?);;" % inner[0], cases,
            re.MULTILINE | re.DOTALL).group(1)
    body += "".join(arrays[name] for name in re.findall(r"\$(_tacit_\w+)", body))
    return set(re.findall(r"'(?:\([^)]*\))?\*?(-[\w-]+)\[", body))


def fish(s, *words):
    out = s.run("fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]",
        ROOT / "completion/tacit.fish", " ".join(("tacit",) + words)).out.decode()
    return {line.split("\t")[0] for line in out.splitlines()}


def zsh(s, all_helps):
    """What a zsh on a terminal lists for `tacit WORDS -` and the Tab key, for each of them."""
    shell = s.start("zsh", "zsh", "-f", "-i", pty=True, cwd=s.dir, env={"PS1": "", "TERM": "dumb"})
    shell.say("stty cols 200 rows 100; fpath=(%s/share/zsh/site-functions $fpath); LISTMAX=1000; "
        "autoload -Uz compinit; compinit -D -u; unsetopt automenu; echo rea''dy" % (s.dir / "prefix"))
    offered = {}
    for words in all_helps:
        shell.see("ready\r?\n")
        begin = shell.position
        shell.send((" ".join(("tacit",) + words) + " -\t\t").encode())
        shell.see("--help")
        shell.send(b"\x15echo rea''dy\n")  # ^U: nothing of it is run
        wait_until(lambda: b"ready\n" in shell.raw[begin:].replace(b"\r", b""), "zsh has listed")
        listed = shell.raw[begin:].decode()
        offered[words] = {option for line in re.findall(r"^(-.*?) +-- ", listed, re.MULTILINE)
            for option in line.split()} or {"--help"}  # which alone is no list, but written out
    shell.kill()
    return offered


def completion(s, help):
    expected = help.options
    for shell, offered in (("bash", bash(s, *help.words, "-")), ("fish", fish_file(help.words)),
            ("zsh", zsh_file(help.words))):
        check(offered == expected, "%s: %s knows its options, and no others: %s" % (help.name, shell,
            " ".join(sorted(offered ^ expected)) or "none"))
    if help.commands:
        check(bash(s, *help.words, "") - help.options == set(help.commands), "bash knows its commands")


def shells(s, all_helps):
    for name in ("zsh", "fish"):
        if not shutil.which(name):
            s.step("there is no %s here: its completion was read, and not tried" % name)
            continue
        check(s.run(name, "-n", ROOT / ("completion/tacit." + name)).err == b"", name + " reads it")
        offered = zsh(s, all_helps) if name == "zsh" else \
            {words: fish(s, *words, "-") for words in all_helps}
        for words, help in all_helps.items():
            check(offered[words] == help.options, "a %s offers the options of %s: %s" % (name,
                help.name, " ".join(sorted(offered[words] ^ help.options)) or "no others"))


def values(s):
    """What bash offers behind options, in a folder with two files and a folder in it."""
    here = s.dir / "here"
    (here / "data").mkdir(parents=True)
    (here / "first.id").touch()
    (here / "list").touch()
    os.chdir(here)
    for words, offered in (
            (("s",), {"send", "streams"}),
            (("identity", "ro"), {"rotate"}),
            (("receive", "--trust", ""), {"first", "everyone", "first.id", "list", "data"}),
            (("receive", "--trust", "fir"), {"first", "first.id"}),
            (("receive", "--trust", "=", "fir"), {"first", "first.id"}),
            (("receive", "--trust", "="), {"first", "everyone", "first.id", "list", "data"}),
            (("receive", "-o", "l"), {"list"}),
            (("send", "tac"), set()),
            (("send", "tacit://h:1/a/b#P0", "f"), {"first.id"}),
            (("send", "--identity", "f"), {"first.id"}),
            (("identity", "show", ""), {"first.id", "list", "data"}),
            (("hub", "--store", ""), {"data"}),
            (("streams", "--store", ""), {"data"}),
            (("hub", ""), set()),
            (("ping", "-c", ""), set())):
        check(bash(s, *words) == offered, "bash, %s: %s" % (words, " ".join(sorted(offered))))
    os.chdir(ROOT)


def installed(s, all_helps):
    prefix = s.dir / "prefix"
    s.run("cmake", "--install", BUILD, "--prefix", prefix)
    for path in ("bin/tacit", "share/bash-completion/completions/tacit",
            "share/zsh/site-functions/_tacit", "share/fish/vendor_completions.d/tacit.fish"):
        check((prefix / path).is_file(), path + " is installed")
    if not shutil.which("scdoc"):
        s.step("there is no scdoc here, and so no man page")
        return
    names = {"tacit.1", "tacit.7", "tacit-hub.8"}
    names |= {"tacit-%s.1" % w[0] for w in all_helps if len(w) == 1 and w[0] != "hub"}
    there = {p.name for p in (prefix / "share/man").glob("man*/*")}
    check(there == names, "so are the man pages: %s" % " ".join(sorted(there)))
    if not shutil.which("man"):
        s.step("there is no man here: the pages were not read")
        return
    for name in sorted(names):
        page, section = name.split(".")
        read = s.run("man", "--warnings", section, page, env={"MANPATH": str(prefix / "share/man"),
            "MANWIDTH": "100", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""})
        check(read.err == b"" and b"SEE ALSO" in read.out, "man %s %s" % (section, page))


# Examples, each as it stands, in a home of its own, with a hub on the port that they mean

# what those print that then wait for somebody
WAITING = {"hub": "Listening on 127.0.0.1:4000", "echo": "tacit://..."}
# and what those do that are not the last command
PRINTED = {"ping": "4 sent, 4 received...", "dump": "INDEX...", "streams": "STREAM..."}
# on a machine so slow that a second is too short
PATIENT = "sleep() { until grep -qs ^tacit: invitation || " \
    "tacit streams --store streams >/dev/null 2>&1; do command sleep 0.1; done; }"


def example(s, help, files=()):
    """files: those that it takes for granted, from where they are."""
    machine = Machine(s, "-".join(help.words) or "tacit",
        env={"PATH": "%s:%s" % (BUILD, os.environ["PATH"])})
    if "sleep" in help.example:
        machine.type(PATIENT)
    for path in files:
        if path.name in help.example and " new " not in help.example:
            shutil.copy(path, machine.home)
    for line in help.example.splitlines():
        s.step("$ " + line)
        machine.type(line)
    if help.words and help.words[-1] in WAITING:
        machine.see(WAITING[help.words[-1]])
        return machine
    machine.type("echo status $?")
    if help.words and help.words[-1] in PRINTED:  # its status is that of the last command
        machine.see(PRINTED[help.words[-1]])
    check(machine.see("status ...").group().strip() == "status 0", "it works")
    return machine


def examples(s, all_helps):
    hub = example(s, all_helps[("hub",)])
    identity = example(s, all_helps[("identity", "new")]).home / "alice.id"
    for words, help in all_helps.items():
        if words not in (("hub",), ("identity", "new")):
            machine = example(s, help, [identity])
            if words and words[-1] in WAITING:
                machine.interrupt()
            machine.await_prompt()
    hub.interrupt()
    hub.await_prompt()


@scenario
def main(s):
    is_alone = alone()
    all_helps = {help.words: help for help in helps(s)}
    s.step("--help")
    for help in all_helps.values():
        fits(s, help)
    s.step("man pages")
    pages(all_helps)
    s.step("installed")
    installed(s, all_helps)
    s.step("completion")
    for help in all_helps.values():
        completion(s, help)
    values(s)
    shells(s, all_helps)
    if is_alone:
        examples(s, all_helps)
    else:
        s.step("no network of its own is allowed here: the examples were read, and not tried")

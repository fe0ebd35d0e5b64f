#!/usr/bin/env python3
# Goal: docs/tutorial.md is true: each command as it stands there, typed into the shells of two
# machines, prints what stands below it, and the file arrives.
import re

from lib import BUILD, ROOT, check, fail, scenario, skip
from typist import Machine, alone

TUTORIAL = ROOT / "docs/tutorial.md"
MACHINES = ("server", "laptop")
# what a reader pastes when a block ends with `read -r NAME`: the last such line of that machine
PASTED = {
    "laptop": ("laptop", r"^(P[0-9a-f]{64})$"),
    "invitation": ("server", r"^(tacit://\S+)$"),
    "stream": ("server", r"^(receive-in\S*)"),
}


def blocks(text):
    """(kind, machine, lines) of each fenced block; of what appears, the machine is the last one."""
    machine = None
    for info, body in re.findall(r"^```(.*)\n((?:.*\n)*?)```$", text, re.MULTILINE):
        kind, _, where = info.partition(" on the ")
        lines = body.splitlines()
        if kind == "sh":
            where = re.fullmatch(r"# on (?:the )?(server|laptop|both)", lines.pop(0))
            if not where:
                fail("a block does not say where to type it:\n" + body)
            machine = where.group(1)
            yield kind, machine, lines
        elif kind == "text":
            yield kind, where or machine, lines
        else:
            fail("a block is neither sh nor text: " + info)


def paste(machines, machine, name):
    owner, pattern = PASTED[name]
    found = re.findall(pattern, machines[owner].shell.text, re.MULTILINE)
    check(found, "%s is there to be pasted" % name)
    machine.shell.say(found[-1])


def as_it_stands(line):
    """A build folder that is not the usual one is up to date, and is the one to install from."""
    if BUILD == ROOT / "build":
        return line
    return "true" if line == "script/build" else line.replace(" build ", " %s " % BUILD)


def type_in(s, machines, machine, line):
    s.step("%s: %s" % (machine.name, line))
    machine.type(as_it_stands(line))
    pasted = re.fullmatch(r"read -r (\w+)", line)
    if pasted:
        paste(machines, machine, pasted.group(1))


def follow(s, machines):
    """What has nothing below it is over before the reader goes on."""
    all_blocks = list(blocks(TUTORIAL.read_text()))
    for (kind, where, lines), below in zip(all_blocks, all_blocks[1:] + [("sh",)]):
        for machine in (machines.values() if where == "both" else [machines[where]]):
            for line in lines:
                if kind == "text":
                    machine.see(line)
                else:
                    type_in(s, machines, machine, line)
            if kind == below[0] == "sh":
                machine.await_prompt()


def kept(home):
    """All that Kafka has on its disk of the hub's topics."""
    return b"".join(log.read_bytes() for log in home.glob("tacit-kafka/data/tacit.*/*.log"))


def outcome(machines):
    server, laptop = machines["server"].home, machines["laptop"].home
    sent = (laptop / "numbers.txt").read_bytes()
    check(len(sent) > 6000000 and (server / "received.txt").read_bytes() == sent, "the file arrived")
    check((server / "again.txt").read_bytes().count(b"\n") == 1, "and so did the line")
    check(not list(server.glob("*.part")), "nothing half written stays")
    sums = [re.findall(r"^([0-9a-f]{64})  \S+$", m.shell.text, re.MULTILINE)
        for m in machines.values()]
    check(sums[0] == sums[1] and len(sums[0]) == 1, "both saw the same SHA-256")
    check(len(kept(server)) > len(sent) and b"999999" not in kept(server),
        "Kafka's disk has as much, and not a line of it")


@scenario
def main(s):
    if not alone():
        skip("no network of its own is allowed here, and its ports may be somebody else's")
    machines = {name: Machine(s, name, cwd=ROOT) for name in MACHINES}
    follow(s, machines)
    outcome(machines)

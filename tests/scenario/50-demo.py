#!/usr/bin/env python3
# Goal: script/demo as a reader of the README uses it: piped and typed, ended in every usual way,
# and nothing of it stays.
import re

from lib import check, fail, scenario


def nothing_stays(s, tree, how):
    check(s.leftovers() == [], "%s: no process stays" % how)
    check(list((s.dir / "tmp").iterdir()) == [], "%s: no temporary file stays" % how)
    check(tree.unchanged(), "%s: git sees no new file" % how)


def typed(s, tree):
    """The demo on a terminal, Alice's prompts answered up to the first message."""
    demo = s.start("demo", tree.path / "script/demo", pty=True, env={"TMPDIR": str(s.dir / "tmp")})
    demo.see(r"Enter the stream sender name for Bob:", 300)
    demo.see(r"Enter the stream receiver name for Bob:")
    demo.say("typed by hand")
    demo.see(r"Alice received an echo: typed by hand$")
    return demo


@scenario
def main(s):
    tmp = {"TMPDIR": str(s.dir / "tmp")}
    (s.dir / "tmp").mkdir()
    tree = s.tree()
    program = tree.path / "script/demo"

    s.step("piped")
    run = s.run(program, input="hello\nsecond\nGrüße\n".encode(), timeout=600, env=tmp)
    out = run.out.decode()
    for text in ("hello", "second", "Grüße"):
        check(re.search(r"^alice \| .*Alice received an echo: %s$" % text, out, re.M),
            "piped: the echo of %s" % text)
    check(re.search(r"^hub   \| Push to the stream \S+: [0-9a-f]+$", out, re.M),
        "piped: the hub shows what it sees")
    check(re.search(r"^bob   \| .*hello$", out, re.M), "piped: Bob shows what he got")
    pushes = "".join(re.findall(r"Push to the stream \S+: (.*)", out))
    check("second".encode().hex() not in pushes, "piped: the hub sees no plaintext")
    nothing_stays(s, tree, "piped")

    s.step("no input at all")
    s.run(program, timeout=120, env=tmp)
    nothing_stays(s, tree, "no input")

    s.step("typed, ended with Ctrl-D")
    demo = typed(s, tree)
    demo.end()
    check(demo.wait() == 0, "Ctrl-D: status 0")
    nothing_stays(s, tree, "Ctrl-D")

    s.step("typed, ended with Ctrl-C")
    demo = typed(s, tree)
    demo.send(b"\x03")
    check(demo.wait() == 130, "Ctrl-C: status 130")
    nothing_stays(s, tree, "Ctrl-C")

    s.step("the hub dies under it")
    demo = typed(s, tree)
    hubs = [pid for pid, command in s.leftovers() if "tacit hub" in command]
    if len(hubs) != 1:
        fail("there are %d hubs" % len(hubs))
    s.run("kill", "-9", str(hubs[0]))
    check(demo.wait() == 1, "the demo ends with 1, although nobody types anything")
    nothing_stays(s, tree, "hub killed")

    s.step("Bob dies under it")
    demo = typed(s, tree)
    s.run("kill", "-9", *[str(pid) for pid, command in s.leftovers() if "/bob " in command])
    check(demo.wait() == 1, "the demo ends with 1")
    nothing_stays(s, tree, "Bob killed")

    s.step("wrong use")
    check(s.run(program, "--nonsense", ok=False).status == 2, "an unknown option: status 2")

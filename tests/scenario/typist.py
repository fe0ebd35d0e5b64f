"""Who types commands into shells on terminals, as a reader of the documentation does; and a network
of the scenario's own, where the ports that it names are free."""

import ctypes
import fcntl
import os
import re
import socket
import struct

from lib import wait_until

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
PASSPHRASE = "as good as any other"


def alone():
    """Takes this process, and all that it starts from now on, out of the machine's network; False:
    that is not allowed here.  To be called before there are threads."""
    unshare = ctypes.CDLL(None).unshare
    uid, gid = os.geteuid(), os.getegid()
    if unshare(CLONE_NEWNET) != 0:
        if unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            return False
        for name, text in ("setgroups", "deny"), ("uid_map", "%d %d 1" % (uid, uid)), \
                ("gid_map", "%d %d 1" % (gid, gid)):
            with open("/proc/self/" + name, "w") as f:
                f.write(text)
    with socket.socket() as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", IFF_UP))
    return True


class Machine:
    """A shell on a terminal, with a home of its own; whoever asks for a passphrase there gets it."""

    def __init__(self, s, name, cwd=None, env=None):
        self.name, self.home, self.prompt = name, s.dir / name, "<%s> " % name
        self.home.mkdir()
        env = {"HOME": str(self.home), "PS1": self.prompt, "TERM": "dumb", **(env or {})}
        env.setdefault("XDG_DATA_HOME", str(self.home / ".local/share"))
        self.shell = s.start(name, "bash", "--norc", "--noprofile", "--noediting", "-i", pty=True,
            cwd=cwd or self.home, env=env)
        self.typed = self.answered = self.seen = 0

    def until(self, ready, words):
        def answering():
            text = self.shell.text
            if len(re.findall(r"assphrase for [^\n]*: ", text)) > self.answered:
                self.answered += 1
                self.shell.say(PASSPHRASE)
            return ready(text)
        return wait_until(answering, "the %s %s" % (self.name, words), 300)

    def await_prompt(self):
        self.until(lambda text: text.count(self.prompt) > self.typed, "waits for a command")

    def type(self, line):
        self.await_prompt()
        self.shell.say(line)
        self.typed += 1

    def see(self, line):
        """The line, or more of it where it has ..., in the output that was not seen yet."""
        words = ".*".join(re.escape(part) for part in line.split("..."))
        pattern = re.compile(r"(?:^|\r|\x1b\[K|%s)%s\r?\n" % (re.escape(self.prompt), words), re.M)
        match = self.until(lambda text: pattern.search(text, self.seen), "says: " + line)
        self.seen = match.end()
        return match

    def interrupt(self):
        self.shell.send(b"\x03")

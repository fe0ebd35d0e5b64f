#!/usr/bin/env python3
# Goal: the disk of the hub's store is full: it says so in words and confirms nothing; traffic
# waits; as soon as there is room everything goes on, and nothing was lost or doubled. Nodes of 2021
# that come meanwhile, and ask once, wait as well.
import os
import pathlib
import subprocess
import time

from lib import check, scenario, skip, wait_until
from traffic import Traffic
from wire import Client, ERROR, unique
from world import Pair, World

SIZE = 48 << 20  # the log of the database grows to 8 MiB before it is emptied

# The hub runs where this folder is a small disk that nobody else sees and that ends with it.
OWN_DISK = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--mount", "--map-root-user"]
MOUNT = 'mount -t tmpfs -o size=%d,mode=700 none "$0" && exec "$@"' % SIZE


def can_mount(folder):
    return subprocess.run(OWN_DISK + ["sh", "-c", MOUNT, str(folder), "true"],
        capture_output=True).returncode == 0


def room(path):
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def fill(path, left):
    """A file beside the store that leaves so many bytes."""
    with open(path / "filler", "ab", buffering=0) as filler:
        while room(path) > left:
            filler.write(b"x" * min(4096, room(path) - left))


def stands_still(traffic):
    """What was stored in time may still be on its way."""
    before = traffic.done()
    time.sleep(3)
    return traffic.done() == before


@scenario
def main(s):
    folder = s.dir / "disk"
    folder.mkdir()
    if not can_mount(folder):
        skip("a disk of one's own cannot be mounted here")
    hub = s.hub(store=folder / "store", before=[*OWN_DISK, "sh", "-c", MOUNT, folder])
    disk = pathlib.Path("/proc/%d/root%s" % (hub.pid, folder))  # as the hub sees it

    s.step("full in the middle of traffic")
    fill(disk, 4 << 20)
    traffic = Traffic(s, [(hub, hub)], lens=(500,))
    alice, bob = traffic.pairs[0].alice, traffic.pairs[0].bob
    hub.see("^tacit hub: warning: the store takes no entries: no space left")
    check(traffic.done() > 0, "full after %d echoes" % traffic.done())
    with Client(hub.address) as client:
        status = client.push("stream." + bob.receiver, b"z" * 60000)[0]
        check(status == ERROR, "what does not fit is not confirmed")
    world = World()
    pairs = [Pair(world, hub.address, hub.address, unique("guest"), 20, lambda _: 1000)
             for _ in range(5)]
    wait_until(lambda: stands_still(traffic), "traffic stands still")
    check(alice.alive and bob.alive and hub.alive, "traffic waits, and nobody ends")
    check(hub.text.count("takes no entries") == 1, "it is said once")
    world.survive("the nodes of 2021 wait, too")
    print("   %d of them wait to begin" % sum(pair.alice_out.asked_create for pair in pairs))

    s.step("there is room again")
    (disk / "filler").unlink()
    hub.see("^tacit hub: the store takes entries again$")
    traffic.reach(50)
    traffic.finish("after that")
    world.finish("the nodes of 2021")
    world.close()
    check(hub.stop() == 0, "the hub ends with 0")

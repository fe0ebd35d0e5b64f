#!/usr/bin/env python3
# Goal: a hub with the embedded store never kills a node of 2021, which connects once, asks once, and
# dies of whatever it does not expect: not under load, not when it reads late or slowly or asks too
# often, not when its port was somebody else's before, not when the hub is told to end.
import random
import signal
import time

from lib import check, scenario
from nodes import Consumer, Hasty
from traffic import Traffic
from wire import Client, unique
from world import Pair, World

ENTRY_MAX = 64512  # PROTOCOL.md 3.2


def any_length(_):
    """Mostly short, some of any length, and some so long that eight exceed a frame."""
    return random.choice((0, 116, 169, 550, random.randrange(2000), random.randrange(9000),
        random.choice((random.randrange(ENTRY_MAX), ENTRY_MAX - 1, ENTRY_MAX, 8170))))


def crowd(s, world, hub):
    """Fifty pairs, beside pairs of ours."""
    traffic = Traffic(s, [(hub, hub)] * 2, 1000)
    pairs = [Pair(world, hub.address, hub.address, unique("pair"), 40, any_length)
             for _ in range(50)]
    world.settle("fifty pairs")
    check(all(pair.done() for pair in pairs), "all echoes came")
    traffic.finish("beside them")


def largest(world, hub):
    """Pushed in one go: each answer to the reader is as much as fits a frame."""
    name, node = unique("large"), world.node(hub.address)
    producer = node.producer(name)
    for length in (ENTRY_MAX, 32000, 8191, 1):
        world.push([producer], 16, lambda _, length=length: length)
    world.push([producer], 200, any_length)
    world.node(hub.address).consumer(name)
    world.settle("entries of all sizes")


def readers(world, hub):
    """Of one stream: two at once, two of one address's haste, and one who comes late."""
    name = unique("read")
    producers = [world.node(hub.address).producer(name) for _ in range(2)]
    for kind in (Consumer, Consumer, Hasty, Hasty):
        world.node(hub.address).consumer(name, kind)
    world.push(producers, 150)
    late = world.node(hub.address).consumer(name)
    world.push(producers, 50)
    both = world.node(hub.address)
    one, other = both.consumer(name), both.consumer(name)
    world.settle("many readers of one stream")
    check(one.seen == other.seen == late.seen, "they read the same")
    return name, producers


def positions(world, hub, name, producers):
    """Readers who say that they read up to somewhere, which may be nowhere."""
    with Client(hub.address) as client:
        found = client.entries(name)
        first, end = found[0][0], found[-1][0] + 1
        for index in (0, first, first + 100, end, end + 20, 1 << 62):
            client_id = unique("reader")
            client.save_index(client_id, name, index)
            check(client.get_index(client_id, name)[2] == index, "a reader has read to %d" % index)
            reader = world.node(hub.address).consumer(name, client_id=client_id)
            reader.from_index = index
    world.push(producers, 30)
    world.settle("readers below the first entry, in the middle, at the end, beyond it")


def slow(world, hub):
    """A node whose socket is full: nothing is left out that it asked for."""
    name = unique("slow")
    producer = world.node(hub.address).producer(name)
    world.push([producer], 20, lambda _: 60000)
    world.settle("twenty entries of 60000 bytes")
    node = world.node(hub.address)
    workers = [node.consumer(name) for _ in range(150)]
    world.wait_until(lambda: all(w.pulls > 0 for w in workers), "150 readers on one connection ask")
    node.read(False)
    outgoing = node.producer(name)
    world.push([outgoing], 100, lambda _: 1000)
    time.sleep(1)
    for _ in range(20):
        node.read(True)
        time.sleep(0.005)
        node.read(False)
    node.read(True)
    world.settle("one that reads slowly", 120)


def same_port(world, hub):
    """One goes while its pull is held; the next one has its port, and gets nothing of it."""
    name = unique("held")
    producer = world.node(hub.address).producer(name)
    world.push([producer], 1)
    inherited = 0
    for _ in range(8):
        node = world.node(hub.address)
        source = node.source
        reader = node.consumer(name)
        world.wait_until(lambda: reader.pulls > 1, "a reader waits at the end")
        node.leave()
        try:
            heir = world.node(hub.address, source)
        except OSError:
            continue  # somebody else on this machine was quicker
        inherited += 1
        check(heir.source == source, "another one has its port")
        world.push([producer], 1)
        heir.consumer(name)
        world.settle("what the one before waited for")
        heir.leave()
    check(inherited > 0, "ports were inherited")


def told_to_end(world, hub):
    """Whole frames until the end, a status for a push at most, and what was confirmed is kept."""
    pairs = [Pair(world, hub.address, hub.address, unique("last"), 100000, any_length)
             for _ in range(10)]
    before = world.confirmed()
    world.reach(before + 200)
    world.leave()
    hub.signal(signal.SIGTERM)
    check(hub.wait() == 0, "the hub ends with 0 in the middle of traffic")
    world.wait_until(world.ended, "until all connections are closed")
    hub = hub.again()
    with Client(hub.address) as client:
        for producer in [p for pair in pairs for p in (pair.alice_out, pair.bob_out)]:
            found = dict(client.entries(producer.name))
            if any(index not in found for index in producer.indexes.values()):
                check(False, "each confirmed entry is kept")
    check(True, "each confirmed entry was kept")
    return hub


@scenario
def main(s):
    hub, world = s.hub(), World()
    s.step("a crowd")
    crowd(s, world, hub)
    s.step("entries of all sizes")
    largest(world, hub)
    s.step("readers")
    name, producers = readers(world, hub)
    positions(world, hub, name, producers)
    s.step("one that reads slowly")
    slow(world, hub)
    s.step("one port after the other")
    same_port(world, hub)
    world.finish("all of them")
    s.step("the hub is told to end")
    hub = told_to_end(world, hub)
    world.close()
    check(hub.stop() == 0, "the hub ends with 0")

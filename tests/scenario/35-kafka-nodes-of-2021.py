#!/usr/bin/env python3
# Goal: two hubs before one Kafka never kill a node of 2021: not while Kafka stands still for more than
# ten seconds, in which nodes come and a third hub is told to end, not when it is killed and comes
# back, not when streams lose their oldest entries, or are deleted under their readers and writers.
import random
import signal
import struct
import time

from lib import check, scenario
from wire import Client, unique
from world import Pair, World, Writer

PAIRS = 6


def length(_):
    return random.choice((0, 116, 550, random.randrange(3000), random.randrange(30000)))


class Traffic:
    """Pairs with a node on each hub, and writers who wait for nothing, with readers elsewhere."""

    def __init__(self, world, hubs):
        self.world, self.hubs, self.pairs, self.writers = world, [h.address for h in hubs], [], []
        self.add(PAIRS)
        for i in range(4):
            name = unique("written")
            for at in (0, 1):
                world.node(self.hubs[at]).consumer(name)
            producer = world.node(self.hubs[i % len(hubs)]).producer(name)
            self.writers.append(Writer(producer, length, 0.01))

    def add(self, count):
        for i in range(count):
            self.pairs.append(Pair(self.world, self.hubs[i % 2], self.hubs[-1 - i // 2 % 2],
                unique("pair"), 1 << 30, length))

    def stop(self, words):
        for one in self.pairs + self.writers:
            one.stop()
        self.world.settle(words)


def end_meanwhile(s, kafka):
    """A hub with nodes in the middle of everything, told to end when Kafka does not answer."""
    hub, world = s.hub(kafka=kafka), World()
    traffic = Traffic(world, [hub, hub])
    world.reach(50)
    return hub, world, traffic


def stands_still(kafka, hubs, world, traffic, third):
    hub, its_world, _ = third
    kafka.process.signal(signal.SIGSTOP)
    time.sleep(1)
    its_world.leave()
    hub.signal(signal.SIGTERM)
    traffic.add(4)  # they ask once, and nobody can answer
    before = world.confirmed()
    time.sleep(10)
    world.wait_until(lambda: world.unsent() == 0, "Kafka stands still, and the hubs read on")
    # but what Kafka had answered, if the hubs had no time to read that
    check(world.confirmed() < before + 1000, "nothing is confirmed")
    world.wait_until(lambda: any("a client of 2021 waits for" in h.text for h in hubs),
        "a hub says who waits")
    check(hub.wait() == 0, "the hub that was told to end has ended")
    its_world.wait_until(its_world.ended, "until its connections are closed")
    its_world.close()
    kafka.process.signal(signal.SIGCONT)
    world.wait_until(lambda: all(p.echoed > 0 for p in traffic.pairs),
        "those that came meanwhile talk, too")


def kept(world, hub):
    """All that was confirmed can be read."""
    with Client(hub.address) as client:
        for producer in world.producers:
            found = {index for index, _ in client.entries(producer.name)}
            if not found.issuperset(producer.indexes.values()):
                check(False, "%s has all that was confirmed" % producer.name)
    check(True, "what the third hub confirmed is kept")


def killed(kafka, world):
    kafka.kill()
    kafka.again()
    world.reach(world.confirmed() + 300)


def delete_records(kafka, topic, offset):
    """Everything below the offset, as a retention time does."""
    body = struct.pack(">ih", 1, len(topic)) + topic.encode()
    answer = kafka._ask(21, 0, body + struct.pack(">iiqi", 1, 0, offset, 30000))
    check(struct.unpack_from(">h", answer, len(answer) - 2)[0] == 0, "entries are deleted")


def trimmed(kafka, hubs, world):
    """Readers whose next entry is not there any more, or not yet."""
    name = unique("trimmed")
    producer = world.node(hubs[0].address).producer(name)
    world.push([producer], 100)
    world.settle("a hundred entries")
    delete_records(kafka, name, 60)
    with Client(hubs[0].address) as client:
        for index in (0, 30, 60, 100, 120):
            client_id = unique("reader")
            client.save_index(client_id, name, index)
            check(client.get_index(client_id, name)[2] == index, "a reader has read to %d" % index)
            reader = world.node(hubs[0].address).consumer(name, client_id=client_id)
            reader.from_index = max(index, 60)
    late = world.node(hubs[1].address).consumer(name)
    late.from_index = 60
    world.push([producer], 50)
    world.settle("readers below the first entry, and beyond the end")


def deleted(kafka, hubs, world):
    """Under two writers and three readers; and somebody makes it again."""
    name = unique("deleted")
    readers = [world.node(hubs[i % 2].address).consumer(name) for i in range(3)]
    producers = [world.node(hub.address).producer(name) for hub in hubs]
    writers = [Writer(producer, length) for producer in producers]
    world.wait_until(lambda: all(len(r.seen) == 2 for r in readers), "all read")
    for producer in producers:
        producer.gone = True
    kafka.delete(name)
    world.wait_until(lambda: all(p.refused for p in producers), "the stream is gone, pushes fail")
    world.node(hubs[0].address).consumer(name)
    count = world.confirmed()
    world.wait_until(lambda: world.confirmed() > count + 20, "it was made again")
    for writer in writers:
        writer.stop()
    world.settle("and made again")


@scenario
def main(s):
    kafka = s.kafka(own=True)
    hubs, world = [s.hub(kafka=kafka), s.hub(kafka=kafka)], World()
    s.step("all talk")
    traffic = Traffic(world, hubs)
    third = end_meanwhile(s, kafka)
    world.reach(300)
    s.step("Kafka stands still")
    stands_still(kafka, hubs, world, traffic, third)
    s.step("it is killed, and comes back")
    killed(kafka, world)
    traffic.stop("outages")
    kept(third[1], hubs[0])
    s.step("oldest entries go")
    trimmed(kafka, hubs, world)
    s.step("a stream is deleted")
    deleted(kafka, hubs, world)
    world.finish("in the end")
    world.close()
    check([hub.stop() for hub in hubs] == [0, 0], "the hubs end with 0")

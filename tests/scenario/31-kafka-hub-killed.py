#!/usr/bin/env python3
# Goal: a hub before Kafka is killed with SIGKILL in the middle of 2,000 lines, and comes back on its
# port: it has kept nothing, Kafka has everything, and each echo comes once and in order.
from lib import check, scenario
from traffic import Traffic


@scenario
def main(s):
    hub = s.hub(kafka=s.kafka())
    s.step("2000 lines")
    traffic = Traffic(s, [(hub, hub)], 2000)
    for kill in range(3):
        traffic.reach(300 + 500 * kill)
        hub.kill()
        hub = hub.again()
        s.step("killed, and there again")
    traffic.finish("killed three times")
    check(hub.stop() == 0, "the hub ends with 0")

#!/usr/bin/env python3
# Goal: a hub before Kafka is killed with SIGKILL three times among 2,000 lines, and comes back on its
# port: it has kept nothing, Kafka has everything, and each echo comes once and in order.
from lib import check, scenario
from traffic import Traffic


@scenario
def main(s):
    hub = s.hub(kafka=s.kafka())
    traffic = Traffic(s, [(hub, hub)])
    for kill in range(3):
        traffic.reach(500)
        s.step("kill %d" % (kill + 1))
        hub.kill()
        hub = hub.again()
    traffic.reach(500)
    traffic.finish("killed three times")
    check(hub.stop() == 0, "the hub ends with 0")

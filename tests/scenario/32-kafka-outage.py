#!/usr/bin/env python3
# Goal: under traffic Kafka stands still for ten seconds, is killed with SIGKILL and comes back, and
# is stopped in order and comes back: the hub and its clients ride it out, nothing is lost or doubled.
# Kafka: every version
import signal
import time

from lib import check, scenario
from traffic import Traffic


@scenario
def main(s):
    kafka = s.kafka(own=True)
    hub = s.hub(kafka=kafka)
    s.step("two pairs talk")
    traffic = Traffic(s, [(hub, hub)] * 2)
    traffic.reach(100)
    kafka.process.signal(signal.SIGSTOP)
    s.step("Kafka stands still for 10 s")
    time.sleep(10)
    kafka.process.signal(signal.SIGCONT)
    traffic.reach(300)
    kafka.kill()
    s.step("Kafka was killed")
    time.sleep(3)
    kafka.again()
    s.step("and is there again")
    traffic.reach(400)
    kafka.stop()
    s.step("Kafka was stopped in order")
    kafka.again()
    traffic.reach(400)
    traffic.finish("stopped, killed and stopped in order")
    check("no Kafka broker can be reached" in hub.text, "the hub said what it waited for")
    check(hub.alive and hub.stop() == 0, "the hub ends with 0")

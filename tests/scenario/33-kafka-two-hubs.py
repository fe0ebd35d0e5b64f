#!/usr/bin/env python3
# Goal: two hubs before one Kafka are as good as one: Bob is on one of them and Alice on the other, and
# it makes no difference to them that one is killed with SIGKILL and comes back, then the other.
from lib import check, scenario
from traffic import Traffic


@scenario
def main(s):
    kafka = s.kafka()
    one, other = s.hub(kafka=kafka), s.hub(kafka=kafka)
    s.step("a pair each way round")
    traffic = Traffic(s, [(one, other), (other, one)])
    traffic.reach(100)
    one.kill()
    one = one.again()
    s.step("one was killed and is there again")
    traffic.reach(150)
    other.kill()
    other = other.again()
    s.step("the other one was killed and is there again")
    traffic.reach(150)
    traffic.finish("two hubs, killed in turns")
    check(one.stop() == 0 and other.stop() == 0, "the hubs end with 0")

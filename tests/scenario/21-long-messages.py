#!/usr/bin/env python3
# Goal: lines longer than a record, up to 16 MiB, come back byte for byte, also two at once, and when
# the hub is killed in the middle of one; a short line behind a long one waits its turn; Alice at the
# end of her input, and Bob who is stopped, end with 0.
import random
import time

from lib import check, scenario
from traffic import Traffic

MIB = 1 << 20


@scenario
def main(s):
    hub = s.hub()
    s.step("lines around the length of a record, and of a mebibyte")
    Traffic(s, [(hub, hub)], 40,
        lens=(0, 61000, 61400, 61440, 61500, 122880, MIB - 1, MIB + 1)).finish("up to 1 MiB")
    s.step("two pairs with 16 MiB at once")
    Traffic(s, [(hub, hub)] * 2, 4, lens=(0, 16 * MIB)).finish("16 MiB and back")

    s.step("the hub is killed while nothing but 16 MiB after 16 MiB is under way")
    traffic = Traffic(s, [(hub, hub)], lens=(16 * MIB,))
    for kill in range(3):
        traffic.reach(1)
        time.sleep(random.choice((0, 0.1, 0.3)))
        hub.kill()
        hub = hub.again()
    traffic.reach(1)
    traffic.finish("with a hub that was killed")
    check(hub.stop() == 0, "the hub ends with 0")

#!/usr/bin/env python3
# Goal: genuine programs of 2021, in Rust, talk to each other through our hub, and to our C programs
# over the channel of 2021, all at once and beside native pairs: each line and echo once and in order.
# Both sides know who the other one is, and survive strangers, lines for nobody and those who leave.
from interop import everything
from lib import scenario


@scenario
def main(s):
    everything(s, s.hub())

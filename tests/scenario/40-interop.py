#!/usr/bin/env python3
# Goal: our programs that speak as in 2021 do so with each other, beside native pairs, and nobody is
# talked down; each says who is there; a hub that is killed doubles nothing, and what may be lost
# then is said.
from lib import scenario
from pairs import everything


@scenario
def main(s):
    everything(s, s.hub(store=s.dir / "store"), 2)

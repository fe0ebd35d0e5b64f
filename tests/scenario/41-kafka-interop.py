#!/usr/bin/env python3
# Goal: as 40-interop.py, through a hub before a real Kafka.
from lib import scenario
from pairs import everything


@scenario
def main(s):
    everything(s, s.hub(kafka=s.kafka()), 1)

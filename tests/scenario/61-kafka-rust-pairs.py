#!/usr/bin/env python3
# Goal: as 60-rust-pairs.py, through a hub before a real Kafka.
from interop import everything
from lib import scenario


@scenario
def main(s):
    everything(s, s.hub(kafka=s.kafka()))

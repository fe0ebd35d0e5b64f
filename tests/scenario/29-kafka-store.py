#!/usr/bin/env python3
# Goal: the Kafka store keeps the contract of stores before a real Kafka, among strangers, under
# faults, and over a broker that is killed under its appends.
# Kafka: every version
from lib import BUILD, ROOT, check, free_port, scenario


@scenario
def main(s):
    kafka = s.kafka()
    for name in ("store_kafka_test", "store_kafka_faults_test"):
        s.step(name)
        result = s.run(BUILD / "tests" / name, timeout=900, env={"TACIT_KAFKA": kafka.brokers})
        print((result.out + result.err).decode(errors="replace"), end="")
    kafka.stop()

    s.step("a broker killed under appends")
    port = free_port()
    command = "%s/script/kafka run default %s %d" % (ROOT, s.dir / "killed", port)
    result = s.run(BUILD / "tests/store_kafka_faults_test", timeout=900,
        env={"TACIT_KAFKA": "127.0.0.1:%d" % port, "TACIT_KAFKA_RUN": command})
    print((result.out + result.err).decode(errors="replace"), end="")
    check(b"[  PASSED  ] 1 test(s)." in result.out + result.err, "it was ridden out")

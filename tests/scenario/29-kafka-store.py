#!/usr/bin/env python3
# Goal: the Kafka store keeps the contract of stores before a real Kafka, among strangers, under
# faults, and over a broker that is killed under its appends, by the way.
# Kafka: every version
from lib import BUILD, ROOT, check, free_port, scenario, status_words


@scenario
def main(s):
    s.step("a broker killed under appends, while the others run")
    port = free_port()
    command = "%s/script/kafka run default %s %d" % (ROOT, s.dir / "killed", port)
    killed = s.start("killed", BUILD / "tests/store_kafka_faults_test",
        env={"TACIT_KAFKA": "127.0.0.1:%d" % port, "TACIT_KAFKA_RUN": command})
    kafka = s.kafka()
    for name in ("store_kafka_test", "store_kafka_look_test", "store_kafka_faults_test"):
        s.step(name)
        result = s.run(BUILD / "tests" / name, timeout=500, env={"TACIT_KAFKA": kafka.brokers})
        print((result.out + result.err).decode(errors="replace"), end="")
    kafka.stop()
    s.step("the one that is killed")
    status = killed.wait(500)
    print(killed.text, end="")
    check(status == 0, "it was ridden out: it %s" % status_words(status))
    check("[  PASSED  ] 1 test(s)." in killed.text, "and that was the test")

/*
 * The floor: the same work with librdkafka alone, on the same broker.
 *
 *	raw_kafka echo BROKERS COUNT LEN   two topics, acks=all, one message at a time; prints
 *	                                   microseconds each, one a line
 *	raw_kafka push BROKERS COUNT LEN   one topic, idempotent, until the reader has read all in
 *	                                   order; prints messages a second
 *
 * The far end is a thread with clients of its own.  Topics are made and deleted.
 */
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* one end: writes one topic and reads another */
struct end {
	rd_kafka_t *producer, *consumer;
	rd_kafka_topic_t *topic;
	long count;
};

static const char *brokers;

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char text[256];

	if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK) {
		fprintf(stderr, "raw_kafka: %s\n", text);
		exit(1);
	}
}

static rd_kafka_t *
client(rd_kafka_type_t type)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256];
	rd_kafka_t *rk;

	set(conf, "bootstrap.servers", brokers);
	if (type == RD_KAFKA_PRODUCER) {
		set(conf, "acks", "all");
		set(conf, "enable.idempotence", "true");
		set(conf, "linger.ms", "0");
		set(conf, "queue.buffering.max.messages", "1000000");
	} else {
		set(conf, "group.id", "raw");
		set(conf, "enable.auto.commit", "false");
		set(conf, "auto.offset.reset", "earliest");
	}
	if ((rk = rd_kafka_new(type, conf, text, sizeof(text))) == NULL) {
		fprintf(stderr, "raw_kafka: %s\n", text);
		exit(1);
	}
	return rk;
}

static void
change_topics(rd_kafka_t *rk, char names[2][64], int create)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_NewTopic_t *made[2];
	rd_kafka_DeleteTopic_t *gone[2];
	char text[256];

	for (int i = 0; i < 2; i++) {
		made[i] = rd_kafka_NewTopic_new(names[i], 1, -1, text, sizeof(text));
		gone[i] = rd_kafka_DeleteTopic_new(names[i]);
	}
	if (create)
		rd_kafka_CreateTopics(rk, made, 2, NULL, queue);
	else
		rd_kafka_DeleteTopics(rk, gone, 2, NULL, queue);
	rd_kafka_event_destroy(rd_kafka_queue_poll(queue, 30000));
	rd_kafka_NewTopic_destroy_array(made, 2);
	rd_kafka_DeleteTopic_destroy_array(gone, 2);
	rd_kafka_queue_destroy(queue);
}

static void
end_init(struct end *end, const char *writes, const char *reads, long count)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

	end->count = count;
	end->producer = client(RD_KAFKA_PRODUCER);
	end->consumer = client(RD_KAFKA_CONSUMER);
	end->topic = rd_kafka_topic_new(end->producer, writes, NULL);
	rd_kafka_poll_set_consumer(end->consumer);
	rd_kafka_topic_partition_list_add(list, reads, 0)->offset = 0;
	rd_kafka_assign(end->consumer, list);
	rd_kafka_topic_partition_list_destroy(list);
}

static void
end_fini(struct end *end)
{
	rd_kafka_flush(end->producer, 30000);
	rd_kafka_topic_destroy(end->topic);
	rd_kafka_destroy(end->producer);
	rd_kafka_destroy(end->consumer);
}

static void
write_one(struct end *end, const void *bytes, size_t len)
{
	union {
		const void *in;
		void *out;
	} payload = {bytes};

	while (rd_kafka_produce(
		   end->topic, 0, RD_KAFKA_MSG_F_COPY, payload.out, len, NULL, 0, NULL) != 0)
		rd_kafka_poll(end->producer, 10);
	rd_kafka_poll(end->producer, 0);
}

static rd_kafka_message_t *
read_one(struct end *end)
{
	rd_kafka_message_t *msg;

	for (;;) {
		msg = rd_kafka_consumer_poll(end->consumer, 100);
		if (msg != NULL && msg->err == 0)
			return msg;
		if (msg != NULL)
			rd_kafka_message_destroy(msg);
	}
}

static void *
echo_far(void *arg)
{
	struct end *end = arg;

	for (long i = 0; i < end->count; i++) {
		rd_kafka_message_t *msg = read_one(end);

		write_one(end, msg->payload, msg->len);
		rd_kafka_message_destroy(msg);
	}
	return NULL;
}

static void *
read_far(void *arg)
{
	struct end *end = arg;

	for (long i = 0; i < end->count; i++) {
		rd_kafka_message_t *msg = read_one(end);

		if (msg->offset != i)
			exit(1);
		rd_kafka_message_destroy(msg);
	}
	return NULL;
}

static void
echo_near(struct end *end, const char *bytes, size_t len)
{
	for (long i = 0; i < end->count; i++) {
		double before = now_us();

		write_one(end, bytes, len);
		rd_kafka_message_destroy(read_one(end));
		printf("%.1f\n", now_us() - before);
	}
}

int
main(int argc, char **argv)
{
	char names[2][64], *bytes;
	int echo = argc > 1 && strcmp(argv[1], "echo") == 0;
	struct end near, far;
	pthread_t thread;
	double before;
	long count;
	size_t len;

	if (argc != 5) {
		fputs("usage: raw_kafka echo|push BROKERS COUNT LEN\n", stderr);
		return 2;
	}
	brokers = argv[2];
	count = atol(argv[3]);
	len = (size_t)atol(argv[4]);
	bytes = calloc(1, len);
	for (int i = 0; i < 2; i++)
		snprintf(names[i], sizeof(names[i]), "raw-%d-%d", (int)getpid(), i);
	near.producer = client(RD_KAFKA_PRODUCER);
	change_topics(near.producer, names, 1);
	rd_kafka_destroy(near.producer);
	end_init(&near, names[0], names[1], count);
	end_init(&far, names[1], names[0], count);
	sleep(1); /* both fetch before the clock starts */
	before = now_us();
	pthread_create(&thread, NULL, echo ? echo_far : read_far, &far);
	if (echo)
		echo_near(&near, bytes, len);
	for (long i = 0; !echo && i < count; i++)
		write_one(&near, bytes, len);
	pthread_join(thread, NULL);
	if (!echo)
		printf("%.0f\n", (double)count / ((now_us() - before) / 1e6));
	change_topics(near.producer, names, 0);
	end_fini(&near);
	end_fini(&far);
	free(bytes);
	return 0;
}

#include "store/kafka_internal.h"

#include <stdio.h>
#include <string.h>

#include "wire/name.h"

/* where a setting goes */
#define P   1u
#define T   2u
#define R   4u
#define ALL (P | T | R)

struct setting {
	const char *key, *value;
	unsigned handles;
};

/* the user's properties may change these */
static const struct setting defaults[] = {
    {"client.id", "tacit-hub", ALL},
    {"socket.nagle.disable", "true", ALL},
    /* otherwise up to 10 s come on top of an outage */
    {"reconnect.backoff.max.ms", "1000", ALL},
    /* one message, one request, when they come singly; under load requests fill anyway */
    {"linger.ms", "0", P},
    /* what may queue up during an outage */
    {"queue.buffering.max.kbytes", "65536", P},
    /* a fetch that waits holds up what is asked behind it on its connection */
    {"fetch.wait.max.ms", "100", T},
    {"fetch.wait.max.ms", "10", R},
    {"fetch.error.backoff.ms", "1", T | R},
    {"queued.max.messages.kbytes", "8192", T | R},
};

/* the promises of this store rest on these; why is for whoever wants another value */
static const struct {
	struct setting setting;
	const char *alias, *alias_value; /* another name, another spelling of the value */
	const char *why;
} fixed[] = {
    {{"acks", "all", P}, "request.required.acks", "-1",
	"a confirm means that all in-sync replicas have the entry"},
    {{"enable.idempotence", "true", P}, NULL, NULL, "without it, an outage writes entries twice"},
    {{"message.timeout.ms", "0", P}, "delivery.timeout.ms", "0",
	"an entry in doubt would be pushed again and be there twice"},
    {{"allow.auto.create.topics", "false", ALL}, NULL, NULL,
	"topics made by accident have the wrong number of partitions"},
    {{"auto.offset.reset", "error", T | R}, NULL, NULL, "any other value skips entries silently"},
    {{"enable.auto.commit", "false", T | R}, NULL, NULL,
	"positions are saved when a client says so"},
    {{"isolation.level", "read_uncommitted", ALL}, NULL, NULL,
	"a stranger's open transaction would hide confirmed entries"},
    {{"enable.partition.eof", "true", R}, NULL, NULL, "it is how the end of a topic is noticed"},
    {{"log.queue", "true", ALL}, NULL, NULL, "log lines go through the hub"},
};

/* decided elsewhere: the user's properties may not name them at all */
static const struct {
	const char *key, *why;
} elsewhere[] = {
    {"bootstrap.servers", "the brokers are given by themselves"},
    {"metadata.broker.list", "the brokers are given by themselves"},
    {"group.id", "use the group prefix"},
    {"transactional.id", "this store has no transactions"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_same(const char *a, const char *b)
{
	return b != NULL && strcmp(a, b) == 0;
}

/* false: the property would break a promise, and text says so */
static bool
is_allowed(const struct tacit_store_kafka_property *property, char *text, size_t cap)
{
	const char *key = property->key, *value = property->value;

	for (size_t i = 0; i < COUNT(fixed); i++) {
		const char *ours = fixed[i].setting.value;

		if (!is_same(key, fixed[i].setting.key) && !is_same(key, fixed[i].alias))
			continue;
		if (is_same(value, ours) || is_same(value, fixed[i].alias_value))
			continue;
		snprintf(text, cap, "%s=%s is not possible: %s; leave it out, or set it to %s", key,
		    value, fixed[i].why, ours);
		return false;
	}
	for (size_t i = 0; i < COUNT(elsewhere); i++) {
		if (!is_same(key, elsewhere[i].key))
			continue;
		snprintf(text, cap, "%s is not possible: %s", key, elsewhere[i].why);
		return false;
	}
	return true;
}

/* what may stand in front of a name; false: text says why not */
static bool
is_prefix(const char *what, const char *prefix, char *text, size_t cap)
{
	if (prefix == NULL || prefix[0] == '\0' || tacit_name_check(prefix, strlen(prefix)))
		return true;
	snprintf(text, cap,
	    "'%.100s' is no %s: letters, digits, '.', '_' and '-', %u at most, and not '__' first",
	    prefix, what, TACIT_NAME_LEN_MAX);
	return false;
}

/* where the port of a broker's name begins, behind the last colon; NULL: it has none, or is an IPv6
 * address without brackets, as librdkafka has it */
static const char *
port_of(const char *broker, size_t len)
{
	const char *first = memchr(broker, ':', len), *last = NULL;

	for (size_t i = 0; i < len; i++) {
		if (broker[i] == ':')
			last = broker + i;
	}
	return last == NULL || (last != first && last[-1] != ']') ? NULL : last + 1;
}

static bool
is_port(const char *port, size_t len)
{
	unsigned value = 0;

	for (size_t i = 0; i < len; i++) {
		if (port[i] < '0' || port[i] > '9' || value > 65535)
			return false;
		value = value * 10 + (unsigned)(port[i] - '0');
	}
	return value >= 1 && value <= 65535;
}

/* librdkafka takes any number for a port, and leaves out what exceeds 16 bits; false: text says
 * which */
static bool
have_ports(const char *brokers, char *text, size_t cap)
{
	while (*(brokers += strspn(brokers, ", ")) != '\0') {
		const char *broker = brokers, *next = brokers + strcspn(brokers, ","), *end = next;
		const char *port;

		while (end[-1] == ' ')
			end--;
		if ((port = strstr(broker, "://")) != NULL && port < end)
			broker = port + 3;
		port = port_of(broker, (size_t)(end - broker));
		if (port != NULL && !is_port(port, (size_t)(end - port))) {
			snprintf(text, cap,
			    "'%.*s' is no Kafka broker: HOST:PORT with a port of 1 to 65535",
			    end - brokers < 200 ? (int)(end - brokers) : 200, brokers);
			return false;
		}
		brokers = next;
	}
	return true;
}

tacit_err
tacit_kafka_properties_check(const struct tacit_store_kafka_config *config, char *text, size_t cap)
{
	if (!have_ports(config->brokers, text, cap) ||
	    !is_prefix("topic prefix", config->topic_prefix, text, cap) ||
	    !is_prefix("group prefix", config->group_prefix, text, cap))
		return TACIT_EINVAL;
	for (size_t i = 0; i < config->property_count; i++)
		if (!is_allowed(&config->properties[i], text, cap))
			return TACIT_EINVAL;
	return TACIT_OK;
}

/* librdkafka's words go into text when it refuses */
static bool
set(rd_kafka_conf_t *conf, const char *key, const char *value, char *text, size_t cap)
{
	return rd_kafka_conf_set(conf, key, value, text, cap) == RD_KAFKA_CONF_OK;
}

static bool
set_own(
    rd_kafka_conf_t *conf, const struct setting *setting, unsigned handle, char *text, size_t cap)
{
	return (setting->handles & handle) == 0 ||
	       set(conf, setting->key, setting->value, text, cap);
}

/* librdkafka may know the property by another name than the one that was given */
static bool
set_users(rd_kafka_conf_t *conf, const struct tacit_store_kafka_property *property, char *text,
    size_t cap)
{
	char why[256];

	if (set(conf, property->key, property->value, why, sizeof(why)))
		return true;
	snprintf(text, cap, "%s: %s", property->key, why);
	return false;
}

/* what depends on this store; a missing topic is reported once metadata had time to spread, which
 * on one broker is no time at all */
static bool
set_computed(struct kafka *k, rd_kafka_conf_t *conf, unsigned handle, char *text, size_t cap)
{
	const char *spread = k->broker_count == 1 ? "0" : "1500";
	char group[256];

	snprintf(group, sizeof(group), "%.200stacit-hub", k->group_prefix);
	return set(conf, "bootstrap.servers", k->brokers, text, cap) &&
	       set(conf, "topic.metadata.propagation.max.ms", spread, text, cap) &&
	       (handle == P || set(conf, "group.id", group, text, cap));
}

static bool
set_all(struct kafka *k, rd_kafka_conf_t *conf, unsigned handle, char *text, size_t cap)
{
	bool good = set_computed(k, conf, handle, text, cap);

	for (size_t i = 0; good && i < COUNT(defaults); i++)
		good = set_own(conf, &defaults[i], handle, text, cap);
	for (size_t i = 0; good && i < k->property_count; i++)
		good = set_users(conf, &k->properties[i], text, cap);
	for (size_t i = 0; good && i < COUNT(fixed); i++)
		good = set_own(conf, &fixed[i].setting, handle, text, cap);
	return good;
}

tacit_err
tacit_kafka_handle_new(
    struct kafka *k, enum kafka_handle kind, rd_kafka_t **ret, char *text, size_t cap)
{
	unsigned handle = kind == KAFKA_HANDLE_PRODUCER ? P : kind == KAFKA_HANDLE_TAIL ? T : R;
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *rk;

	if (!set_all(k, conf, handle, text, cap)) {
		rd_kafka_conf_destroy(conf);
		return TACIT_EINVAL;
	}
	rd_kafka_conf_set_events(conf,
	    RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
	rk = rd_kafka_new(handle == P ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf, text, cap);
	if (rk == NULL) {
		rd_kafka_conf_destroy(conf);
		return TACIT_EINVAL;
	}
	if (handle != P)
		rd_kafka_poll_set_consumer(rk);
	/* NULL: to the handle's main queue, which all of its other events use */
	(void)rd_kafka_set_log_queue(rk, NULL);
	*ret = rk;
	return TACIT_OK;
}

bool
tacit_kafka_is_missing(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
	       err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	       err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

static const struct {
	rd_kafka_resp_err_t from;
	tacit_err to;
} errors[] = {
    {RD_KAFKA_RESP_ERR_NO_ERROR, TACIT_OK},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, TACIT_ENOTFOUND},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, TACIT_ENOTFOUND},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, TACIT_ENOTFOUND},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, TACIT_EUNREACHABLE},
    {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, TACIT_EUNREACHABLE},
    {RD_KAFKA_RESP_ERR__TRANSPORT, TACIT_EUNREACHABLE},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, TACIT_EUNREACHABLE},
    {RD_KAFKA_RESP_ERR__WAIT_COORD, TACIT_EUNREACHABLE},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, TACIT_EUNREACHABLE},
    {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, TACIT_EUNREACHABLE},
    {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, TACIT_EUNREACHABLE},
    {RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE, TACIT_EUNREACHABLE},
    {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, TACIT_EUNREACHABLE},
    {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, TACIT_EUNREACHABLE},
    {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, TACIT_EUNREACHABLE},
    /* the default one was asked for: too few brokers are up */
    {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, TACIT_EUNREACHABLE},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, TACIT_EDENIED},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, TACIT_EDENIED},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, TACIT_EDENIED},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, TACIT_EDENIED},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, TACIT_EDENIED},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, TACIT_ELIMIT},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, TACIT_ELIMIT},
    {RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, TACIT_ENOSPACE},
};

tacit_err
tacit_kafka_err(rd_kafka_resp_err_t err)
{
	for (size_t i = 0; i < COUNT(errors); i++)
		if (errors[i].from == err)
			return errors[i].to;
	return TACIT_EIO;
}

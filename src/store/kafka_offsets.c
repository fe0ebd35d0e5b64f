/*
 * Committed offsets of groups that nobody joins: librdkafka's admin calls for them, on a consumer
 * of their own.  librdkafka 2.0 has two faults there that end the process.  NOT_COORDINATOR, which
 * a young cluster says, is told to the handle's own group, and a producer has none.  And a call
 * that times out before the coordinator was found is used once more when the brokers come back,
 * though it was freed.  So the handle is a consumer, and no call times out: whoever asked is
 * answered without it, and a handle with calls that are too old is destroyed together with them.
 */
#include "store/kafka_internal.h"

/* ms; the longest that librdkafka takes, and never reached */
#define CALL_MS 3600000

static bool
open_handle(struct kafka *k)
{
	char text[256];

	if (k->offsets_rk != NULL)
		return true;
	if (tacit_kafka_handle_new(k, KAFKA_HANDLE_READER, &k->offsets_rk, text, sizeof(text)) !=
	    TACIT_OK) {
		tacit_kafka_diag(k, TACIT_STORE_KAFKA_ERROR, "no consumer for positions: %s", text);
		return false;
	}
	k->offsets_queue = rd_kafka_queue_get_consumer(k->offsets_rk);
	tacit_kafka_queue_watch(k, k->offsets_queue);
	return true;
}

static rd_kafka_AdminOptions_t *
options_for(rd_kafka_t *rk, rd_kafka_admin_op_t op, void *opaque)
{
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, op);
	char text[128];

	(void)rd_kafka_AdminOptions_set_request_timeout(options, CALL_MS, text, sizeof(text));
	rd_kafka_AdminOptions_set_opaque(options, opaque);
	return options;
}

bool
tacit_kafka_offsets_get(struct kafka *k, const char *group,
    const rd_kafka_topic_partition_list_t *list, struct kafka_position_call *call)
{
	rd_kafka_ListConsumerGroupOffsets_t *request;
	rd_kafka_AdminOptions_t *options;

	if (!open_handle(k))
		return false;
	request = rd_kafka_ListConsumerGroupOffsets_new(group, list);
	options = options_for(k->offsets_rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, call);
	rd_kafka_ListConsumerGroupOffsets(k->offsets_rk, &request, 1, options, k->offsets_queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_ListConsumerGroupOffsets_destroy(request);
	return true;
}

bool
tacit_kafka_offsets_save(struct kafka *k, const char *group,
    const rd_kafka_topic_partition_list_t *list, struct kafka_position_call *call)
{
	rd_kafka_AlterConsumerGroupOffsets_t *request;
	rd_kafka_AdminOptions_t *options;

	if (!open_handle(k))
		return false;
	request = rd_kafka_AlterConsumerGroupOffsets_new(group, list);
	options = options_for(k->offsets_rk, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, call);
	rd_kafka_AlterConsumerGroupOffsets(k->offsets_rk, &request, 1, options, k->offsets_queue);
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_AlterConsumerGroupOffsets_destroy(request);
	return true;
}

/* the one partition that was asked for, or why there is none */
static rd_kafka_resp_err_t
result_of(rd_kafka_event_t *event, int64_t *ret_offset)
{
	bool save = rd_kafka_event_type(event) == RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT;
	const rd_kafka_group_result_t **groups;
	const rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t err = rd_kafka_event_error(event);
	size_t count = 0;

	if (err != RD_KAFKA_RESP_ERR_NO_ERROR)
		return err;
	groups = save ? rd_kafka_AlterConsumerGroupOffsets_result_groups(
			    rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count)
		      : rd_kafka_ListConsumerGroupOffsets_result_groups(
			    rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
	if (count != 1)
		return RD_KAFKA_RESP_ERR__BAD_MSG;
	if (rd_kafka_group_result_error(groups[0]) != NULL)
		return rd_kafka_error_code(rd_kafka_group_result_error(groups[0]));
	list = rd_kafka_group_result_partitions(groups[0]);
	if (list == NULL || list->cnt != 1)
		return RD_KAFKA_RESP_ERR__BAD_MSG;
	*ret_offset = list->elems[0].offset;
	return list->elems[0].err;
}

void
tacit_kafka_offsets_serve(struct kafka *k)
{
	rd_kafka_event_t *event;

	while (k->offsets_queue != NULL &&
	       (event = rd_kafka_queue_poll(k->offsets_queue, 0)) != NULL) {
		int64_t offset = RD_KAFKA_OFFSET_INVALID;
		rd_kafka_resp_err_t err;

		switch (rd_kafka_event_type(event)) {
		case RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT:
		case RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT:
			err = result_of(event, &offset);
			tacit_kafka_position_answer(k, rd_kafka_event_opaque(event), err, offset);
			break;
		default:
			tacit_kafka_event_other(k, event);
			break;
		}
		rd_kafka_event_destroy(event);
	}
}

void
tacit_kafka_offsets_end(struct kafka *k)
{
	if (k->offsets_rk == NULL)
		return;
	tacit_kafka_queue_free(k->offsets_queue);
	(void)tacit_kafka_handles_end(&k->offsets_rk, 1);
	k->offsets_queue = NULL;
	k->offsets_rk = NULL;
}

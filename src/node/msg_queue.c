#include "node/msg_queue.h"

bool
tacit_msg_queue_push(struct tacit_queue *queue, struct tacit_msg *msg)
{
	if (tacit_queue_push(queue, msg) == TACIT_OK)
		return true;
	tacit_msg_drop(msg);
	return false;
}

void
tacit_msg_queue_fini(struct tacit_queue *queue)
{
	struct tacit_msg *msg;

	while ((msg = tacit_queue_pop(queue)) != NULL)
		tacit_msg_drop(msg);
	tacit_queue_fini(queue);
}

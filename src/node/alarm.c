#include "base/memory.h"
#include "node/state.h"

struct tacit_alarm {
	struct tacit_list list;
	uv_timer_t timer;
	void (*fn)(void *arg);
	void *arg;
};

struct tacit_alarm *
tacit_alarm_new(struct tacit_node *node, void (*fn)(void *arg), void *arg)
{
	struct tacit_alarm *alarm = tacit_alloc(sizeof(*alarm));

	if (alarm == NULL) {
		(void)tacit_node_fail(node, TACIT_ENOMEM, "out of memory");
		return NULL;
	}
	alarm->fn = fn;
	alarm->arg = arg;
	uv_timer_init(&node->loop, &alarm->timer);
	alarm->timer.data = alarm;
	tacit_list_append(&node->alarms, &alarm->list);
	return alarm;
}

static void
fire(uv_timer_t *timer)
{
	struct tacit_alarm *alarm = timer->data;
	struct tacit_node *node = timer->loop->data;

	if (node->quiet)
		return;
	node->in_alarm = true;
	alarm->fn(alarm->arg);
	node->in_alarm = false;
}

void
tacit_alarm_set(struct tacit_alarm *alarm, tacit_msec at)
{
	struct tacit_node *node = alarm->timer.loop->data;
	tacit_msec now;

	if (at == TACIT_NEVER) {
		uv_timer_stop(&alarm->timer);
		return;
	}
	if (!node->in_loop)
		uv_update_time(&node->loop);
	now = uv_now(&node->loop);
	if (at <= now) /* libuv runs what is due now until nothing is: the turn has to end first */
		at = node->in_alarm ? now + 1 : now;
	uv_timer_start(&alarm->timer, fire, at - now, 0);
}

static void
closed(uv_handle_t *handle)
{
	tacit_loop_closed(handle);
	tacit_free(handle->data);
}

void
tacit_alarm_free(struct tacit_alarm *alarm)
{
	if (alarm == NULL)
		return;
	tacit_list_remove(&alarm->list);
	tacit_loop_close((uv_handle_t *)&alarm->timer, closed);
}

void
tacit_alarms_fini(struct tacit_node *node)
{
	while (!tacit_list_empty(&node->alarms))
		tacit_alarm_free(TACIT_CONTAINER(node->alarms.next, struct tacit_alarm, list));
}

/* a timer of the public kind: an alarm that goes when it went off */
struct timer {
	struct tacit_owned owned;
	struct tacit_alarm *alarm;
	void (*fn)(void *arg);
	void *arg;
};

static void
timer_free(struct tacit_owned *self)
{
	struct timer *timer = TACIT_CONTAINER(self, struct timer, owned);

	tacit_node_disown(&timer->owned);
	tacit_alarm_free(timer->alarm);
	tacit_free(timer);
}

static void
timer_fire(void *arg)
{
	struct timer copy = *(struct timer *)arg;

	timer_free(&((struct timer *)arg)->owned);
	copy.fn(copy.arg);
}

void
tacit_timer_after(struct tacit_node *node, unsigned delay_ms, void (*fn)(void *arg), void *arg)
{
	struct timer *timer;

	if (!tacit_node_usable(node) || fn == NULL)
		return;
	if ((timer = tacit_alloc(sizeof(*timer))) == NULL) {
		(void)tacit_node_fail(node, TACIT_ENOMEM, "out of memory");
		return;
	}
	if ((timer->alarm = tacit_alarm_new(node, timer_fire, timer)) == NULL) {
		tacit_free(timer);
		return;
	}
	timer->fn = fn;
	timer->arg = arg;
	timer->owned.free = timer_free;
	tacit_node_own(node, &timer->owned);
	tacit_alarm_set(timer->alarm, tacit_node_now(node) + delay_ms);
}

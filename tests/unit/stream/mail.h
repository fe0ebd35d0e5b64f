/*
 * unit/stream/mail.h: a port whose messages and wishes are kept for the test to look at.
 */
#ifndef TACIT_TESTS_MAIL_H
#define TACIT_TESTS_MAIL_H

#include "support/random.h"
#include "support/unit.h"

#include "wire/port.h"
#include "wire/stream_protocol.h"

#define MAIL_MAX 32768

struct mail {
	struct tacit_msg *msgs[MAIL_MAX];
	size_t head, count; /* not taken yet: count from head on */
	tacit_msec wake;
	unsigned wishes;
	struct seeded seeded;
};

static inline void
mail_send(void *arg, struct tacit_msg *msg)
{
	struct mail *mail = arg;

	assert_true(mail->count < MAIL_MAX);
	assert_true(msg->onward.count > 0);
	mail->msgs[(mail->head + mail->count++) % MAIL_MAX] = msg;
}

static inline void
mail_wake_at(void *arg, tacit_msec at)
{
	struct mail *mail = arg;

	mail->wake = at;
	mail->wishes++;
}

static inline void
mail_init(struct mail *mail, uint64_t seed)
{
	memset(mail, 0, sizeof(*mail));
	mail->wake = TACIT_NEVER;
	mail->seeded.state = seed;
}

static inline struct tacit_port
mail_port(struct mail *mail)
{
	return (struct tacit_port){mail, mail_send, mail_wake_at, seeded_random(&mail->seeded)};
}

/* the oldest message; the test has its reference */
static inline struct tacit_msg *
mail_take(struct mail *mail)
{
	struct tacit_msg *msg;

	assert_true(mail->count > 0);
	msg = mail->msgs[mail->head];
	mail->head = (mail->head + 1) % MAIL_MAX;
	mail->count--;
	return msg;
}

static inline void
mail_drop(struct mail *mail)
{
	while (mail->count > 0)
		tacit_msg_unref(mail_take(mail));
}

/* a route of these hops; ends with NULL */
static inline struct tacit_route
mail_route(const char *first, const char *second)
{
	struct tacit_route route;

	tacit_route_init(&route);
	if (first != NULL)
		assert_int_equal(tacit_route_append(&route, tacit_address_worker(first)), TACIT_OK);
	if (second != NULL)
		assert_int_equal(
		    tacit_route_append(&route, tacit_address_worker(second)), TACIT_OK);
	return route;
}

static inline void
mail_check_route(const struct tacit_route *route, const char *first, const char *second)
{
	struct tacit_route expected = mail_route(first, second);

	assert_true(tacit_route_equal(route, &expected));
}

static inline struct tacit_slice
mail_slice(const char *text)
{
	return (struct tacit_slice){(const uint8_t *)text, strlen(text)};
}

#endif

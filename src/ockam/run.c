#include "ockam/run.h"

#include <string.h>

#include "base/memory.h"
#include "base/secret.h"

/* of a transport message (PROTOCOL.md 1.3) */
#define VERSION 1

struct tacit_ockam_run *
tacit_ockam_run_new(bool initiator, uint64_t number, const struct tacit_random *random)
{
	struct tacit_ockam_run *run = tacit_alloc(sizeof(*run));

	if (run == NULL)
		return NULL;
	if ((run->noise = tacit_secret_new(sizeof(*run->noise))) == NULL) {
		tacit_free(run);
		return NULL;
	}
	run->phase = initiator ? TACIT_OCKAM_HELLO_SENT : TACIT_OCKAM_ANSWERED;
	run->initiator = initiator;
	run->number = number;
	tacit_random_hex(random, run->entity, 16);
	tacit_noise_xx_init(run->noise, initiator, NULL, 0, random);
	return run;
}

static void
forget_handshake(struct tacit_ockam_run *run)
{
	if (run->noise != NULL)
		tacit_noise_xx_fini(run->noise);
	tacit_secret_free(run->noise);
	run->noise = NULL;
}

void
tacit_ockam_run_free(struct tacit_ockam_run *run)
{
	if (run == NULL)
		return;
	forget_handshake(run);
	tacit_aead_free(run->out);
	tacit_aead_free(run->in);
	if (run->order != NULL)
		tacit_ockam_order_fini(run->order);
	tacit_free(run->order);
	tacit_free(run);
}

tacit_err
tacit_ockam_run_take_keys(struct tacit_ockam_run *run, struct tacit_noise_xx *noise)
{
	uint8_t k1[TACIT_KEY_LEN], k2[TACIT_KEY_LEN];
	tacit_err err;

	tacit_noise_xx_split(noise, k1, k2);
	memcpy(run->h, noise->h, sizeof(run->h));
	forget_handshake(run);
	err = tacit_aead_new(run->initiator ? k2 : k1, &run->out);
	if (err == TACIT_OK)
		err = tacit_aead_new(run->initiator ? k1 : k2, &run->in);
	if (err == TACIT_OK && (run->order = tacit_alloc(sizeof(*run->order))) == NULL)
		err = TACIT_ENOMEM;
	tacit_wipe(k1, sizeof(k1));
	tacit_wipe(k2, sizeof(k2));
	if (err == TACIT_OK)
		run->phase = TACIT_OCKAM_KEYED;
	return err;
}

/* what stands inside the encryption: the routes, and the length of all */
struct inside {
	struct tacit_route onward, ret;
	size_t len;
};

static tacit_err
put_inside(const struct tacit_ockam_run *run, const struct tacit_msg *inner, struct inside *ret)
{
	tacit_err err;

	tacit_route_copy(&ret->onward, &run->peer_entity);
	tacit_route_init(&ret->ret);
	if ((err = tacit_route_append_route(&ret->onward, &inner->onward)) != TACIT_OK ||
	    (err = tacit_route_append(&ret->ret, tacit_address_worker(run->entity))) != TACIT_OK ||
	    (err = tacit_route_append_route(&ret->ret, &inner->ret)) != TACIT_OK)
		return err;
	ret->len = 1 + tacit_route_encoded_len(&ret->onward) + tacit_route_encoded_len(&ret->ret) +
		   tacit_bare_uint_len(inner->len) + inner->len;
	return ret->len <= TACIT_MESSAGE_LEN_MAX ? TACIT_OK : TACIT_ELIMIT;
}

tacit_err
tacit_ockam_run_check(const struct tacit_ockam_run *run, const struct tacit_msg *inner)
{
	struct inside inside;

	return put_inside(run, inner, &inside);
}

tacit_err
tacit_ockam_run_seal(
    struct tacit_ockam_run *run, const struct tacit_msg *inner, struct tacit_msg **ret)
{
	struct inside inside;
	struct tacit_msg *msg;
	struct tacit_writer w;
	uint8_t *plain;
	size_t len;
	tacit_err err;

	if ((err = put_inside(run, inner, &inside)) != TACIT_OK)
		return err;
	if (run->sent >= TACIT_OCKAM_RECORDS_MAX)
		return TACIT_EEXHAUSTED;
	len = inside.len + TACIT_OCKAM_RECORD_OVERHEAD;
	if ((msg = tacit_msg_new(tacit_bare_uint_len(len) + len)) == NULL)
		return TACIT_ENOMEM;
	tacit_writer_init(&w, tacit_msg_payload(msg), msg->len);
	tacit_bare_write_uint(&w, len);
	tacit_writer_be16(&w, (uint16_t)run->sent);
	plain = tacit_msg_payload(msg) + w.len;
	tacit_writer_u8(&w, VERSION);
	tacit_route_encode(&w, &inside.onward);
	tacit_route_encode(&w, &inside.ret);
	tacit_bare_write_data(&w, tacit_msg_payload(inner), inner->len);
	tacit_assert(!w.bad && w.len + TACIT_TAG_LEN == msg->len);
	if ((err = tacit_aead_seal(run->out, run->sent++, NULL, 0, plain, inside.len, plain)) !=
	    TACIT_OK) {
		tacit_msg_unref(msg);
		return err;
	}
	*ret = msg;
	return TACIT_OK;
}

uint16_t
tacit_ockam_record_counter(struct tacit_slice record)
{
	struct tacit_reader r;

	tacit_reader_init(&r, record.bytes, record.len);
	return tacit_reader_be16(&r);
}

static tacit_err
open_with(struct tacit_aead *key, struct tacit_slice record, uint8_t *ret)
{
	uint16_t counter = tacit_ockam_record_counter(record);

	if (key == NULL || record.len < TACIT_OCKAM_RECORD_OVERHEAD ||
	    counter >= TACIT_OCKAM_RECORDS_MAX)
		return TACIT_EAUTH;
	return tacit_aead_open(key, counter, NULL, 0, record.bytes + 2, record.len - 2, ret);
}

tacit_err
tacit_ockam_run_open(struct tacit_ockam_run *run, struct tacit_slice record, uint8_t *ret)
{
	return open_with(run->in, record, ret);
}

bool
tacit_ockam_run_is_ours(struct tacit_ockam_run *run, struct tacit_slice record, uint8_t *scratch)
{
	return open_with(run->out, record, scratch) == TACIT_OK;
}

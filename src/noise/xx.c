/*
 * Names are those of the specification (Noise rev 34, section 5): ck, h, k, n; MixHash, MixKey,
 * EncryptAndHash and DecryptAndHash are mix_hash, mix_key, seal and open.  Each step is labelled
 * with its token.
 *
 * A failed step wipes the state and ends it: every later step then answers TACIT_EAUTH, so that a
 * caller who overlooks an error cannot go on with a handshake that nobody authenticated.
 */
#include "noise/xx.h"

#include <string.h>

#include "base/memory.h"

static const char protocol_name[] = "Noise_XX_25519_AESGCM_SHA256";

#define SEALED_KEY_LEN (TACIT_X25519_LEN + TACIT_TAG_LEN)

/* symmetric state ---------------------------------------------------------------------------- */

static void
mix_hash(struct tacit_noise_xx *xx, const void *bytes, size_t len)
{
	tacit_hash(xx->h, xx->h, TACIT_HASH_LEN, bytes, len);
}

static void
mix_key(struct tacit_noise_xx *xx, const uint8_t ikm[TACIT_X25519_LEN])
{
	tacit_hkdf2(xx->ck, xx->k, xx->ck, ikm, TACIT_X25519_LEN);
	xx->has_key = true;
	xx->n = 0;
}

static tacit_err
mix_dh(struct tacit_noise_xx *xx, const struct tacit_x25519_secret *secret,
    const struct tacit_x25519_public *peer)
{
	uint8_t shared[TACIT_X25519_LEN];
	tacit_err err = tacit_x25519_dh(secret, peer, shared);

	if (err == TACIT_OK)
		mix_key(xx, shared);
	tacit_wipe(shared, sizeof(shared));
	return err;
}

static tacit_err
seal(struct tacit_noise_xx *xx, const uint8_t *plain, size_t len, uint8_t *ret)
{
	struct tacit_aead *aead;
	tacit_err err;

	tacit_assert(xx->has_key);
	if ((err = tacit_aead_new(xx->k, &aead)) != TACIT_OK)
		return err;
	err = tacit_aead_seal(aead, xx->n, xx->h, TACIT_HASH_LEN, plain, len, ret);
	tacit_aead_free(aead);
	if (err != TACIT_OK)
		return err;
	xx->n++;
	mix_hash(xx, ret, len + TACIT_TAG_LEN);
	return TACIT_OK;
}

/* ret may be sealed itself, therefore the hash over the sealed bytes comes first */
static tacit_err
open(struct tacit_noise_xx *xx, const uint8_t *sealed, size_t len, uint8_t *ret)
{
	uint8_t next_h[TACIT_HASH_LEN];
	struct tacit_aead *aead;
	tacit_err err;

	tacit_assert(xx->has_key);
	if ((err = tacit_aead_new(xx->k, &aead)) != TACIT_OK)
		return err;
	tacit_hash(next_h, xx->h, TACIT_HASH_LEN, sealed, len);
	err = tacit_aead_open(aead, xx->n, xx->h, TACIT_HASH_LEN, sealed, len, ret);
	tacit_aead_free(aead);
	if (err != TACIT_OK)
		return err;
	xx->n++;
	memcpy(xx->h, next_h, TACIT_HASH_LEN);
	return TACIT_OK;
}

/* steps -------------------------------------------------------------------------------------- */

static tacit_err
begin(const struct tacit_noise_xx *xx, enum tacit_noise_step due, bool initiator)
{
	if (xx->step == TACIT_NOISE_OVER)
		return TACIT_EAUTH;
	tacit_assert(xx->step == due);
	tacit_assert(xx->initiator == initiator);
	return TACIT_OK;
}

static tacit_err
end(struct tacit_noise_xx *xx, tacit_err err)
{
	if (err == TACIT_OK) {
		xx->step++;
		return TACIT_OK;
	}
	tacit_noise_xx_fini(xx);
	return err;
}

/* Noise rev 34, 5.3, Initialize: the name is shorter than a hash, so h is the name and zeros */
void
tacit_noise_xx_init_keys(struct tacit_noise_xx *xx, bool initiator, const uint8_t *prologue,
    size_t prologue_len, const struct tacit_x25519_secret *s, const struct tacit_x25519_secret *e)
{
	memset(xx, 0, sizeof(*xx));
	xx->initiator = initiator;
	xx->step = TACIT_NOISE_MESSAGE_1;
	xx->s = *s;
	xx->e = *e;
	tacit_x25519_derive(s, &xx->s_public);
	tacit_x25519_derive(e, &xx->e_public);
	memcpy(xx->h, protocol_name, strlen(protocol_name));
	memcpy(xx->ck, xx->h, TACIT_HASH_LEN);
	mix_hash(xx, prologue, prologue_len);
}

void
tacit_noise_xx_init(struct tacit_noise_xx *xx, bool initiator, const uint8_t *prologue,
    size_t prologue_len, const struct tacit_random *random)
{
	struct tacit_x25519_secret s, e;

	tacit_random_fill(random, s.b, sizeof(s.b));
	tacit_random_fill(random, e.b, sizeof(e.b));
	tacit_noise_xx_init_keys(xx, initiator, prologue, prologue_len, &s, &e);
	tacit_wipe(&s, sizeof(s));
	tacit_wipe(&e, sizeof(e));
}

void
tacit_noise_xx_copy(struct tacit_noise_xx *ret, const struct tacit_noise_xx *xx)
{
	*ret = *xx;
}

void
tacit_noise_xx_fini(struct tacit_noise_xx *xx)
{
	tacit_wipe(xx, sizeof(*xx));
	xx->step = TACIT_NOISE_OVER;
}

/* -> e --------------------------------------------------------------------------------------- */

tacit_err
tacit_noise_xx_create1(struct tacit_noise_xx *xx, const uint8_t *payload, size_t payload_len,
    uint8_t ret_tokens[TACIT_NOISE_XX_TOKENS1])
{
	tacit_err err = begin(xx, TACIT_NOISE_MESSAGE_1, true);

	if (err != TACIT_OK)
		return err;
	/* e */
	memcpy(ret_tokens, xx->e_public.b, TACIT_X25519_LEN);
	mix_hash(xx, xx->e_public.b, TACIT_X25519_LEN);
	/* payload: there is no key yet */
	mix_hash(xx, payload, payload_len);
	return end(xx, TACIT_OK);
}

tacit_err
tacit_noise_xx_consume1(struct tacit_noise_xx *xx, const uint8_t tokens[TACIT_NOISE_XX_TOKENS1],
    const uint8_t *payload, size_t payload_len)
{
	tacit_err err = begin(xx, TACIT_NOISE_MESSAGE_1, false);

	if (err != TACIT_OK)
		return err;
	/* e */
	if (tacit_equal_ct(tokens, xx->e_public.b, TACIT_X25519_LEN))
		return end(xx, TACIT_EAUTH);
	memcpy(xx->re.b, tokens, TACIT_X25519_LEN);
	mix_hash(xx, xx->re.b, TACIT_X25519_LEN);
	mix_hash(xx, payload, payload_len);
	return end(xx, TACIT_OK);
}

/* <- e, ee, s, es ---------------------------------------------------------------------------- */

tacit_err
tacit_noise_xx_create2(struct tacit_noise_xx *xx, uint8_t ret_tokens[TACIT_NOISE_XX_TOKENS2])
{
	uint8_t sealed[SEALED_KEY_LEN];
	tacit_err err = begin(xx, TACIT_NOISE_MESSAGE_2, false);

	if (err != TACIT_OK)
		return err;
	/* e */
	mix_hash(xx, xx->e_public.b, TACIT_X25519_LEN);
	/* ee */
	if ((err = mix_dh(xx, &xx->e, &xx->re)) != TACIT_OK)
		return end(xx, err);
	/* s */
	if ((err = seal(xx, xx->s_public.b, TACIT_X25519_LEN, sealed)) != TACIT_OK)
		return end(xx, err);
	/* es */
	if ((err = mix_dh(xx, &xx->s, &xx->re)) != TACIT_OK)
		return end(xx, err);
	memcpy(ret_tokens, xx->e_public.b, TACIT_X25519_LEN);
	memcpy(ret_tokens + TACIT_X25519_LEN, sealed, SEALED_KEY_LEN);
	return end(xx, TACIT_OK);
}

tacit_err
tacit_noise_xx_consume2(struct tacit_noise_xx *xx, const uint8_t tokens[TACIT_NOISE_XX_TOKENS2])
{
	tacit_err err = begin(xx, TACIT_NOISE_MESSAGE_2, true);

	if (err != TACIT_OK)
		return err;
	/* e */
	if (tacit_equal_ct(tokens, xx->e_public.b, TACIT_X25519_LEN))
		return end(xx, TACIT_EAUTH);
	memcpy(xx->re.b, tokens, TACIT_X25519_LEN);
	mix_hash(xx, xx->re.b, TACIT_X25519_LEN);
	/* ee */
	if ((err = mix_dh(xx, &xx->e, &xx->re)) != TACIT_OK)
		return end(xx, err);
	/* s */
	if ((err = open(xx, tokens + TACIT_X25519_LEN, SEALED_KEY_LEN, xx->rs.b)) != TACIT_OK)
		return end(xx, err);
	/* es */
	return end(xx, mix_dh(xx, &xx->e, &xx->rs));
}

/* -> s, se ----------------------------------------------------------------------------------- */

tacit_err
tacit_noise_xx_create3(struct tacit_noise_xx *xx, uint8_t ret_tokens[TACIT_NOISE_XX_TOKENS3])
{
	uint8_t sealed[SEALED_KEY_LEN];
	tacit_err err = begin(xx, TACIT_NOISE_MESSAGE_3, true);

	if (err != TACIT_OK)
		return err;
	/* s */
	if ((err = seal(xx, xx->s_public.b, TACIT_X25519_LEN, sealed)) != TACIT_OK)
		return end(xx, err);
	/* se */
	if ((err = mix_dh(xx, &xx->s, &xx->re)) != TACIT_OK)
		return end(xx, err);
	memcpy(ret_tokens, sealed, SEALED_KEY_LEN);
	return end(xx, TACIT_OK);
}

tacit_err
tacit_noise_xx_consume3(struct tacit_noise_xx *xx, const uint8_t tokens[TACIT_NOISE_XX_TOKENS3])
{
	tacit_err err = begin(xx, TACIT_NOISE_MESSAGE_3, false);

	if (err != TACIT_OK)
		return err;
	/* s */
	if ((err = open(xx, tokens, SEALED_KEY_LEN, xx->rs.b)) != TACIT_OK)
		return end(xx, err);
	/* se */
	return end(xx, mix_dh(xx, &xx->e, &xx->rs));
}

/* the payloads of messages 2 and 3, and the keys --------------------------------------------- */

/* who seals which payload: 2 is the responder's, 3 the initiator's */
static tacit_err
begin_payload(const struct tacit_noise_xx *xx, bool sealing)
{
	bool second = xx->initiator != sealing;

	return begin(xx, second ? TACIT_NOISE_PAYLOAD_2 : TACIT_NOISE_PAYLOAD_3, xx->initiator);
}

tacit_err
tacit_noise_xx_seal_payload(
    struct tacit_noise_xx *xx, const uint8_t *payload, size_t len, uint8_t *ret)
{
	tacit_err err = begin_payload(xx, true);

	if (err != TACIT_OK)
		return err;
	return end(xx, seal(xx, payload, len, ret));
}

tacit_err
tacit_noise_xx_open_payload(
    struct tacit_noise_xx *xx, const uint8_t *sealed, size_t len, uint8_t *ret)
{
	tacit_err err = begin_payload(xx, false);

	if (err != TACIT_OK)
		return err;
	if (len < TACIT_TAG_LEN)
		return end(xx, TACIT_EFORMAT);
	return end(xx, open(xx, sealed, len, ret));
}

void
tacit_noise_xx_split(
    struct tacit_noise_xx *xx, uint8_t ret_k1[TACIT_KEY_LEN], uint8_t ret_k2[TACIT_KEY_LEN])
{
	uint8_t h[TACIT_HASH_LEN];

	tacit_assert(xx->step == TACIT_NOISE_SPLIT);
	tacit_hkdf2(ret_k1, ret_k2, xx->ck, NULL, 0);
	/* nothing of the handshake may outlive it but h, which is no secret */
	memcpy(h, xx->h, TACIT_HASH_LEN);
	tacit_noise_xx_fini(xx);
	memcpy(xx->h, h, TACIT_HASH_LEN);
}

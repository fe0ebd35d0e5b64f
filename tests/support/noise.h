/*
 * support/noise.h: reading a whole handshake message, tokens and payload in one piece.
 */
#ifndef TACIT_TESTS_NOISE_H
#define TACIT_TESTS_NOISE_H

#include "noise/xx.h"

static inline tacit_err
consume_1(struct tacit_noise_xx *xx, const uint8_t *message, size_t len)
{
	return tacit_noise_xx_consume1(
	    xx, message, message + TACIT_NOISE_XX_TOKENS1, len - TACIT_NOISE_XX_TOKENS1);
}

static inline tacit_err
consume_2(struct tacit_noise_xx *xx, const uint8_t *message, size_t len, uint8_t *ret)
{
	tacit_err err = tacit_noise_xx_consume2(xx, message);

	if (err != TACIT_OK)
		return err;
	return tacit_noise_xx_open_payload(
	    xx, message + TACIT_NOISE_XX_TOKENS2, len - TACIT_NOISE_XX_TOKENS2, ret);
}

static inline tacit_err
consume_3(struct tacit_noise_xx *xx, const uint8_t *message, size_t len, uint8_t *ret)
{
	tacit_err err = tacit_noise_xx_consume3(xx, message);

	if (err != TACIT_OK)
		return err;
	return tacit_noise_xx_open_payload(
	    xx, message + TACIT_NOISE_XX_TOKENS3, len - TACIT_NOISE_XX_TOKENS3, ret);
}

#endif

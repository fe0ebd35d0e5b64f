#include "channel/record.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "base/writer.h"

static tacit_err
derive(const uint8_t split_key[TACIT_KEY_LEN], const char *label, struct tacit_aead **ret)
{
	uint8_t key[TACIT_KEY_LEN];
	tacit_err err;

	tacit_hkdf_expand(key, sizeof(key), split_key, (const uint8_t *)label, strlen(label));
	err = tacit_aead_new(key, ret);
	tacit_wipe(key, sizeof(key));
	return err;
}

tacit_err
tacit_record_keys_init(struct tacit_record_keys *keys, const uint8_t split_key[TACIT_KEY_LEN],
    const uint8_t h[TACIT_HASH_LEN], bool from_initiator)
{
	tacit_err err;

	memset(keys, 0, sizeof(*keys));
	memcpy(keys->aad, h, TACIT_HASH_LEN);
	keys->aad[TACIT_HASH_LEN] = from_initiator ? 1 : 2;
	if ((err = derive(split_key, "tacit.v1.data", &keys->data)) != TACIT_OK ||
	    (err = derive(split_key, "tacit.v1.control", &keys->control)) != TACIT_OK)
		tacit_record_keys_fini(keys);
	return err;
}

void
tacit_record_keys_fini(struct tacit_record_keys *keys)
{
	tacit_aead_free(keys->data);
	tacit_aead_free(keys->control);
	memset(keys, 0, sizeof(*keys));
}

static void
associated_data(const struct tacit_record_keys *keys, const uint8_t header[TACIT_RECORD_HEADER_LEN],
    uint8_t ret[TACIT_HASH_LEN + 1 + TACIT_RECORD_HEADER_LEN])
{
	memcpy(ret, keys->aad, sizeof(keys->aad));
	memcpy(ret + sizeof(keys->aad), header, TACIT_RECORD_HEADER_LEN);
}

tacit_err
tacit_record_seal(struct tacit_record_keys *keys, enum tacit_record_type type, uint64_t sequence,
    const uint8_t *body, size_t len, uint8_t *ret)
{
	uint8_t aad[TACIT_HASH_LEN + 1 + TACIT_RECORD_HEADER_LEN];
	uint64_t blocks = len / 16 + 2 + sizeof(aad) / 16;
	struct tacit_writer w;

	if (keys->blocks + blocks > TACIT_KEY_BLOCKS_MAX)
		return TACIT_ELIMIT;
	tacit_assert(len + TACIT_TAG_LEN <= UINT16_MAX);
	tacit_writer_init(&w, ret, TACIT_RECORD_HEADER_LEN);
	tacit_writer_u8(&w, TACIT_RECORD_VERSION);
	tacit_writer_u8(&w, (uint8_t)type);
	tacit_writer_be32(&w, 0);
	tacit_writer_be64(&w, sequence);
	tacit_writer_be16(&w, (uint16_t)(len + TACIT_TAG_LEN));
	associated_data(keys, ret, aad);
	keys->blocks += blocks;
	return tacit_aead_seal(type == TACIT_RECORD_DATA ? keys->data : keys->control, sequence,
	    aad, sizeof(aad), body, len, ret + TACIT_RECORD_HEADER_LEN);
}

void
tacit_record_next(struct tacit_reader *r, struct tacit_record *ret)
{
	ret->header = r->next;
	ret->version = tacit_reader_u8(r);
	ret->type = tacit_reader_u8(r);
	ret->epoch = tacit_reader_be32(r);
	ret->sequence = tacit_reader_be64(r);
	ret->sealed_len = tacit_reader_be16(r);
	ret->sealed = tacit_reader_take(r, ret->sealed_len);
}

tacit_err
tacit_record_open(
    const struct tacit_record_keys *keys, const struct tacit_record *record, uint8_t *ret)
{
	uint8_t aad[TACIT_HASH_LEN + 1 + TACIT_RECORD_HEADER_LEN];

	if (record->version != TACIT_RECORD_VERSION || record->epoch != 0 ||
	    (record->type != TACIT_RECORD_DATA && record->type != TACIT_RECORD_CONTROL))
		return TACIT_EAUTH;
	associated_data(keys, record->header, aad);
	return tacit_aead_open(record->type == TACIT_RECORD_DATA ? keys->data : keys->control,
	    record->sequence, aad, sizeof(aad), record->sealed, record->sealed_len, ret);
}

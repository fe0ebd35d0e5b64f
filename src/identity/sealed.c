#include "identity/sealed.h"

#include <string.h>

#include "base/memory.h"

#define VERSION      1
#define KDF_NONE     0
#define KDF_ARGON2ID 1

static const uint8_t magic[8] = {'t', 'a', 'c', 'i', 't', '-', 'i', 'd'};

static struct tacit_lock
lock_of(const struct tacit_sealed_passphrase *passphrase, const struct tacit_argon2id *cost,
    const uint8_t *header, size_t len)
{
	return (struct tacit_lock){passphrase->bytes, passphrase->len, cost, header, len};
}

tacit_err
tacit_identity_seal(const struct tacit_identity *identity,
    const struct tacit_sealed_passphrase *passphrase, const struct tacit_argon2id *cost,
    uint8_t ret[TACIT_SEALED_IDENTITY_LEN_MAX], size_t *ret_len)
{
	struct tacit_argon2id mine = {.passes = 0};
	struct tacit_lock lock;
	struct tacit_writer w;
	tacit_err err;

	if (passphrase->bytes != NULL) {
		mine = *cost;
		tacit_vault_random(identity->vault, mine.salt, sizeof(mine.salt));
	}
	tacit_writer_init(&w, ret, TACIT_SEALED_IDENTITY_LEN_MAX);
	tacit_writer_put(&w, magic, sizeof(magic));
	tacit_writer_u8(&w, VERSION);
	tacit_writer_u8(&w, passphrase->bytes != NULL ? KDF_ARGON2ID : KDF_NONE);
	tacit_writer_be32(&w, mine.passes);
	tacit_writer_be32(&w, mine.kib);
	tacit_writer_put(&w, mine.salt, sizeof(mine.salt));
	tacit_history_encode(&w, &identity->history);
	tacit_assert(!w.bad && w.len + TACIT_SEALED_LEN <= TACIT_SEALED_IDENTITY_LEN_MAX);
	lock = lock_of(passphrase, &mine, ret, w.len);
	err = tacit_vault_seal(identity->vault, identity->key, &lock, ret + w.len);
	if (err == TACIT_OK)
		*ret_len = w.len + TACIT_SEALED_LEN;
	return err;
}

static tacit_err
flawed(tacit_err err, const char *text, const char **ret_flaw)
{
	*ret_flaw = text;
	return err;
}

static bool
is_zero(const uint8_t *bytes, size_t len)
{
	uint8_t all = 0;

	for (size_t i = 0; i < len; i++)
		all |= bytes[i];
	return all == 0;
}

/* no file makes us spend more than the limits, nor may one be so cheap that guessing pays */
static bool
cost_allowed(uint8_t kdf, const struct tacit_argon2id *cost)
{
	if (kdf == KDF_NONE)
		return cost->passes == 0 && cost->kib == 0 &&
		       is_zero(cost->salt, sizeof(cost->salt));
	return cost->passes >= TACIT_KDF_PASSES_MIN && cost->passes <= TACIT_KDF_PASSES_MAX &&
	       cost->kib >= TACIT_KDF_KIB_MIN && cost->kib <= TACIT_KDF_KIB_MAX;
}

tacit_err
tacit_identity_peek(
    const uint8_t *bytes, size_t len, struct tacit_sealed_header *ret, const char **ret_flaw)
{
	struct tacit_sealed_header header = {.len = 0};
	struct tacit_reader r;
	const uint8_t *begin;
	uint8_t version, kdf;

	tacit_reader_init(&r, bytes, len);
	begin = tacit_reader_take(&r, sizeof(magic));
	if (begin == NULL || !tacit_equal_ct(begin, magic, sizeof(magic)))
		return flawed(TACIT_EFORMAT, "is not an identity file", ret_flaw);
	version = tacit_reader_u8(&r);
	if (!r.bad && version != VERSION)
		return flawed(TACIT_EUNSUPPORTED,
		    "is an identity file of another version: a newer Tacit may read it", ret_flaw);
	kdf = tacit_reader_u8(&r);
	header.cost.passes = tacit_reader_be32(&r);
	header.cost.kib = tacit_reader_be32(&r);
	tacit_reader_copy(&r, header.cost.salt, sizeof(header.cost.salt));
	tacit_history_decode(&r, &header.history);
	header.len = len - r.left;
	if (tacit_reader_take(&r, TACIT_SEALED_LEN) == NULL || !tacit_reader_done(&r) ||
	    kdf > KDF_ARGON2ID)
		return flawed(TACIT_EFORMAT,
		    "is damaged or cut short: use a copy of it, if there is one", ret_flaw);
	if (!cost_allowed(kdf, &header.cost))
		return flawed(TACIT_ELIMIT,
		    "asks for more or less memory and time than is allowed: it is damaged, or was "
		    "not made by Tacit",
		    ret_flaw);
	if (tacit_history_verify(&header.history) != TACIT_OK)
		return flawed(TACIT_EAUTH,
		    "is damaged: a signature in its history is wrong; use a copy of it, if there "
		    "is one",
		    ret_flaw);
	header.has_passphrase = kdf == KDF_ARGON2ID;
	tacit_history_identifier(&header.history, &header.identifier);
	*ret = header;
	return TACIT_OK;
}

/* the sealed part has to fit what everybody can read */
static tacit_err
unseal_key(struct tacit_vault *vault, const uint8_t *bytes,
    const struct tacit_sealed_header *header, const struct tacit_sealed_passphrase *passphrase,
    tacit_key *ret)
{
	struct tacit_lock lock = lock_of(passphrase, &header->cost, bytes, header->len);
	struct tacit_ed25519_public public;
	tacit_key key;
	tacit_err err = tacit_vault_unseal(vault, &lock, bytes + header->len, &key, &public);

	if (err != TACIT_OK)
		return err;
	if (!tacit_equal_ct(public.b, tacit_history_key(&header->history)->b, sizeof(public.b))) {
		tacit_vault_delete(vault, key);
		return TACIT_EAUTH;
	}
	*ret = key;
	return TACIT_OK;
}

tacit_err
tacit_identity_unseal(struct tacit_vault *vault, const uint8_t *bytes, size_t len,
    const struct tacit_sealed_passphrase *passphrase, struct tacit_identity *ret,
    const char **ret_flaw)
{
	struct tacit_sealed_header header;
	tacit_key key;
	tacit_err err = tacit_identity_peek(bytes, len, &header, ret_flaw);

	if (err != TACIT_OK)
		return err;
	if (header.has_passphrase && passphrase->bytes == NULL)
		return flawed(TACIT_EINVAL, "has a passphrase, and none was given", ret_flaw);
	if (!header.has_passphrase && passphrase->bytes != NULL)
		return flawed(TACIT_EINVAL,
		    "has no passphrase, and one was given: it is not the file that was meant, or "
		    "open it without",
		    ret_flaw);
	err = unseal_key(vault, bytes, &header, passphrase, &key);
	if (err == TACIT_EAUTH)
		return flawed(err,
		    header.has_passphrase
			? "cannot be opened: wrong passphrase, or the file is damaged"
			: "is damaged: use a copy of it, if there is one",
		    ret_flaw);
	if (err == TACIT_ENOMEM)
		return flawed(
		    err, "cannot be opened: not enough memory for its passphrase", ret_flaw);
	if (err != TACIT_OK)
		return flawed(err, "cannot be opened", ret_flaw);
	*ret = (struct tacit_identity){vault, key, header.history, header.identifier};
	return TACIT_OK;
}

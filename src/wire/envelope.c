#include "wire/envelope.h"

#include <string.h>

#include "base/memory.h"

size_t
tacit_envelope_len(const char *protocol, size_t len)
{
	size_t id_len = strlen(protocol);

	return tacit_bare_uint_len(id_len) + id_len + tacit_bare_uint_len(len);
}

void
tacit_envelope_write(struct tacit_writer *w, const char *protocol, size_t len)
{
	tacit_bare_write_text(w, protocol);
	tacit_bare_write_uint(w, len);
}

tacit_err
tacit_envelope_open(
    const struct tacit_msg *msg, struct tacit_slice *ret_protocol, struct tacit_reader *ret)
{
	struct tacit_reader r;
	struct tacit_slice protocol, data;

	tacit_reader_init(&r, tacit_msg_payload(msg), msg->len);
	protocol = tacit_bare_read_data(&r);
	data = tacit_bare_read_data(&r);
	if (r.bad)
		return TACIT_EFORMAT;
	*ret_protocol = protocol;
	tacit_reader_init(ret, data.bytes, data.len);
	return TACIT_OK;
}

tacit_err
tacit_envelope_close(const struct tacit_writer *inner, const char *protocol, struct tacit_msg **ret)
{
	struct tacit_writer w;
	struct tacit_msg *msg;

	if (inner->bad)
		return TACIT_ELIMIT;
	if ((msg = tacit_msg_new(tacit_envelope_len(protocol, inner->len) + inner->len)) == NULL)
		return TACIT_ENOMEM;
	tacit_writer_init(&w, tacit_msg_payload(msg), msg->len);
	tacit_envelope_write(&w, protocol, inner->len);
	tacit_writer_put(&w, inner->bytes, inner->len);
	tacit_assert(!w.bad && w.len == msg->len);
	*ret = msg;
	return TACIT_OK;
}

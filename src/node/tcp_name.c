#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "node/tcp_state.h"

/* letters, digits and what stands in names; in brackets what stands in IPv6 addresses and scopes */
static bool
is_host(const char *host, size_t len, bool bracketed)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-_";

	for (size_t i = 0; i < len; i++) {
		if (strchr(letters, host[i]) == NULL &&
		    !(bracketed && (host[i] == ':' || host[i] == '%')))
			return false;
	}
	return len > 0;
}

static bool
is_port(const char *port, size_t len, bool zero)
{
	unsigned value = 0;

	if (len == 0 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (port[i] < '0' || port[i] > '9')
			return false;
		value = value * 10 + (unsigned)(port[i] - '0');
	}
	return value <= 65535 && (value > 0 || zero);
}

tacit_err
tacit_tcp_name_parse(const char **text, bool zero, struct tacit_tcp_name *ret)
{
	size_t len = strcspn(*text, ","), host_len, port_len;
	const char *host = *text, *port;
	bool bracketed = host[0] == '[';

	host += bracketed;
	host_len = strcspn(host, bracketed ? "]," : ":,");
	port = host + host_len + bracketed + 1;
	if (port > *text + len || host_len >= sizeof(ret->host) ||
	    (bracketed && host[host_len] != ']') || port[-1] != ':')
		return TACIT_EINVAL;
	port_len = (size_t)(*text + len - port);
	if (!is_host(host, host_len, bracketed) || !is_port(port, port_len, zero))
		return TACIT_EINVAL;
	/* a comma promises another name */
	if ((*text)[len] == ',' && (*text)[len + 1] == '\0')
		return TACIT_EINVAL;
	*ret = (struct tacit_tcp_name){.port = ""};
	memcpy(ret->host, host, host_len);
	memcpy(ret->port, port, port_len);
	*text += len + ((*text)[len] == ',');
	return TACIT_OK;
}

void
tacit_tcp_format(const struct sockaddr *address, socklen_t len, char *ret, size_t cap)
{
	char host[64], port[8];

	if (getnameinfo(address, len, host, sizeof(host), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(ret, cap, "unknown");
	else
		snprintf(
		    ret, cap, address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

const char *
tacit_tcp_reason(int error)
{
	return uv_strerror(uv_translate_sys_error(error));
}

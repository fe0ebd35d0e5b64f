#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/memory.h"
#include "node/tcp_state.h"

enum state {
	IDLE,       /* nobody needs a connection */
	RESOLVING,  /* a name is looked up */
	CONNECTING, /* an address is tried */
	UP,
	WAITING, /* it failed or broke: the alarm tries again */
};

/* a look-up outlives its peer when it cannot be taken back */
struct lookup {
	uv_getaddrinfo_t request;
	struct tacit_tcp_peer *peer; /* NULL: nobody waits for it any more */
};

struct tacit_tcp_peer {
	struct tacit_list list;
	struct tacit_tcp *tcp;
	char *text; /* HOST:PORT[,HOST:PORT...] */
	enum state state;
	const char *next_name; /* in text; behind the last one comes the first */
	unsigned names_left;   /* of this attempt */
	struct tacit_tcp_name name;
	struct lookup *lookup;
	struct addrinfo *addresses, *next_address;
	bool numeric; /* addresses are the system's to free, not libuv's */
	struct tacit_tcp_connection *connection;
	struct tacit_alarm *alarm;
	unsigned failures; /* in a row */
	char why[512];     /* the last sentence about a connection that is not there */

	struct tacit_list wants;
	unsigned news; /* counts ups and downs, for wants that have not heard yet */
	struct tacit_turn_end tell;
	/* until it is up, when no want is there; and their bytes */
	struct tacit_queue pending;
	size_t pending_len;
};

struct tacit_tcp_want {
	struct tacit_list list;
	struct tacit_tcp_peer *peer;
	unsigned heard; /* of the peer's news */
	void (*up)(void *arg);
	void (*down)(void *arg, const char *text);
	void *arg;
};

static void try_next(struct tacit_tcp_peer *peer);

/* Told at the end of the turn, so that no caller of ours is called back before it has returned. */
static void
tell(void *arg)
{
	struct tacit_tcp_peer *peer = arg;
	struct tacit_list wants;

	tacit_list_init(&wants);
	while (!tacit_list_empty(&peer->wants)) {
		struct tacit_list *at = peer->wants.next;

		tacit_list_remove(at);
		tacit_list_append(&wants, at);
	}
	/* a want that is freed meanwhile takes itself out of either list */
	while (!tacit_list_empty(&wants)) {
		struct tacit_tcp_want *want =
		    TACIT_CONTAINER(wants.next, struct tacit_tcp_want, list);

		tacit_list_remove(&want->list);
		tacit_list_append(&peer->wants, &want->list);
		if (want->heard == peer->news)
			continue;
		want->heard = peer->news;
		if (peer->state == UP)
			want->up(want->arg);
		else
			want->down(want->arg, peer->why);
	}
}

static void
spread_news(struct tacit_tcp_peer *peer)
{
	peer->news++;
	tacit_turn_end_ask(peer->tcp->node, &peer->tell);
}

static void
free_addresses(struct tacit_tcp_peer *peer)
{
	if (peer->addresses != NULL && peer->numeric)
		freeaddrinfo(peer->addresses);
	else
		uv_freeaddrinfo(peer->addresses);
	peer->addresses = peer->next_address = NULL;
}

static void
drop_pending(struct tacit_tcp_peer *peer)
{
	tacit_msg_queue_fini(&peer->pending);
	peer->pending_len = 0;
}

/* 50 ms to 1 s, doubling, of which a random half: clients of a hub that died do not come back in
 * step */
static tacit_msec
backoff(const struct tacit_tcp_peer *peer)
{
	tacit_msec delay = TACIT_RECONNECT_MS;
	uint32_t random;

	for (unsigned i = 1; i < peer->failures && delay < TACIT_RECONNECT_MAX_MS; i++)
		delay *= 2;
	if (delay > TACIT_RECONNECT_MAX_MS)
		delay = TACIT_RECONNECT_MAX_MS;
	tacit_random_fill(&peer->tcp->node->random, &random, sizeof(random));
	return delay / 2 + random % (delay / 2 + 1);
}

static void
wait_and_retry(struct tacit_tcp_peer *peer, tacit_msec delay)
{
	struct tacit_node *node = peer->tcp->node;

	free_addresses(peer);
	drop_pending(peer);
	peer->connection = NULL;
	peer->state = WAITING;
	tacit_alarm_set(peer->alarm, tacit_node_now(node) + delay);
	spread_news(peer);
}

/* no name and no address of it answered */
static void
fail(struct tacit_tcp_peer *peer)
{
	char reason[256];

	peer->failures++;
	memcpy(reason, peer->why, sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	snprintf(peer->why, sizeof(peer->why), "cannot connect to %s: %s", peer->text, reason);
	tacit_node_log(peer->tcp->node, peer->failures == 1 ? TACIT_LOG_WARNING : TACIT_LOG_DEBUG,
	    "%s", peer->why);
	wait_and_retry(peer, backoff(peer));
}

/* opens a socket to the next address; false when that fails at once */
static bool
try_address(struct tacit_tcp_peer *peer, const struct addrinfo *address)
{
	struct tacit_tcp *tcp = peer->tcp;
	int fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
	int flags, error;

	if (fd >= 0 && (flags = fcntl(fd, F_GETFL)) >= 0 &&
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	    (connect(fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS)) {
		peer->connection = tacit_tcp_connection_new(tcp, fd, true, peer->text);
		if (peer->connection != NULL) {
			peer->connection->peer = peer;
			return true;
		}
		error = ENOMEM;
	} else {
		error = errno;
		if (fd >= 0)
			close(fd);
	}
	snprintf(peer->why, sizeof(peer->why), "%s", tacit_tcp_reason(error));
	return false;
}

static void
on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *addresses)
{
	struct lookup *lookup = request->data;
	struct tacit_tcp_peer *peer = lookup->peer;

	((struct tacit_node *)request->loop->data)->busy--;
	tacit_free(lookup);
	if (peer == NULL) {
		uv_freeaddrinfo(addresses);
		return;
	}
	peer->lookup = NULL;
	if (status != 0)
		snprintf(peer->why, sizeof(peer->why), "%s",
		    status == UV_EAI_NONAME ? "no such host" : uv_strerror(status));
	peer->numeric = false;
	peer->addresses = peer->next_address = status == 0 ? addresses : NULL;
	try_next(peer);
}

/* looks the next name up; false when that fails at once.  Numbers need no thread. */
static bool
try_name(struct tacit_tcp_peer *peer)
{
	struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct tacit_node *node = peer->tcp->node;
	struct lookup *lookup;

	free_addresses(peer);
	peer->names_left--;
	if (tacit_tcp_name_parse(&peer->next_name, false, &peer->name) != TACIT_OK)
		return false; /* cannot be: the text was checked when the peer was added */
	if (*peer->next_name == '\0')
		peer->next_name = peer->text;
	if (getaddrinfo(peer->name.host, peer->name.port, &hints, &peer->addresses) == 0) {
		peer->numeric = true;
		peer->next_address = peer->addresses;
		return false;
	}
	peer->addresses = NULL;
	snprintf(peer->why, sizeof(peer->why), "out of memory");
	if ((lookup = tacit_alloc(sizeof(*lookup))) == NULL)
		return false;
	lookup->request.data = lookup;
	lookup->peer = peer;
	hints.ai_flags = AI_NUMERICSERV;
	if (uv_getaddrinfo(&node->loop, &lookup->request, on_resolved, peer->name.host,
		peer->name.port, &hints) != 0) {
		tacit_free(lookup);
		return false;
	}
	node->busy++;
	peer->lookup = lookup;
	return true;
}

/* the next address of this name, or of the next name */
static void
try_next(struct tacit_tcp_peer *peer)
{
	struct tacit_node *node = peer->tcp->node;

	for (;;) {
		while (peer->next_address != NULL) {
			const struct addrinfo *address = peer->next_address;

			peer->next_address = address->ai_next;
			peer->state = CONNECTING;
			if (try_address(peer, address)) {
				tacit_alarm_set(
				    peer->alarm, tacit_node_now(node) + TACIT_CONNECT_MS);
				return;
			}
		}
		if (peer->names_left == 0) {
			fail(peer);
			return;
		}
		peer->state = RESOLVING;
		if (try_name(peer))
			return;
	}
}

/* All names once, from the one behind that which was connected last: a hub that takes connections and
 * does not answer must not keep its clients from the others. */
static void
begin(struct tacit_tcp_peer *peer)
{
	tacit_alarm_set(peer->alarm, TACIT_NEVER);
	peer->names_left = 1;
	for (const char *at = peer->text; (at = strchr(at, ',')) != NULL; at++)
		peer->names_left++;
	try_next(peer);
}

static void
on_alarm(void *arg)
{
	struct tacit_tcp_peer *peer = arg;

	if (peer->state == CONNECTING)
		tacit_tcp_connection_close(peer->connection, "no answer");
	else if (peer->state == WAITING && tacit_list_empty(&peer->wants) &&
		 peer->pending.count == 0)
		peer->state = IDLE;
	else if (peer->state == WAITING)
		begin(peer);
}

void
tacit_tcp_peer_up(struct tacit_tcp_peer *peer)
{
	struct tacit_msg *msg;

	tacit_alarm_set(peer->alarm, TACIT_NEVER);
	free_addresses(peer);
	peer->state = UP;
	tacit_node_log(peer->tcp->node, TACIT_LOG_INFO,
	    strchr(peer->name.host, ':') != NULL ? "connected to [%s]:%s" : "connected to %s:%s",
	    peer->name.host, peer->name.port);
	while ((msg = tacit_queue_pop(&peer->pending)) != NULL)
		tacit_tcp_connection_send(peer->connection, msg);
	peer->pending_len = 0;
	spread_news(peer);
}

void
tacit_tcp_peer_down(struct tacit_tcp_peer *peer, const char *why)
{
	/* one that closes before it said anything is not better than one that does not answer */
	bool heard = peer->connection->heard;

	peer->connection = NULL;
	if (peer->tcp->closing)
		return;
	if (peer->state != UP) {
		snprintf(peer->why, sizeof(peer->why), "%s", why);
		try_next(peer);
		return;
	}
	peer->failures = heard ? 1 : peer->failures + 1;
	snprintf(
	    peer->why, sizeof(peer->why), "the connection to %s was lost: %s", peer->text, why);
	tacit_node_log(peer->tcp->node, TACIT_LOG_INFO, "%s", peer->why);
	wait_and_retry(peer, backoff(peer));
}

static bool
may_wait(const struct tacit_tcp_peer *peer)
{
	return peer->pending.count < TACIT_PENDING_MAX && peer->pending_len < TACIT_SEND_ROOM_LEN;
}

bool
tacit_tcp_peer_has_room(const struct tacit_tcp_peer *peer)
{
	if (peer->state == UP)
		return tacit_tcp_connection_has_room(peer->connection);
	return !tacit_list_empty(&peer->wants) || may_wait(peer);
}

/* While it is down, what somebody wants a connection for is dropped: they push again what was not
 * confirmed as soon as it is up.  What nobody wants waits a little. */
void
tacit_tcp_peer_send(struct tacit_tcp_peer *peer, struct tacit_msg *msg)
{
	if (peer->state == UP) {
		tacit_tcp_connection_send(peer->connection, msg);
		return;
	}
	if (peer->tcp->closing || !tacit_list_empty(&peer->wants) || !may_wait(peer)) {
		tacit_node_log(peer->tcp->node, TACIT_LOG_DEBUG,
		    "dropped a message to %s: there is no connection", peer->text);
		tacit_msg_drop(msg);
		return;
	}
	peer->pending_len += msg->len;
	(void)tacit_msg_queue_push(&peer->pending, msg);
	if (peer->state == IDLE)
		begin(peer);
}

struct tacit_tcp_peer *
tacit_tcp_peer_add(struct tacit_tcp *tcp, struct tacit_address address)
{
	struct tacit_tcp_peer *peer = tacit_map_get(&tcp->peers, address.bytes, address.len);

	if (peer != NULL)
		return peer;
	if ((peer = tacit_alloc(sizeof(*peer))) == NULL ||
	    (peer->text = tacit_alloc(address.len + 1)) == NULL ||
	    tacit_map_put(&tcp->peers, address.bytes, address.len, peer) != TACIT_OK) {
		(void)tacit_node_fail(tcp->node, TACIT_ENOMEM, "out of memory");
		goto failed;
	}
	memcpy(peer->text, address.bytes, address.len);
	if ((peer->alarm = tacit_alarm_new(tcp->node, on_alarm, peer)) == NULL) {
		tacit_map_remove(&tcp->peers, address.bytes, address.len);
		goto failed;
	}
	peer->tcp = tcp;
	peer->next_name = peer->text;
	tacit_list_init(&peer->wants);
	tacit_turn_end_init(&peer->tell, tell, peer);
	tacit_list_append(&tcp->peer_list, &peer->list);
	return peer;
failed:
	if (peer != NULL)
		tacit_free(peer->text);
	tacit_free(peer);
	return NULL;
}

void
tacit_tcp_peers_close(struct tacit_tcp *tcp)
{
	for (struct tacit_list *at = tcp->peer_list.next; at != &tcp->peer_list; at = at->next) {
		struct tacit_tcp_peer *peer = TACIT_CONTAINER(at, struct tacit_tcp_peer, list);

		/* the connection, if there is one, lingers without its peer */
		peer->connection = NULL;
		peer->state = IDLE;
		tacit_alarm_set(peer->alarm, TACIT_NEVER);
		tacit_turn_end_cancel(&peer->tell);
		drop_pending(peer);
		free_addresses(peer);
		if (peer->lookup != NULL) {
			peer->lookup->peer = NULL;
			uv_cancel((uv_req_t *)&peer->lookup->request);
			peer->lookup = NULL;
		}
	}
}

void
tacit_tcp_peers_free(struct tacit_tcp *tcp)
{
	while (!tacit_list_empty(&tcp->peer_list)) {
		struct tacit_tcp_peer *peer =
		    TACIT_CONTAINER(tcp->peer_list.next, struct tacit_tcp_peer, list);

		tacit_list_remove(&peer->list);
		while (!tacit_list_empty(&peer->wants))
			tacit_tcp_want_free(
			    TACIT_CONTAINER(peer->wants.next, struct tacit_tcp_want, list));
		tacit_turn_end_cancel(&peer->tell);
		drop_pending(peer);
		tacit_alarm_free(peer->alarm);
		tacit_free(peer->text);
		tacit_free(peer);
	}
}

/* wants ---------------------------------------------------------------------------------------- */

struct tacit_tcp_want *
tacit_tcp_want_new(struct tacit_node *node, struct tacit_address peer_address,
    void (*up)(void *arg), void (*down)(void *arg, const char *text), void *arg)
{
	struct tacit_tcp_peer *peer = NULL;
	struct tacit_tcp_want *want;

	if (!tacit_node_usable(node))
		return NULL;
	if (node->tcp != NULL && peer_address.type == TACIT_ADDRESS_TCP)
		peer = tacit_map_get(&node->tcp->peers, peer_address.bytes, peer_address.len);
	if (peer == NULL) {
		(void)tacit_node_fail(
		    node, TACIT_EINVAL, "the route does not begin with what tacit_tcp_peer gave");
		return NULL;
	}
	if ((want = tacit_alloc(sizeof(*want))) == NULL) {
		(void)tacit_node_fail(node, TACIT_ENOMEM, "out of memory");
		return NULL;
	}
	want->peer = peer;
	want->up = up;
	want->down = down;
	want->arg = arg;
	/* if it is up already, that is news to this one */
	want->heard = peer->news - (peer->state == UP);
	tacit_list_append(&peer->wants, &want->list);
	if (peer->state == UP)
		tacit_turn_end_ask(node, &peer->tell);
	else if (peer->state == IDLE || peer->state == WAITING)
		begin(peer);
	return want;
}

void
tacit_tcp_want_free(struct tacit_tcp_want *want)
{
	if (want == NULL)
		return;
	tacit_list_remove(&want->list);
	tacit_free(want);
}

void
tacit_tcp_want_drop(struct tacit_tcp_want *want)
{
	struct tacit_tcp_peer *peer = want->peer;

	if (peer->state == UP)
		tacit_tcp_connection_close(peer->connection, "no answer in time");
}

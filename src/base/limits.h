/*
 * Every limit of the system, with its unit and its reason.  What a peer can make grow is bounded
 * here and nowhere else.
 */
#ifndef TACIT_BASE_LIMITS_H
#define TACIT_BASE_LIMITS_H

/* wire --------------------------------------------------------------------------------------- */

/* bytes of a TCP frame's body: its length is a u16 (PROTOCOL.md 2.1) */
#define TACIT_FRAME_LEN_MAX 65535u
/* bytes of one address: `stream.` and a name of 249 fit, with room (PROTOCOL.md 1.2) */
#define TACIT_ADDRESS_LEN_MAX 300u
/* bytes and hops of a route, encoded; the 2021 programs use at most 4 hops of 34 bytes */
#define TACIT_ROUTE_LEN_MAX  512u
#define TACIT_ROUTE_HOPS_MAX 12u
/* bytes of a stream's or topic's name: Kafka's own limit */
#define TACIT_NAME_LEN_MAX 249u
/* bytes of a client id: leaves room for a group prefix in Kafka's 255 */
#define TACIT_CLIENT_ID_LEN_MAX 200u
/* bytes of an error text in a stream_open answer */
#define TACIT_TEXT_LEN_MAX 255u
/* bytes of one stream entry: with the longest route and name around it, it fits a pull answer of
 * one frame (65535 - 512 route - 260 name - headers) */
#define TACIT_ENTRY_LEN_MAX 64512u
/* bytes of room kept in front of a new message: the headers that record, entry, push request and
 * frame put there on the way out, so that none of them copies it */
#define TACIT_HEADROOM 512u

/* noise and identity ------------------------------------------------------------------------- */

/* bytes of a Noise message: Noise specification, section 3 */
#define TACIT_NOISE_LEN_MAX 65535u
/* bytes of the padded payload of handshake messages 2 and 3 (PROTOCOL.md 5.4) */
#define TACIT_PROOF_PAYLOAD_LEN 1408u
/* changes in an identity's history: 1 creation and 7 rotations fit the payload above */
#define TACIT_HISTORY_CHANGES_MAX 8u
/* events in the history of an identity of 2021, which has no bound of its own: with three
 * signatures each they cost the loop some 15 ms, and programs of that time make one event */
#define TACIT_OCKAM_EVENTS_MAX 64u

/* what the passphrase of an identity file may cost (FORMAT.md 1.2): passes over the memory, and its
 * KiB.  A file asks for the cost, and any file may be handed to us: 1 GiB and 10 passes are some
 * 10 s.  Below the least, guessing would be cheap */
#define TACIT_KDF_PASSES_MIN 1u
#define TACIT_KDF_PASSES_MAX 10u
#define TACIT_KDF_KIB_MIN    (8u << 10)
#define TACIT_KDF_KIB_MAX    (1u << 20)
/* bytes of a passphrase: a line that a person types, or a key of a service */
#define TACIT_PASSPHRASE_LEN_MAX 1024u
/* identities whose histories a memory keeps, and, in a file, as many that were seen first: 150 bytes
 * of a file each, which is read again at each handshake */
#define TACIT_REMEMBERED_MAX 4096u
/* identifiers in a list of trusted ones */
#define TACIT_LISTED_MAX 4096u
/* bytes of such a file, comments and all */
#define TACIT_TRUST_FILE_LEN_MAX (4u << 20)
/* characters of the label that a first one is remembered by */
#define TACIT_LABEL_LEN_MAX 64u
/* ms that one program waits for another that is changing the same file */
#define TACIT_FILE_LOCK_MS 5000u

/* secure channel ----------------------------------------------------------------------------- */

/* half-open handshakes of a listener: count, and ms until one is forgotten */
#define TACIT_HALF_OPEN_MAX     64u
#define TACIT_HANDSHAKE_LIFE_MS 30000u
/* hashes of first handshake messages that a listener remembers, so that a replayed one gets no
 * second answer after its handshake is over */
#define TACIT_SEEN_MAX 1024u
/* ms between repeats of a handshake message: first, and at most */
#define TACIT_HANDSHAKE_REPEAT_MS     500u
#define TACIT_HANDSHAKE_REPEAT_MAX_MS 4000u
/* channels of one listener, besides the half-open; beyond, one that was refused or is closed makes
 * room, or else the one that was silent longest */
#define TACIT_CHANNELS_MAX 4096u
/* bytes of a message, or of a fragment of one, in a record of one entry */
#define TACIT_MESSAGE_LEN_MAX 61440u
/* bytes of an application message with its inner routes, cut or not: what a program may well hold
 * several times over; its fragments are a quarter of what the window counts */
#define TACIT_MESSAGE_MAX (64u << 20)
/* bytes of the buffers in which a node's channels join fragments, all together: eight of the longest
 * messages; beyond, the channel whose message grew longest ago ends */
#define TACIT_JOINING_LEN_MAX (512u << 20)
/* data records and bytes that may be on the way and not yet delivered, each direction; fragments
 * that were joined leave their bytes to others */
#define TACIT_WINDOW_RECORDS 4096u
#define TACIT_WINDOW_BYTES   (8u << 20)
/* messages and bytes that wait to be sealed, beyond the window: replies of handlers, which cannot
 * wait for room.  The last one that is taken may be as long as a message can be */
#define TACIT_UNSEALED_MAX     65536u
#define TACIT_UNSEALED_LEN_MAX (64u << 20)
/* ranges of received records that an acknowledgement names */
#define TACIT_RANGES_MAX 32u
/* AES blocks sealed under one key: 2^36, where the advantage against GCM is 2^-55 (RFC 9001
 * appendix B.1 has the formula) */
#define TACIT_KEY_BLOCKS_MAX (UINT64_C(1) << 36)
/* ms: acknowledgement delay, probe (first and at most), silence (and a keepalive at a third of it)
 * unless a program says otherwise, and the least that it may say, wait for a close since
 * something last arrived */
#define TACIT_ACK_DELAY_MS    25u
#define TACIT_PROBE_MS        500u
#define TACIT_PROBE_MAX_MS    60000u
#define TACIT_SILENT_MS       180000u
#define TACIT_SILENT_MIN_MS   1000u
#define TACIT_CLOSE_WAIT_MS   10000u
#define TACIT_CLOSE_REPEAT_MS 500u

/* secure channel of 2021 (PROTOCOL.md 9) ------------------------------------------------------ */

/* records of one direction: the counter is 16 bits wide, and its last value is never used */
#define TACIT_OCKAM_RECORDS_MAX 65535u
/* records that wait for a missing one, and ms until it is given up */
#define TACIT_OCKAM_HELD_MAX 64u
#define TACIT_OCKAM_GAP_MS   2000u
/* records and bytes that are on their way into the stream: nobody further on says stop, so this
 * bounds what an outage of the hub makes a channel keep */
#define TACIT_OCKAM_WINDOW_RECORDS 256u
#define TACIT_OCKAM_WINDOW_BYTES   (1u << 20)
/* messages of a channel that wait for this program to handle them; more of them, and the channel is
 * over: it has no words for "stop" */
#define TACIT_OCKAM_INBOX_BYTES (64u << 20)

/* streams ------------------------------------------------------------------------------------ */

/* ms that a hub holds a pull with nothing to answer; that a client waits for any answer before it
 * takes the connection for dead; between saves of a position */
#define TACIT_PULL_HOLD_MS     5000u
#define TACIT_PULL_DEAD_MS     15000u
#define TACIT_REQUEST_DEAD_MS  10000u
#define TACIT_POSITION_SAVE_MS 1000u
/* ms until a store that could not make a stream is asked again for a client of 2021 */
#define TACIT_CREATE_AGAIN_MS 1000u
/* ms between attempts to connect: first and at most, with jitter */
#define TACIT_RECONNECT_MS     50u
#define TACIT_RECONNECT_MAX_MS 1000u
/* entries that our client asks for in one pull */
#define TACIT_PULL_LIMIT 4096u
/* answers to one pull: as many as a hub gives at most, and as our client asks for at first and at
 * most.  Of one service: pulls that get more than one, so that what they may have under way fits the
 * queue of one connection */
#define TACIT_PULL_ANSWERS_MAX  32u
#define TACIT_PULL_ANSWERS_MIN  2u
#define TACIT_PULLS_FLOWING_MAX 24u
/* ms that answers may need until all are here that were asked for: our client asks for twice as many
 * next time, and for half of them when they need twice that */
#define TACIT_PULL_WAY_MS 1000u
/* times the hold that such a pull stays without a reader who asks for more */
#define TACIT_PULL_SPENT_HOLDS 12u
/* unconfirmed pushes of a producer: count and bytes */
#define TACIT_PUSHES_MAX     16384u
#define TACIT_PUSHES_LEN_MAX (32u << 20)
/* streams that one service keeps open, and pulls parked on one of them */
#define TACIT_STREAMS_MAX      65536u
#define TACIT_PARKED_PULLS_MAX 1024u
/* of one service: pulls, and opens and questions for positions, that its store has not answered;
 * bytes of entries on their way into its store, each with 1 KiB for what goes with it; positions
 * kept for saving or in memory only */
#define TACIT_PULLS_MAX       65536u
#define TACIT_REQUESTS_MAX    16384u
#define TACIT_APPENDS_LEN_MAX (256u << 20)
#define TACIT_POSITIONS_MAX   65536u
/* bytes of an entry that a look shows: with names of 32 digits in both routes, and an
 * acknowledgement of a few ranges in front, the header of a data record is among them; entries of
 * one answer: they fit a frame */
#define TACIT_LOOK_HEAD_LEN    256u
#define TACIT_LOOK_ENTRIES_MAX 128u
/* bytes of entries that the store reads for one look (a record of Kafka's has at most 1 MiB, unless
 * somebody allows more); looks that a store has not answered */
#define TACIT_LOOK_READ_LEN_MAX (2u << 20)
#define TACIT_LOOKS_MAX         16u
/* ms until a client that looks asks again, of a service that was busy */
#define TACIT_LOOK_AGAIN_MS 250u
/* ms until a consumer looks again at a stream whose pull came back empty too soon */
#define TACIT_PULL_AGAIN_MS 250u
/* recent entries that a store keeps in memory for a stream: count and bytes */
#define TACIT_RECENT_MAX     4096u
#define TACIT_RECENT_LEN_MAX (1u << 20)
/* bytes of the recent entries of all streams of a store; beyond, the stream that was written to
 * longest ago gives up its oldest ones */
#define TACIT_RECENT_POOL_LEN_MAX (256u << 20)

/* node --------------------------------------------------------------------------------------- */

/* messages routed in one turn of the loop before timers and sockets get theirs */
#define TACIT_TURN_MESSAGES 1024u
/* a context's mailbox: count and bytes */
#define TACIT_MAILBOX_MAX     65536u
#define TACIT_MAILBOX_LEN_MAX (64u << 20)
/* bytes that wait for one TCP connection to take them; beyond, the hub closes it */
#define TACIT_SEND_QUEUE_LEN_MAX (64u << 20)
/* the same for all connections of a node together; beyond, the one with the most is closed */
#define TACIT_SEND_QUEUES_LEN_MAX (256u << 20)
/* the part of that above which a program that sends has to wait */
#define TACIT_SEND_ROOM_LEN (4u << 20)
/* messages that wait for a TCP connection to be made */
#define TACIT_PENDING_MAX 1024u
/* ms for one address to take a connection before the next one is tried */
#define TACIT_CONNECT_MS 3000u
/* ms until both streams of a client are to be open for the first time */
#define TACIT_STREAM_CONNECT_MS 10000
/* ms that a node being freed gives its connections to write what they still have */
#define TACIT_LINGER_MS 1000u
/* bytes of one receive block of a connection */
#define TACIT_RECEIVE_LEN (256u << 10)
/* connections that a listener keeps open */
#define TACIT_CONNECTIONS_MAX 16384u
/* jobs posted to a node by other threads and not yet run; messages of theirs not yet handled */
#define TACIT_POSTED_MAX 65536u

#endif

/*
 * tacit/tacit.h: all of libtacit.  Begin with node.h; examples/alice.c and bob.c are the tour.
 */
#ifndef TACIT_TACIT_H
#define TACIT_TACIT_H

#include "tacit/channel.h"
#include "tacit/context.h"
#include "tacit/entity.h"
#include "tacit/err.h"
#include "tacit/invitation.h"
#include "tacit/look.h"
#include "tacit/node.h"
#include "tacit/ockam.h"
#include "tacit/program.h"
#include "tacit/stream.h"
#include "tacit/tcp.h"

#endif

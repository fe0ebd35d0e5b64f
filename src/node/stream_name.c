#include "wire/name.h"

#include <string.h>

#include "node/internal.h"

bool
tacit_node_takes_name(struct tacit_node *node, const char *name)
{
	if (tacit_name_check(name, strlen(name)))
		return true;
	(void)tacit_node_fail(node, TACIT_EINVAL,
	    "'%.250s' is no name for a stream: letters, digits, '.', '_' and '-', 249 at most",
	    name);
	return false;
}

bool
tacit_node_takes_client_id(struct tacit_node *node, const char *id)
{
	if (tacit_client_id_check(id, strlen(id)))
		return true;
	(void)tacit_node_fail(node, TACIT_EINVAL,
	    "'%.250s' is no client id: letters, digits, '.', '_' and '-', 200 at most", id);
	return false;
}

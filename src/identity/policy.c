#include "identity/policy.h"

#include <string.h>

#include "base/memory.h"
#include "identity/history.h"

void
tacit_policy_everyone(struct tacit_policy *ret)
{
	*ret = (struct tacit_policy){.kind = TACIT_POLICY_EVERYONE};
}

tacit_err
tacit_policy_exactly(
    const struct tacit_identifier *identifiers, size_t count, struct tacit_policy *ret)
{
	struct tacit_identifier *copy = tacit_alloc_array(count, sizeof(*copy));

	if (copy == NULL)
		return TACIT_ENOMEM;
	if (count > 0)
		memcpy(copy, identifiers, count * sizeof(*copy));
	*ret = (struct tacit_policy){TACIT_POLICY_EXACTLY, copy, count};
	return TACIT_OK;
}

void
tacit_policy_fini(struct tacit_policy *policy)
{
	tacit_free(policy->identifiers);
	memset(policy, 0, sizeof(*policy));
}

tacit_err
tacit_policy_copy(const struct tacit_policy *policy, struct tacit_policy *ret)
{
	if (policy->kind == TACIT_POLICY_EXACTLY)
		return tacit_policy_exactly(policy->identifiers, policy->count, ret);
	*ret = *policy;
	return TACIT_OK;
}

tacit_err
tacit_policy_decide(const struct tacit_policy *policy, const struct tacit_identifier *identifier)
{
	/* zeroed memory is of no kind, and has no identifiers */
	if (policy->kind == TACIT_POLICY_EVERYONE)
		return TACIT_OK;
	if (policy->kind != TACIT_POLICY_EXACTLY)
		return TACIT_EUNTRUSTED;
	for (size_t i = 0; i < policy->count; i++) {
		if (tacit_identifier_equal(&policy->identifiers[i], identifier))
			return TACIT_OK;
	}
	return TACIT_EUNTRUSTED;
}

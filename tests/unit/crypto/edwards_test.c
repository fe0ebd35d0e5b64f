#include "support/random.h"
#include "support/vectors.h"

#include "crypto/edwards.h"
#include "crypto/random.h"

/* L and p - 1, little-endian */
static const uint8_t order[TACIT_SCALAR_LEN] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
    0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
static const uint8_t minus_one[TACIT_X25519_LEN] = {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};

static struct tacit_scalar
small(uint8_t number)
{
	return (struct tacit_scalar){{number}};
}

static void
assert_scalar(const struct tacit_scalar *scalar, const struct tacit_scalar *expected)
{
	assert_memory_equal(scalar->b, expected->b, sizeof(scalar->b));
}

static void
reduction_is_modulo_the_order(void **state)
{
	uint8_t wide[TACIT_HASH512_LEN] = {0};
	struct tacit_scalar ret, expected = small(0);

	(void)state;
	memcpy(wide, order, sizeof(order));
	tacit_scalar_reduce(wide, &ret);
	assert_scalar(&ret, &expected);
	wide[0] += 5;
	expected = small(5);
	tacit_scalar_reduce(wide, &ret);
	assert_scalar(&ret, &expected);
	/* the upper half counts as well: 7 L 2^256 + 5 */
	memset(wide, 0, sizeof(wide));
	wide[0] = 5;
	for (size_t i = 0, carry = 0; i < sizeof(order); i++) {
		carry += 7u * order[i];
		wide[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	tacit_scalar_reduce(wide, &ret);
	assert_scalar(&ret, &expected);
}

static void
scalars_multiply_and_add(void **state)
{
	struct tacit_scalar a = small(7), b = small(6), c = small(5), expected = small(47), ret;

	(void)state;
	tacit_scalar_mul_add(&a, &b, &c, &ret);
	assert_scalar(&ret, &expected);
	/* operands above L: L + 7 */
	memcpy(a.b, order, sizeof(order));
	a.b[0] += 7;
	tacit_scalar_mul_add(&a, &b, &c, &ret);
	assert_scalar(&ret, &expected);
	tacit_scalar_mul_add(&b, &a, &c, &ret);
	assert_scalar(&ret, &expected);
	b = small(1);
	c = a;
	expected = small(14);
	tacit_scalar_mul_add(&a, &b, &c, &ret);
	assert_scalar(&ret, &expected);
}

static void
a_scalar_and_its_negative_are_nothing(void **state)
{
	struct tacit_scalar one = small(1), nothing = small(0), scalar, negative, ret;
	struct seeded seed = {11};

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		/* above L, as clamped secrets are */
		seeded_fill(&seed, scalar.b, sizeof(scalar.b));
		scalar.b[31] |= 0x40;
		tacit_scalar_negate_if(&scalar, 1, &negative);
		tacit_scalar_mul_add(&scalar, &one, &negative, &ret);
		assert_scalar(&ret, &nothing);
		/* without the condition it stays as it is, not even reduced */
		tacit_scalar_negate_if(&scalar, 0, &negative);
		assert_scalar(&negative, &scalar);
	}
}

/* RFC 8032, 5.1: the base point, and the order that makes nothing of it */
static void
base_point_is_multiplied_as_it_is(void **state)
{
	uint8_t expected[TACIT_ED25519_LEN], point[TACIT_ED25519_LEN];
	struct tacit_scalar scalar = small(1);

	(void)state;
	memset(expected, 0x66, sizeof(expected));
	expected[0] = 0x58;
	tacit_edwards_base(&scalar, point);
	assert_memory_equal(point, expected, sizeof(point));
	memcpy(scalar.b, order, sizeof(order));
	scalar.b[0] += 1;
	tacit_edwards_base(&scalar, point);
	assert_memory_equal(point, expected, sizeof(point));
	/* L - 1: the same point with the other sign */
	scalar.b[0] -= 2;
	expected[31] ^= 0x80;
	tacit_edwards_base(&scalar, point);
	assert_memory_equal(point, expected, sizeof(point));
}

/* one secret on both forms of the curve */
static void
public_keys_are_mapped(void **state)
{
	struct seeded seed = {12};
	struct tacit_random random = seeded_random(&seed);
	struct tacit_x25519_secret secret;
	struct tacit_x25519_public public;
	struct tacit_ed25519_public mapped;
	struct tacit_scalar scalar;
	uint8_t point[TACIT_ED25519_LEN];

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		tacit_x25519_generate(&random, &secret, &public);
		tacit_x25519_clamp(&secret);
		memcpy(scalar.b, secret.b, sizeof(scalar.b));
		tacit_edwards_base(&scalar, point);
		point[31] &= 0x7f;
		assert_int_equal(tacit_edwards_from_x25519(&public, &mapped), TACIT_OK);
		assert_memory_equal(mapped.b, point, sizeof(point));
	}
	/* u = 9 is the base point, u = 0 is y = -1, u = 1 is y = 0 */
	memset(&public, 0, sizeof(public));
	public.b[0] = 9;
	memset(point, 0x66, sizeof(point));
	point[0] = 0x58;
	assert_int_equal(tacit_edwards_from_x25519(&public, &mapped), TACIT_OK);
	assert_memory_equal(mapped.b, point, sizeof(point));
	public.b[0] = 0;
	assert_int_equal(tacit_edwards_from_x25519(&public, &mapped), TACIT_OK);
	assert_memory_equal(mapped.b, minus_one, sizeof(minus_one));
	public.b[0] = 1;
	memset(point, 0, sizeof(point));
	assert_int_equal(tacit_edwards_from_x25519(&public, &mapped), TACIT_OK);
	assert_memory_equal(mapped.b, point, sizeof(point));
}

/* -1 has no y; p, p + 1 ... 2^256 - 1 are other texts for numbers below p */
static void
keys_that_no_point_has_are_refused(void **state)
{
	struct tacit_ed25519_public mapped, untouched;
	struct tacit_x25519_public public;

	(void)state;
	memset(&untouched, 0x5a, sizeof(untouched));
	mapped = untouched;
	memcpy(public.b, minus_one, sizeof(public.b));
	for (; public.b[0] != 0; public.b[0]++)
		assert_int_equal(tacit_edwards_from_x25519(&public, &mapped), TACIT_EAUTH);
	memset(&public, 0, sizeof(public));
	public.b[0] = 9;
	public.b[31] = 0x80;
	assert_int_equal(tacit_edwards_from_x25519(&public, &mapped), TACIT_EAUTH);
	assert_memory_equal(&mapped, &untouched, sizeof(mapped));
	/* p - 2 */
	memcpy(public.b, minus_one, sizeof(public.b));
	public.b[0]--;
	assert_int_equal(tacit_edwards_from_x25519(&public, &mapped), TACIT_OK);
}

static int
start(void **state)
{
	(void)state;
	return tacit_crypto_start() == TACIT_OK ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reduction_is_modulo_the_order),
	    cmocka_unit_test(scalars_multiply_and_add),
	    cmocka_unit_test(a_scalar_and_its_negative_are_nothing),
	    cmocka_unit_test(base_point_is_multiplied_as_it_is),
	    cmocka_unit_test(public_keys_are_mapped),
	    cmocka_unit_test(keys_that_no_point_has_are_refused),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}

import { z } from 'zod';
import { IN_OUR_WORDS, invalidFields } from './invalid-fields';

function details(schema: z.ZodType, value: unknown): string[] {
  const result = schema.safeParse(value, IN_OUR_WORDS);
  return result.success
    ? []
    : (invalidFields(result.error.issues).details ?? []).map(({ path, message }) => `${path}: ${message}`);
}

type Case = readonly [schema: z.ZodType, value: unknown, expected: string];

/** One entry for every kind of issue of the schema library: a new kind does not compile until it is added here. */
const BY_CODE: Readonly<Record<z.core.$ZodIssueCode, readonly Case[]>> = {
  invalid_type: [
    [z.object({ a: z.string() }), {}, 'a: is required'],
    [z.string(), 5, ': must be a string, in quotes'],
    [z.number(), '5', ': must be a number'],
    [z.number(), Infinity, ': must be a number'],
    [z.int(), 1.5, ': must be a whole number'],
    [z.boolean(), 'true', ': must be true or false'],
    [z.array(z.string()), {}, ': must be a list'],
    [z.tuple([z.string()]), 'a', ': must be a list'],
    [z.object({}), [], ': must be an object'],
    [z.record(z.string(), z.string()), null, ': must be an object'],
    [z.null(), 1, ': must be null'],
    [z.date(), 1, ': must be a time'],
    [z.bigint(), 1, ': has another type than it must have'],
  ],
  too_big: [
    [z.string().max(3), 'abcd', ': must be at most 3 characters long'],
    [z.string().length(3), 'abcd', ': must be exactly 3 characters long'],
    [z.array(z.int()).max(1), [1, 2], ': must hold at most 1 item'],
    [z.number().max(3), 4, ': must be at most 3'],
    [z.number().lt(3), 3, ': must be less than 3'],
    [z.int(), 2 ** 60, ': must be at most 9007199254740991'],
    [z.date().max(new Date(0)), new Date(1), ': must be a time, at most 1970-01-01T00:00:00.000Z'],
    [z.set(z.int()).max(1), new Set([1, 2]), ': must hold at most 1 item'],
    [z.file().max(1), new File(['ab'], 'a'), ': must be at most 1 bytes long'],
  ],
  too_small: [
    [z.string().min(1), '', ': must not be empty'],
    [z.string().min(2), 'a', ': must be at least 2 characters long'],
    [z.array(z.int()).min(1), [], ': must not be empty'],
    [z.array(z.int()).length(2), [1], ': must hold exactly 2 items'],
    [z.number().min(1), 0, ': must be at least 1'],
    [z.number().gt(0), 0, ': must be more than 0'],
    [z.int(), -(2 ** 60), ': must be at least -9007199254740991'],
  ],
  invalid_format: [
    [z.iso.datetime(), 'now', ': must be a time such as 2026-06-09T12:00:00Z'],
    [z.iso.date(), '2026-02-30', ': must be a date such as 2026-06-09'],
    [z.email(), 'a', ': must be an e-mail address'],
    [z.url(), 'a', ': must be a URL'],
    [z.ipv4(), 'a', ': must be an IPv4 address'],
    [z.ipv6(), 'a', ': must be an IPv6 address'],
    [z.base64(), '!', ': must be in base64'],
    [z.string().startsWith('a'), 'b', ': must begin with "a"'],
    [z.string().endsWith('a'), 'b', ': must end with "a"'],
    [z.string().includes('a'), 'b', ': must contain "a"'],
    [z.string().regex(/^a$/), 'b', ': does not have the form that the documentation of this field describes'],
    [z.string().regex(/^a$/, 'must be the letter a'), 'b', ': must be the letter a'],
    [z.ulid(), 'b', ': does not have the form that the documentation of this field describes'],
  ],
  not_multiple_of: [[z.number().multipleOf(5), 3, ': must be a multiple of 5']],
  unrecognized_keys: [
    [z.strictObject({}), { ['x'.repeat(300)]: 1 }, `${'x'.repeat(200)}…: is not a field of this request`],
  ],
  invalid_union: [
    [z.union([z.literal(1), z.literal(3), z.literal(6)]), 2, ': must be one of 1, 3 and 6'],
    [z.union([z.enum(['none', 'v1']), z.boolean()]), 1, ': must be one of none and v1, or must be true or false'],
    [z.union([z.iso.date(), z.iso.datetime()], 'must be a date or a time'), 1, ': must be a date or a time'],
    [z.union([z.literal('keep'), z.array(z.string())]), ['a', 5], '1: must be a string, in quotes'],
    [z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]), {}, ': has none of the forms it can have'],
    [
      z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') }), z.object({ kind: z.literal('b') })]),
      { kind: 'c' },
      'kind: must be one of a and b',
    ],
  ],
  invalid_key: [
    [z.record(z.string().max(1), z.int()), { ab: 1 }, 'ab: has a name that must be at most 1 character long'],
  ],
  invalid_element: [[z.map(z.unknown(), z.int()), new Map([[{}, 'b']]), ': must be a number']],
  invalid_value: [
    [z.literal('a'), 'b', ': must be a'],
    [z.enum(['a', 'b c']), 'd', ': must be one of a and "b c"'],
    [
      z.literal(Array.from({ length: 30 }, (_, i) => i)),
      'x',
      `: must be one of ${Array.from({ length: 20 }, (_, i) => i).join(', ')}, …`,
    ],
  ],
  custom: [
    [z.string().refine(() => false), 'a', ': is not a value that this field can have'],
    [z.string().refine(() => false, 'must be another'), 'a', ': must be another'],
  ],
};

describe.each(Object.entries(BY_CODE))('an issue of the schema library called %s', (code, cases) => {
  it.each(cases)('is reported in our own words (case %#)', (schema, value, expected) => {
    const found = schema.safeParse(value);
    expect(found.error?.issues.map((issue) => issue.code)).toContain(code);
    expect(details(schema, value)).toEqual([expected]);
  });
});

it('reports at most 50 details', () => {
  const wrong = Object.fromEntries(Array.from({ length: 90_000 }, (_, i) => [`name${String(i)}`, 1]));
  expect(details(z.strictObject({}), wrong)).toHaveLength(50);
  expect(
    details(
      z.array(z.string()),
      Array.from({ length: 1_000 }, () => 1),
    ),
  ).toHaveLength(50);
});

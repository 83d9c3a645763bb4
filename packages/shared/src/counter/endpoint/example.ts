// Makes an example of an answer from its schema, because readers of the reference otherwise see `"string"` everywhere.
// Fields with an example of their own keep it. Others are filled by their name, with the product's own words first. A
// test checks every example against its schema and its product, so a wrong guess is found.
type Json = Readonly<Record<string, unknown>>;

const ID = '01k9z3v7m2h8q4t6w0x5y1c3dd'.slice(0, 24);
const INSTANT = '2026-06-09T12:00:00Z';

/** Samples by field name, the specific ones before the general ones. */
const BY_NAME: readonly (readonly [RegExp, string])[] = [
  [/^user_id$/, `usr_${ID}`],
  [/^order_id$/, `ord_${ID}`],
  [/^operation_id$/, `op_${ID}`],
  [/^batch_id$/, `bat_${ID}`],
  [/^quote_id$/, `quo_${ID}`],
  [/^deposit_id$/, `dep_${ID}`],
  [/^server_id$/, `srv_${ID}`],
  [/^proxy_ids?$/, `prx_${ID}`],
  [/^key_id$/, `key_${ID}`],
  [/^request_id$/, `req_${ID}`],
  [/^transaction_id$/, `trf_${ID}`],
  [/^idempotency_key$/, 'order-2026-06-09-001'],
  [/_usd$/, '5.15'],
  [/^(.*_)?(at|since|until|from|to)$|^(server_time|deadline|next_at|ran_at|resets_at)$/, INSTANT],
  [/^date$/, '2026-06-09'],
  [/^(domain|unicode)s?$/, 'example.com'],
  [/^host(name)?$/, 'web-1.example.com'],
  [/^nameservers?$/, 'ns1.example.net'],
  [/^tlds?$/, 'com'],
  [/^email$/, 'ada@example.com'],
  [/(^|_)ips?$/, '192.0.2.7'],
  [/^ip_or_cidr$/, '192.0.2.0/24'],
  [/^subnet$/, '192.0.2.0/24'],
  [/countr(y|ies)$/, 'DE'],
  [/^city$/, 'Berlin'],
  [/^pay_url$/, 'https://pay.example.com/i/7'],
  [/^message$/, 'is not available'],
  [/^path$/, 'items.0.years'],
  [/^name$/, 'Example Ltd'],
  [/^advice$/, 'Fix the request; the same again will fail again.'],
  [/^provider$/, 'sandbox'],
  [/^assets$/, 'USDT'],
  [/^fee$/, 'none'],
  [/^eta$/, 'at once'],
  [/^(bot|mini_app|web)$/, 'https://pay.example.com/i/7'],
  [/^ip_allowlist$/, '192.0.2.0/24'],
  [/^lineage_id$/, `lin_${ID}`],
  [/^(secret|password|pass|signing_secret|auth_code)$/, 'shown-once'],
  [/^user(name)?$/, 'reader'],
  [/^(first_name)$/, 'Ada'],
  [/^last_name$/, 'Lovelace'],
  [/^address1$/, 'Unter den Linden 1'],
  [/^postal_code$/, '10117'],
  [/^(priority_tags|domains_block)$/, 'client-a'],
  [/^rule$/, 'the entries of a transfer sum to zero'],
  [/^detail$/, 'what was found'],
  [/^scope$/, 'books'],
  [/^digest$/, 'E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766'],
  [/^id$/, ID],
  [/^code$/, 'validation_error'],
  [/^reference$/, 'client-42'],
  [/^ref$/, 'order-17'],
  [/^tags$/, 'client-a'],
  [/^label$/, 'shop'],
  [/^phone$/, '+4930123456'],
];
/** Deeper than any answer. The expansion of a recursive schema ends here. */
const DEPTH_MAX = 24;

/**
 * Samples for the shapes that all products share: `outer.name`, the field inside another field or a named schema.
 * Together they show one case: a request that was accepted without a fault.
 */
const STORY: Samples = {
  'BatchAccepted.status': 'queued',
  'BatchRetried.status': 'queued',
  'Batch.status': 'queued',
  'Batch.ok': 0,
  'Batch.pending': 1,
  failed: 0,
  'Batch.max_total_usd': null,
  'BatchWithItems.status': 'queued',
  'BatchWithItems.ok': 0,
  'BatchWithItems.pending': 1,
  'BatchWithItems.max_total_usd': null,
  'money.held_usd': '5.15',
  'money.captured_usd': '0.00',
  'money.released_usd': '0.00',
  'progress.done': 0,
  'progress.total': 1,
  type: 'reseller',
  signing_required: false,
  has_more: false,
  'ErrorCode.status': 409,
  status_code: 200,
  balance_usd: '100.00',
  held_usd: '5.15',
  available_usd: '94.85',
  balance_after_usd: '94.85',
  priority_tags: 'client-a',
  is_late: false,
  paid: null,
  'regular.limit': 120,
  'regular.remaining': 119,
  'money.limit': 20,
  'money.remaining': 20,
  regular_per_minute: 120,
  money_per_minute: 20,
  'suppliers.name': 'sandbox',
  'payment_providers.name': 'sandbox',
  found: 0,
  dry_run: true,
  would_succeed: true,
  'Deposit.status': 'pending',
  'Deposit.amount_usd': '5.00',
  asset: null,
};
/** Fields about faults or past states: null when allowed, left out when optional. */
const TROUBLE =
  /^(error|failure|suspension|busy|missing_since|stuck_since|revoked_at|replaced_by|secret|secret_until|signing_secret|next_period|reason|deprecated_at|finished_at|settled_at)$/;
/** Fields that occur only in answers of another kind than the one shown. */
const ELSEWHERE = new Set(['BulkItem.operation_id', 'BulkResult.batch_id']);

/** Field, or `outer.field` → its value in an example. */
export type Samples = Readonly<Record<string, unknown>>;

export interface ExampleWords {
  readonly components: Json;
  /** The product's own samples. They take precedence over those of all products. */
  readonly samples: Samples;
}

interface Place {
  readonly name: string;
  /** The field or named schema that contains it. */
  readonly outer: string;
  readonly depth: number;
}

export function exampleOf(
  schema: Json,
  words: ExampleWords,
  place: Place = { name: '', outer: '', depth: 0 },
): unknown {
  const { name, outer, depth } = place;
  const told = sampleOf(schema, words, place);
  if (told !== undefined) return told;
  if ('example' in schema) return schema['example'];
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  if (depth > DEPTH_MAX) return null;
  const inside = { name, outer, depth: depth + 1 };
  const ref = schema['$ref'];
  if (typeof ref === 'string') {
    const id = ref.split('/').at(-1) ?? '';
    return exampleOf(words.components[id] as Json, words, { ...inside, name: id }); // made with the document
  }
  if (isNullable(schema) && (TROUBLE.test(name) || name === 'next_cursor')) return null;
  const [choice] = choicesOf(schema).filter(({ type }) => type !== 'null');
  if (choice !== undefined) return exampleOf(choice, words, inside);
  switch (schema['type']) {
    case 'object':
      return objectExample(schema, words, place);
    case 'array':
      return [exampleOf((schema['items'] ?? {}) as Json, words, inside)];
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return numberFor(schema);
    case 'string':
      return textFor(schema, name);
    default:
      return null;
  }
}

function objectExample(schema: Json, words: ExampleWords, { name, depth }: Place): Json {
  const required = new Set((schema['required'] ?? []) as readonly string[]);
  const fields = Object.entries((schema['properties'] ?? {}) as Record<string, Json>).filter(
    ([field, one]) =>
      required.has(field) || !(ELSEWHERE.has(`${name}.${field}`) || (TROUBLE.test(field) && !isNullable(one))),
  );
  return Object.fromEntries(
    fields.map(([field, one]) => [field, exampleOf(one, words, { name: field, outer: name, depth: depth + 1 })]),
  );
}

/** The most specific sample that the schema accepts. */
function sampleOf(schema: Json, { samples }: ExampleWords, { name, outer }: Place): unknown {
  const found = [
    samples[`${outer}.${name}`],
    STORY[`${outer}.${name}`],
    samples[name],
    'example' in schema ? undefined : STORY[name],
  ];
  return found.find((value) => value !== undefined && takes(schema, value));
}

function takes(schema: Json, value: unknown): boolean {
  if (Array.isArray(schema['enum'])) return schema['enum'].includes(value);
  if ('const' in schema) return schema['const'] === value;
  const choices = choicesOf(schema);
  if (choices.length > 0) return choices.some((choice) => takes(choice, value));
  const types = [schema['type']].flat();
  if (typeof value === 'string') return types.includes('string') && fits(schema, value);
  if (typeof value === 'number') return types.includes('integer') || types.includes('number');
  return value === null ? types.includes('null') : types.includes(typeof value);
}

function choicesOf(schema: Json): readonly Json[] {
  return (schema['anyOf'] ?? schema['oneOf'] ?? []) as readonly Json[];
}

function isNullable(schema: Json): boolean {
  return [schema['type']].flat().includes('null') || choicesOf(schema).some(({ type }) => type === 'null');
}

function numberFor({ minimum, exclusiveMinimum, maximum }: Json): number {
  const least =
    typeof minimum === 'number' && minimum > 0
      ? minimum
      : typeof exclusiveMinimum === 'number' && exclusiveMinimum >= 1
        ? exclusiveMinimum + 1
        : 1;
  return typeof maximum === 'number' ? Math.min(least, maximum) : least;
}

function textFor(schema: Json, name: string): string {
  if (schema['format'] === 'date-time') return INSTANT;
  if (schema['format'] === 'uri') return 'https://example.com/';
  return BY_NAME.find(([shape, text]) => shape.test(name) && fits(schema, text))?.[1] ?? name.replaceAll('_', ' ');
}

function fits({ pattern }: Json, text: string): boolean {
  return typeof pattern !== 'string' || new RegExp(pattern, 'u').test(text);
}

// An example of an answer, made from its schema: for readers of the reference, who otherwise see `"string"` everywhere. Fields that carry an example of their own keep it; the
// others are filled by what they are called. The linters hold every example to its schema, so a wrong guess is found.
type Json = Readonly<Record<string, unknown>>;

const ID = '01k9z3v7m2h8q4t6w0x5y1c3dd'.slice(0, 24);
const INSTANT = '2026-06-09T12:00:00Z';

/** What a field of this name holds, from the particular to the general. */
const BY_NAME: readonly (readonly [RegExp, string])[] = [
  [/^user_id$/, `usr_${ID}`], [/^order_id$/, `ord_${ID}`], [/^operation_id$/, `op_${ID}`], [/^batch_id$/, `bat_${ID}`], [/^quote_id$/, `quo_${ID}`], [/^deposit_id$/, `dep_${ID}`],
  [/^server_id$/, `srv_${ID}`], [/^proxy_ids?$/, `prx_${ID}`], [/^key_id$/, `key_${ID}`], [/^request_id$/, `req_${ID}`], [/^transaction_id$/, `trf_${ID}`], [/^idempotency_key$/, 'order-2026-06-09-001'],
  [/_usd$/, '5.15'], [/^(.*_)?(at|since|until|from|to)$|^(server_time|deadline|next_at|ran_at|resets_at)$/, INSTANT], [/^date$/, '2026-06-09'],
  [/^(domain|unicode)s?$/, 'example.com'], [/^host(name)?$/, 'web-1.example.com'], [/^nameservers?$/, 'ns1.example.net'], [/^tlds?$/, 'com'], [/^email$/, 'ada@example.com'],
  [/(^|_)ips?$/, '192.0.2.7'], [/^ip_or_cidr$/, '192.0.2.0/24'], [/^subnet$/, '192.0.2.0/24'], [/countr(y|ies)$/, 'DE'], [/^city$/, 'Berlin'], [/^pay_url$/, 'https://pay.example.com/i/7'],
  [/^message$/, 'is not available'], [/^path$/, 'items.0.years'], [/^status$/, 'ok'], [/^kind$/, 'purchase'], [/^subject$/, 'example.com'], [/^name$/, 'Example Ltd'], [/^description$/, 'Registration of example.com for 1 year'],
  [/^advice$/, 'Fix the request; the same again will fail again.'], [/^provider$/, 'sandbox'], [/^assets$/, 'USDT'], [/^fee$/, 'none'], [/^eta$/, 'at once'], [/^(bot|mini_app|web)$/, 'https://pay.example.com/i/7'],
  [/^scopes$/, 'domains:read'], [/^ip_allowlist$/, '192.0.2.0/24'], [/^prefix$/, 'lumi_domains_Ab12'], [/^lineage_id$/, `lin_${ID}`], [/^(secret|password|pass|signing_secret|auth_code)$/, 'shown-once'], [/^user(name)?$/, 'reader'],
  [/^(first_name)$/, 'Ada'], [/^last_name$/, 'Lovelace'], [/^address1$/, 'Unter den Linden 1'], [/^postal_code$/, '10117'], [/^(priority_tags|domains_block)$/, 'client-a'], [/^rule$/, 'the entries of a transfer sum to zero'],
  [/^detail$/, 'what was found'], [/^scope$/, 'books'], [/^digest$/, 'E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766'], [/^id$/, ID],
  [/^product$/, 'domains'], [/^code$/, 'validation_error'], [/^reference$/, 'client-42'], [/^ref$/, 'order-17'], [/^tags$/, 'client-a'], [/^label$/, 'shop'], [/^phone$/, '+4930123456'],
];
/** Deeper than any answer; a schema that contains itself ends here. */
const DEPTH_MAX = 24;

export function exampleOf(schema: Json, components: Json, name = '', depth = 0): unknown {
  if ('example' in schema) return schema['example'];
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  if (depth > DEPTH_MAX) return null;
  const ref = schema['$ref'];
  if (typeof ref === 'string') return exampleOf(components[ref.split('/').at(-1) ?? ''] as Json, components, name, depth + 1); // made with the document
  const [choice] = ((schema['anyOf'] ?? schema['oneOf'] ?? []) as readonly Json[]).filter(({ type }) => type !== 'null');
  if (choice !== undefined) return name === 'next_cursor' ? null : exampleOf(choice, components, name, depth + 1);
  switch (schema['type']) {
    case 'object':
      return Object.fromEntries(Object.entries((schema['properties'] ?? {}) as Record<string, Json>).map(([field, one]) => [field, exampleOf(one, components, field, depth + 1)]));
    case 'array':
      return [exampleOf((schema['items'] ?? {}) as Json, components, name, depth + 1)];
    case 'boolean':
      return name !== 'has_more';
    case 'integer':
    case 'number':
      return numberFor(schema);
    case 'string':
      return textFor(schema, name);
    default:
      return null;
  }
}

function numberFor({ minimum, exclusiveMinimum, maximum }: Json): number {
  const least = typeof minimum === 'number' && minimum > 0 ? minimum : typeof exclusiveMinimum === 'number' && exclusiveMinimum >= 1 ? exclusiveMinimum + 1 : 1;
  return typeof maximum === 'number' ? Math.min(least, maximum) : least;
}

function textFor({ format, pattern }: Json, name: string): string {
  if (format === 'date-time') return INSTANT;
  if (format === 'uri') return 'https://example.com/';
  const fits = (text: string): boolean => typeof pattern !== 'string' || new RegExp(pattern, 'u').test(text);
  const known = BY_NAME.find(([shape, text]) => shape.test(name) && fits(text))?.[1];
  return known ?? name.replaceAll('_', ' ');
}

// Descriptions of fields for the whole API, each written once. A field without a description of its own gets the one of
// its name. A name has one meaning in this project; where it differs, the field is described in place.

const WORDS: Glossary = {
  // Lists and bulks
  items: 'One result for each item, in their order.',
  next_cursor: 'Pass it on as `cursor` for the next page; null on the last one.',
  has_more: 'Whether there is a next page.',
  total: 'How many there are.',
  count: 'How many there are.',
  ok: 'Whether it succeeded, or how many did.',
  failed: 'How many failed.',
  ref: 'Your `ref`, or the subject of the item.',
  on_error: 'What to do after a failed item: `continue` or `stop`.',
  max_total_usd: 'The maximum price of all items together.',
  retried: 'How many are tried again.',
  // Identity
  id: 'The id in this API.',
  user_id: 'The account it belongs to.',
  key: 'The API key.',
  product: 'The product it was made through.',
  order_id: 'The order that paid for it.',
  operation_id: 'Poll `/operations/{operation_id}`.',
  batch_id: 'The batch it is part of.',
  quote_id: 'The quote.',
  deposit_id: 'The deposit it comes from.',
  transaction_id: 'The line in the books that it made.',
  idempotency_key: 'The `Idempotency-Key` of the request.',
  // Data of the caller
  reference: 'Your own text, by which you can find it again.',
  tags: 'Your own labels for grouping.',
  metadata: 'Your own data, stored unchanged.',
  label: 'Your own name for it, for people.',
  name: 'A name for people.',
  // Time
  created_at: 'When it was made.',
  updated_at: 'When it last changed.',
  expires_at: 'When it ends unless it is renewed.',
  previous_expires_at: 'The expiry before this change.',
  started_at: 'When it began.',
  finished_at: 'When it ended; null until then.',
  settled_at: 'When it was decided; null until then.',
  checked_at: 'When it was last checked.',
  last_used_at: 'When it was last used.',
  revoked_at: 'When it was revoked; null while it is valid.',
  ran_at: 'When it last ran.',
  next_at: 'When it runs next.',
  done_at: 'When it was finished; null until then.',
  resets_at: 'When the count starts again at zero.',
  server_time: 'The time of the server.',
  date: 'A day in UTC.',
  since: 'The time from which it applies.',
  first_seen_at: 'When it was first found.',
  last_seen_at: 'When it was last found.',
  stuck_since: 'Since when it waits for an operator; null while it does not.',
  next_attempt_at: 'When it is tried again.',
  // State
  state: 'Its state.',
  status: 'Its status.',
  kind: 'Its kind.',
  type: 'Its type.',
  mode: 'How it works.',
  progress: 'Its progress.',
  done: 'Parts that are finished.',
  enabled: 'Whether it is switched on.',
  error: 'Why it failed; null or absent if it did not.',
  failure: 'Why it failed; null if it did not.',
  code: 'For programs: a code of `GET /errors`.',
  message: 'For people.',
  details: 'The faults, each with its path.',
  path: 'The path of the fault.',
  reason: 'The reason.',
  detail: 'Details.',
  data: 'Details.',
  description: 'For people.',
  subject: 'The object it concerns.',
  allowed: 'Whether it is possible now.',
  operation: 'The operation to carry out.',
  deleted: 'Always true.',
  removed: 'What was removed.',
  auto_renew: 'Whether it is renewed automatically before it expires.',
  replaced_by: 'The object that replaced it.',
  attempts: 'How often it was tried.',
  supplier_ref: 'Its name at the supplier.',
  result: 'The result.',
  // Money
  price_usd: 'The price.',
  money: 'The amounts held, charged and released.',
  amount: 'The amount.',
  daily_cap_usd: 'The maximum spend in a day (UTC); null: no cap.',
  monthly_cap_usd: 'The maximum cost of renewals in a month; null: no cap.',
  max_price_usd: 'The maximum price of one.',
  renew_price_usd: 'The price of the next period.',
  caps: 'The spend caps.',
  daily: 'In one day (UTC).',
  limit_usd: 'The cap; null: none.',
  source: 'The origin of the value.',
  remaining_usd: 'The rest of the cap; null without a cap.',
  dry_run: 'Always true: nothing was done.',
  would_succeed: 'Always true: a request that would fail is refused.',
  provider: 'The payment provider.',
  asset: 'The currency of the payment.',
  assets: 'The currencies in which it can be paid.',
  fee: 'The fee for the payer.',
  eta: 'How long it takes.',
  pay_urls: 'Other addresses of the same invoice.',
  bot: 'In Telegram.',
  mini_app: 'As a mini app.',
  web: 'In a browser.',
  'paid.at': 'When it arrived.',
  priority: 'Which renewals come first when the balance is too low for all.',
  priority_tags: 'Objects with these tags are renewed first, in this order.',
  // Keys and limits
  prefix: 'The beginning of the key, which identifies it in lists.',
  scopes: 'What the key may do.',
  signing: 'How its money requests are signed.',
  signing_required: 'Whether its money requests must be signed.',
  ip_allowlist: 'Addresses from which it may be used; empty: any.',
  rate: 'Its limits.',
  regular: 'All requests.',
  regular_per_minute: 'Requests per minute.',
  money_per_minute: 'Money requests per minute.',
  suppliers: 'The suppliers.',
  payment_providers: 'The payment providers.',
  sandbox: 'Whether it is a sandbox.',
  // Summaries and operators
  true: 'How many have it.',
  false: 'How many do not have it.',
  by_state: 'How many are in each state.',
  by_auto_renew: 'How many have auto_renew.',
  within_7_days: 'How many, cumulative.',
  within_30_days: 'How many, cumulative.',
  within_60_days: 'How many, cumulative.',
  within_90_days: 'How many, cumulative.',
  auto_renew_count: 'How many have auto_renew.',
  rule: 'The rule that is broken.',
  scope: 'The part of the books that was checked.',
  found: 'How many breaches there are.',
  breaches: 'The breaches.',
  status_code: 'The status of its answer; null while there is none.',
  // People and places
  first_name: 'Given name.',
  last_name: 'Family name.',
  organization: 'Company or other body.',
  email: 'E-mail address.',
  phone:
    'With the country’s code: `+4930123456`; `+49.30123456`, blanks, hyphens and parentheses are read as the same.',
  address1: 'Street and number.',
  address2: 'Second line of the address.',
  city: 'City.',
  postal_code: 'Postal code.',
  country: 'Two letters, ISO 3166.',
  ip: 'An address.',
  ips: 'Addresses.',
  host: 'A host name.',
  hostname: 'The host name.',
  username: 'The user name.',
  password: 'The password.',
};

/**
 * Name of a field → its meaning, in one sentence, with its unit. `outer.name` is the field inside another field or a
 * named schema, and takes precedence over `name`.
 */
export type Glossary = Readonly<Record<string, string>>;

/**
 * Adds descriptions to a schema and to the schemas inside it, in place. `outer`: the field or named schema that
 * contains it.
 */
export function describeFields(value: unknown, words: Glossary = WORDS, outer = ''): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, one] of Object.entries(value)) {
    if (name !== 'properties' || !isSchemas(one)) {
      describeFields(one, words, outer);
      continue;
    }
    for (const [field, schema] of Object.entries(one)) {
      describeFields(schema, words, field);
      const word = words[`${outer}.${field}`] ?? words[field];
      if (word !== undefined && !('$ref' in schema) && !('description' in schema)) schema['description'] = word;
    }
  }
}

/** A field that is itself called `properties` is skipped. */
function isSchemas(value: unknown): value is Readonly<Record<string, Record<string, unknown>>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((one) => typeof one === 'object' && one !== null)
  );
}

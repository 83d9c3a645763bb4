// Descriptions of fields for the whole API, each written once. A field without a description of its own gets the one of
// its name. A name has one meaning in this project; where it differs, the field is described in place.

const WORDS: Glossary = {
  // Lists and bulks
  items: 'One for each, in their order.',
  next_cursor: 'Pass it on as `cursor` for the next page; null on the last one.',
  has_more: 'Whether there is a next page.',
  total: 'How many there are.',
  count: 'How many there are.',
  ok: 'Whether, or for how many, it went well.',
  failed: 'For how many it did not go well.',
  ref: 'Your `ref`, or what the item is about.',
  on_error: 'What follows a failed item: `continue` or `stop`.',
  max_total_usd: 'The most that all items together may cost.',
  retried: 'How many are tried again.',
  // Identity
  id: 'Names it in this API.',
  user_id: 'The account it belongs to.',
  key: 'The API key.',
  product: 'The product it was made through.',
  order_id: 'The order that paid for it.',
  operation_id: 'Poll `/operations/{operation_id}`.',
  batch_id: 'The batch it is part of.',
  quote_id: 'The quote.',
  deposit_id: 'The deposit it comes from.',
  transaction_id: 'The line it made in the books.',
  idempotency_key: 'The `Idempotency-Key` of the request.',
  // Data of the caller
  reference: 'Yours: a word by which you find it again.',
  tags: 'Yours: words to group by.',
  metadata: 'Yours: anything, kept as it is.',
  label: 'Yours: a name for people.',
  name: 'A name for people.',
  // Time
  created_at: 'When it was made.',
  updated_at: 'When it last changed.',
  expires_at: 'When it ends unless it is renewed.',
  previous_expires_at: 'The expiry before.',
  started_at: 'When it began.',
  finished_at: 'When it ended; null until then.',
  settled_at: 'When it was decided; null until then.',
  checked_at: 'When it was last looked at.',
  last_used_at: 'When it was last used.',
  revoked_at: 'When it was revoked; null while it is good.',
  ran_at: 'When it last ran.',
  next_at: 'When it runs next.',
  done_at: 'When it was finished; null until then.',
  resets_at: 'When it starts again from nothing.',
  server_time: 'The time here.',
  date: 'A day in UTC.',
  since: 'From when on.',
  first_seen_at: 'When it was first found.',
  last_seen_at: 'When it was last found.',
  stuck_since: 'Since when it waits for an operator; null while it does not.',
  next_attempt_at: 'When it is looked at again.',
  // State
  state: 'Where it is in its life.',
  status: 'Where it stands.',
  kind: 'What kind it is.',
  type: 'What kind it is.',
  mode: 'How it works.',
  progress: 'How far it is.',
  done: 'Parts that are finished.',
  enabled: 'Whether it is switched on.',
  error: 'Why it failed; null or absent if it did not.',
  failure: 'Why it failed; null if it did not.',
  code: 'For programs: one of `GET /errors`.',
  message: 'For people.',
  details: 'What is wrong, and where.',
  path: 'Where it is wrong.',
  reason: 'Why.',
  detail: 'The particulars.',
  data: 'The particulars.',
  description: 'For people.',
  subject: 'What it is about.',
  allowed: 'Whether it can be done now.',
  operation: 'What is to be done.',
  deleted: 'Always true.',
  removed: 'What was taken away.',
  auto_renew: 'Whether it renews itself before it expires.',
  replaced_by: 'What took its place.',
  attempts: 'How often it was tried.',
  supplier_ref: 'What the supplier calls it.',
  result: 'What came of it.',
  // Money
  price_usd: 'What it costs.',
  money: 'What became of its price.',
  amount: 'How much.',
  daily_cap_usd: 'The most that may be spent in a day (UTC); null: no cap.',
  monthly_cap_usd: 'The most that renewals may cost in a month; null: no cap.',
  max_price_usd: 'The most that one may cost.',
  renew_price_usd: 'What the next period costs.',
  caps: 'What may be spent.',
  daily: 'In one day (UTC).',
  limit_usd: 'The cap; null: none.',
  source: 'Where it comes from.',
  remaining_usd: 'What is left; null without a cap.',
  dry_run: 'Always true: nothing was done.',
  would_succeed: 'Always true: what would fail is refused.',
  provider: 'Who takes the payment.',
  asset: 'What it is paid in.',
  assets: 'What it can be paid in.',
  fee: 'What it costs the payer.',
  eta: 'How long it takes.',
  pay_urls: 'The same invoice elsewhere.',
  bot: 'In Telegram.',
  mini_app: 'As a mini app.',
  web: 'In a browser.',
  'paid.at': 'When it arrived.',
  priority: 'Which renewal comes first when money is short.',
  priority_tags: 'Things with these tags come first, in this order.',
  // Keys and limits
  prefix: 'The beginning of the key, to tell it from others.',
  scopes: 'What the key may do.',
  signing: 'How its money requests are signed.',
  signing_required: 'Whether its money requests must be signed.',
  ip_allowlist: 'Addresses it may be used from; empty: any.',
  rate: 'Its limits.',
  regular: 'All requests.',
  regular_per_minute: 'Requests per minute.',
  money_per_minute: 'Money requests per minute.',
  suppliers: 'Who delivers.',
  payment_providers: 'Who takes payments.',
  sandbox: 'Whether it only plays.',
  // Summaries and operators
  true: 'How many do.',
  false: 'How many do not.',
  by_state: 'How many are in each state.',
  by_auto_renew: 'How many renew themselves.',
  within_7_days: 'How many, cumulative.',
  within_30_days: 'How many, cumulative.',
  within_60_days: 'How many, cumulative.',
  within_90_days: 'How many, cumulative.',
  auto_renew_count: 'How many renew themselves.',
  rule: 'What should hold.',
  scope: 'What was looked at.',
  found: 'How many contradictions there are.',
  breaches: 'What does not hold.',
  status_code: 'The status of its answer; null while there is none.',
  // People and places
  first_name: 'Given name.',
  last_name: 'Family name.',
  organization: 'Company or other body.',
  email: 'Where it is written to.',
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

// `lumi keys …`
import { PRODUCTS, invalid, notFound, resellerScopes, type Reading } from '../../ground/contract';
import { findKeyById, issueKey, revokeKey, rollKey, type KeyRequest } from '../../base/keys';
import { parseUsd, usdInput } from '../../ground/money';
import { readInstant } from '../../ground/times';
import { byCli, Usage, listOf, oneOf, parse, table, wholeNumber, type Command, type Parsed } from './cli-command';
import { existing } from './cli-users';
import { listKeys } from './key-list';
import { keyAct, viewIssued, viewKey, type KeyView } from './key-view';

const LIST_MAX = 100;
const OVERLAP_S = 3_600;

export const issueCommand: Command = {
  words: ['keys', 'issue'],
  usage:
    'keys issue --product <domains|vps|proxy> --type <reseller|operator> [--user <user_id>] [--scopes ' +
    '<a,b>] [--cap <usd>] [--signing <none|v1|v2>] [--regular <per minute>] [--money <per minute>] [--ip ' +
    '<a,b>] [--expires <time>]',
  summary:
    'Issues a key and prints it, once. A reseller key needs --user and gets all scopes of its product ' +
    'unless --scopes names some.',
  parse: (args) => {
    const parsed = parse(args, {
      positionals: [],
      options: ['product', 'type', 'user', 'scopes', 'cap', 'signing', 'regular', 'money', 'ip', 'expires'],
    });
    const request = keyRequest(parsed);
    return async ({ db, rings, clock }) => {
      if (request.accountId !== null) await existing(db, request.accountId);
      const issued = await byCli(
        db,
        (tx) => issueKey(tx, rings, { ...request, by: 'operator' }),
        (made) => keyAct(clock, 'key.issue', null, made.record),
      );
      return { json: viewIssued(clock, issued), text: issuedText(issued) };
    };
  },
};

export const keysCommand: Command = {
  words: ['keys', 'list'],
  usage: 'keys list [--product <product>] [--user <user_id>] [--limit <n>]',
  summary: 'Lists the newest keys of all products, revoked ones included. A key itself cannot be shown again.',
  parse: (args) => {
    const { options } = parse(args, { positionals: [], options: ['product', 'user', 'limit'] });
    const product = options['product'] === undefined ? undefined : oneOf('product', options['product'], PRODUCTS);
    const limit = wholeNumber('limit', options['limit']) ?? LIST_MAX;
    return async ({ db, clock }) => {
      const keys = (await listKeys(db.pool, { product, userId: options['user'] }, { limit, beforeId: null }))
        .slice(0, limit)
        .map(viewKey(clock));
      return { json: { items: keys }, text: keysTable(keys) };
    };
  },
};

export const revokeCommand: Command = {
  words: ['keys', 'revoke'],
  usage: 'keys revoke <key_id>',
  summary: 'Ends a key for ever: for money at once, for reads within seconds.',
  parse: (args) => {
    const [id = ''] = parse(args, { positionals: ['key_id'] }).positionals;
    return async ({ db, clock }) => {
      const before = await findKeyById(db.pool, keyId(id));
      const revoked = await byCli(
        db,
        async (tx) => (await revokeKey(tx, keyId(id), 'operator')) ?? missing(),
        (ended) => keyAct(clock, 'key.revoke', before, ended),
      );
      return { json: viewKey(clock)(revoked), text: `${id} (${revoked.prefix}) is revoked.` };
    };
  },
};

export const rollCommand: Command = {
  words: ['keys', 'roll'],
  usage: 'keys roll <key_id> [--overlap <seconds>]',
  summary:
    `Issues a new key in place of one that lives on for the overlap, ${String(OVERLAP_S)} seconds unless told ` +
    'otherwise.',
  parse: (args) => {
    const parsed = parse(args, { positionals: ['key_id'], options: ['overlap'] });
    const overlapSeconds = wholeNumber('overlap', parsed.options['overlap']) ?? OVERLAP_S;
    return async ({ db, rings, clock }) => {
      const old = await findKeyById(db.pool, keyId(parsed.positionals[0] ?? ''));
      const issued = await byCli(
        db,
        (tx) => rollKey(tx, rings, { keyId: old?.id ?? missing(), overlapSeconds, by: 'operator' }),
        (made) => keyAct(clock, 'key.roll', old, made.record),
      );
      return { json: viewIssued(clock, issued), text: issuedText(issued) };
    };
  },
};

function keyRequest({ options }: Parsed): KeyRequest {
  const product = oneOf('product', options['product'], PRODUCTS);
  const type = oneOf('type', options['type'], ['reseller', 'operator'] as const);
  if (type === 'reseller' && options['user'] === undefined) throw new Usage('a reseller key needs --user.');
  if (type === 'operator' && options['user'] !== undefined)
    throw new Usage('an operator key belongs to no account; leave out --user.');
  const expiry: Reading<Date | null> =
    options['expires'] === undefined ? { value: null } : readInstant(options['expires']);
  if (expiry.reason !== undefined) throw new Usage(`--expires ${expiry.reason}.`);
  const cap = options['cap'] === undefined ? null : usdInput.safeParse(options['cap']);
  if (cap?.success === false) throw new Usage('--cap must be an amount such as 50 or 50.00.');
  return {
    product,
    type,
    accountId: options['user'] ?? null,
    expiresAt: expiry.value,
    scopes: listOf(options['scopes']) ?? (type === 'reseller' ? resellerScopes(product) : []),
    dailyCapUnits: cap === null ? null : parseUsd(cap.data),
    signing:
      options['signing'] === undefined ? 'none' : oneOf('signing', options['signing'], ['none', 'v1', 'v2'] as const),
    limits: {
      regularPerMinute: wholeNumber('regular', options['regular']),
      moneyPerMinute: wholeNumber('money', options['money']),
    },
    ipAllowlist: listOf(options['ip']) ?? [],
  };
}

function missing(): never {
  throw notFound();
}

/** A key that was pasted in place of its id is not logged or sent anywhere. */
function keyId(text: string): string {
  if (!text.startsWith('key_')) throw invalid('key_id', 'is the id of a key, such as key_01k…; see lumi keys list');
  return text;
}

function issuedText(issued: { id: string; key: string; signingSecret?: string }): string {
  return [
    `id              ${issued.id}`,
    `key             ${issued.key}`,
    ...(issued.signingSecret === undefined ? [] : [`signing secret  ${issued.signingSecret}`]),
    'Keep this now: it is not stored and cannot be shown again.',
  ].join('\n');
}

function keysTable(keys: readonly KeyView[]): string {
  return table(
    ['ID', 'KEY', 'TYPE', 'STATE', 'USER', 'CAP', 'SIGNING', 'SCOPES'],
    keys.map((key) => [
      key.id,
      key.prefix,
      key.type,
      key.state,
      key.user_id ?? '-',
      key.daily_cap_usd ?? '-',
      key.signing,
      key.type === 'operator' ? 'all' : key.scopes.join(','),
    ]),
  );
}

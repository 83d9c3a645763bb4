// A call made into what is sent: address, headers, bytes. Made once for all tries of the call.
import { utf8 } from './bytes';
import type { CallOptions } from './call';
import type { Operation } from './operation-table';
import { freshKey, idempotencyKey } from './settings';

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;
export interface Input {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Query;
  /** An object is sent as JSON; text and bytes as they are. */
  readonly body?: unknown;
}

export interface Prepared {
  readonly url: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | null;
  readonly idempotencyKey: string | null;
  readonly isSigned: boolean;
  /** Sent twice, it is carried out once. */
  readonly isRepeatable: boolean;
}

const AUTO_RENEW = /"auto_renew":true/;
/** RFC 9110 §9.2.2. PATCH is not among them. */
const IDEMPOTENT = new Set(['GET', 'PUT', 'DELETE']);

export function prepare(
  operation: Operation,
  input: Input,
  options: CallOptions,
  { base, signs }: { readonly base: string; readonly signs: boolean },
): Prepared {
  const { dryRun = false, userId } = options;
  if (dryRun && !operation.hasDryRun) throw new TypeError(`${operation.id} has no dry run.`);
  if (userId !== undefined && !operation.hasUserId) throw new TypeError(`${operation.id} takes no userId.`);
  const url = new URL(
    base +
      pathOf(operation, input.path ?? {}) +
      queryText({ ...input.query, user_id: userId, dry_run: dryRun || null }),
  );
  const text = textOf(input.body);
  const isGuarded = operation.isGuarded || (operation.isGuardedByBody && text !== null && AUTO_RENEW.test(text.text));
  const isKeyed = !dryRun && (operation.isMoney || isGuarded);
  const given = options.idempotencyKey === undefined ? null : idempotencyKey(options.idempotencyKey);
  const key = given ?? (isKeyed ? freshKey() : null);
  return {
    url: url.href,
    target: url.pathname + url.search,
    headers: {
      accept: 'application/json, */*;q=0.5',
      ...(text === null ? {} : { 'content-type': text.type }),
      ...(key === null ? {} : { 'idempotency-key': key }),
    },
    body: text === null ? null : text.bytes,
    idempotencyKey: key,
    isSigned: signs && isKeyed,
    isRepeatable: dryRun || IDEMPOTENT.has(operation.method) || (key !== null && isKeyed),
  };
}

function pathOf({ id, path, pathParams }: Operation, values: Readonly<Record<string, string>>): string {
  for (const name of pathParams) {
    const value: unknown = values[name];
    // A URL with these segments is another URL.
    if (typeof value !== 'string' || value === '' || value === '.' || value === '..')
      throw new TypeError(`${id} needs ${name}: a text that is not empty, and no dots alone.`);
  }
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}

function queryText(query: Query): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`],
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function textOf(body: unknown): { text: string; bytes: Uint8Array<ArrayBuffer>; type: string } | null {
  if (body === undefined || body === null) return null;
  if (body instanceof Uint8Array) return { text: '', bytes: Uint8Array.from(body), type: 'application/octet-stream' };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { text, bytes: utf8(text), type: 'application/json' };
}

// The statements of a pool as spans: their name, never their text or their values.
import type { Pool, PoolClient } from 'pg';
import { beginPart, nameOf, type Span } from './tracing';

type Query = (...args: unknown[]) => unknown;

const NAMES_MAX = 500;
const OF_POSTGRES = { 'db.system.name': 'postgresql' };
const names = new Map<string, string>();
const seen = new WeakSet<object>();

/** The same pool; each statement of the work that is traced is a part of it. */
export function tracePool<P extends Pool>(pool: P): P {
  trace(pool);
  const connect = pool.connect.bind(pool) as (...args: unknown[]) => unknown;
  // A transaction takes a connection for itself. The pool's own statements do so with a callback.
  pool.connect = ((...args: unknown[]) =>
    args.length > 0 ? connect(...args) : (connect() as Promise<PoolClient>).then(trace)) as P['connect'];
  return pool;
}

function trace<C extends Pool | PoolClient>(client: C): C {
  if (seen.has(client)) return client;
  seen.add(client);
  const query = client.query.bind(client) as Query;
  client.query = ((...args: unknown[]) => {
    // With a callback it is a statement of the pool, which has its span.
    if (typeof args.at(-1) === 'function') return query(...args);
    const span = beginPart(() => nameOfStatement(args[0]), 'client', OF_POSTGRES);
    const answer = query(...args);
    if (span !== null && answer instanceof Promise) endWith(answer, span);
    else span?.end();
    return answer;
  }) as C['query'];
  return client;
}

function endWith(answer: Promise<unknown>, span: Span): void {
  answer.then(
    () => span.end(),
    (err: unknown) => {
      span.fail(nameOf(err));
      span.end();
    },
  );
}

/** `SELECT platform.purchase_begin`: the verb, and the first function or table with a schema. */
function nameOfStatement(statement: unknown): string {
  const text =
    typeof statement === 'string' ? statement : String((statement as { text?: unknown } | undefined)?.text ?? '');
  const known = names.get(text);
  if (known !== undefined) return known;
  const verb = /^[\s(]*([a-z]+)/i.exec(text)?.[1]?.toUpperCase() ?? 'SQL';
  const object = /(?:^|[\s(,])"?(platform|domains|vps|proxy|queue)"?\."?([a-z_]+)"?/.exec(text);
  const name = object === null ? verb : `${verb} ${object[1] ?? ''}.${object[2] ?? ''}`;
  if (names.size < NAMES_MAX) names.set(text, name);
  return name;
}

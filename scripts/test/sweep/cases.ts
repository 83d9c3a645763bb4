// One wrong value for each field, path part and query parameter of an operation, and for the body as a whole.
import type { Operation } from '../contract/documented-api';
import type { Call } from '../contract/world';
import { bodyWith, fieldsOf } from './fields';
import type { Random } from './random';
import { BODIES, KINDS, RAW_QUERIES, RAW_SEGMENTS, type JsonText } from './wrong-values';

export interface Case {
  /** For people: what is wrong where. */
  readonly what: string;
  /** Path below the base, with its query, and the body. */
  readonly make: (call: Call) => { readonly target: string; readonly text: string | undefined };
  /** No reader could take it for anything: it must be a 422. */
  readonly isNonsense: boolean;
  readonly isBulkItem: boolean;
}

const NONSENSE = new Set(['NUL', 'lone surrogate']);
/** Of what is read in one place for all operations. */
const BODIES_EACH = 5;
const SEGMENTS_EACH = 8;
/** Kinds that are tried at a field which is tried with all of them elsewhere. */
const KINDS_AGAIN = 2;

/** Fields of one sort stand in many places (`limit`, `max_price_usd`, the four contacts); in one of them every kind is tried, and the seed says in which operation. */
export class Thoroughness {
  private readonly chosen = new Map<string, string>();

  constructor(operations: Iterable<Operation>, random: Random) {
    const all = new Map<string, string[]>();
    for (const operation of operations) {
      for (const sort of [...operation.queries.map(sortOfQuery), ...fieldsOf(operation.requestSchema).map((field) => field.sort)]) all.set(sort, [...(all.get(sort) ?? []), operation.id]);
    }
    for (const [sort, ids] of all) this.chosen.set(sort, random.pick(ids as [string]));
  }

  kindsFor(operation: Operation, sort: string, random: Random): [string, (typeof KINDS)[string]][] {
    const all = Object.entries(KINDS);
    if (this.chosen.get(sort) !== operation.id) return random.some(all, KINDS_AGAIN);
    this.chosen.delete(sort);
    return all;
  }
}

const sortOfQuery = ({ name, schema }: Operation['queries'][number]): string => `?${name} ${JSON.stringify(schema)}`;

export function casesOf(operation: Operation, thoroughness: Thoroughness, random: Random): Case[] {
  return [...segmentCases(operation, random), ...queryCases(operation, thoroughness, random), ...(operation.hasRawBody || !operation.hasBody ? [] : [...bodyCases(operation, random), ...fieldCases(operation, thoroughness, random)])];
}

function segmentCases(operation: Operation, random: Random): Case[] {
  return operation.params.flatMap((name) => random.some(RAW_SEGMENTS, SEGMENTS_EACH).map((segment) => ({
    what: `path ${name} = ${shown(segment)}`, isNonsense: false, isBulkItem: false,
    make: (call: Call) => ({ target: `${pathOf(operation, call, { [name]: segment })}${queryOf(call, [])}`, text: bodyOf(call) }),
  })));
}

function queryCases(operation: Operation, thoroughness: Thoroughness, random: Random): Case[] {
  const one = (name: string, what: string, raw: string, isNonsense: boolean): Case => ({
    what: `query ${name}: ${what} ${shown(raw)}`, isNonsense, isBulkItem: false,
    make: (call) => ({ target: `${pathOf(operation, call)}${queryOf(call, [name], raw)}`, text: bodyOf(call) }),
  });
  return operation.queries.flatMap((query) => [
    one(query.name, 'raw', random.pick(RAW_QUERIES as [(name: string) => string])(query.name), true),
    ...thoroughness.kindsFor(operation, sortOfQuery(query), random).flatMap(([kind, valueOf]) => {
      const text = asText(valueOf(random, ['string']));
      return text === null ? [] : [one(query.name, kind, `${query.name}=${encodeURIComponent(text)}`, NONSENSE.has(kind))];
    }),
  ]);
}

function bodyCases(operation: Operation, random: Random): Case[] {
  return random.some(BODIES, BODIES_EACH).map(([kind, body]) => ({ what: `body: ${kind}`, isNonsense: true, isBulkItem: false, make: (call) => ({ target: `${pathOf(operation, call)}${queryOf(call, [])}`, text: body }) }));
}

function fieldCases(operation: Operation, thoroughness: Thoroughness, random: Random): Case[] {
  return fieldsOf(operation.requestSchema).flatMap(({ path, types, sort }) => thoroughness.kindsFor(operation, sort, random).map(([kind, valueOf]) => {
    const wrong = valueOf(random, types);
    return {
      what: `field ${path.join('.')}: ${kind} ${shown(wrong)}`, isNonsense: NONSENSE.has(kind), isBulkItem: path[0] === operation.bulk || path[0] === 'defaults',
      make: (call: Call) => ({ target: `${pathOf(operation, call)}${queryOf(call, [])}`, text: bodyWith(operation.requestSchema, call.body ?? {}, path, wrong) }),
    };
  }));
}

/** Of a query, where everything is text; null: no URL can say it. */
function asText(json: JsonText): string | null {
  if (/^"\\u[dD]/.test(json) || json.includes('\\udf')) return null;
  const value = json.startsWith('"') ? (JSON.parse(json) as string) : json;
  return value.slice(0, 600); // with nine bytes for a character it still fits into a request line
}

function pathOf(operation: Operation, call: Call, raw: Readonly<Record<string, string>> = {}): string {
  return operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => raw[name] ?? encodeURIComponent(call.params?.[name] ?? ''));
}

function queryOf({ query = {} }: Call, without: readonly string[], raw = ''): string {
  const kept = new URLSearchParams(Object.entries(query).filter(([name]) => !without.includes(name))).toString();
  const all = [kept, raw].filter((part) => part !== '').join('&');
  return all === '' ? '' : `?${all}`;
}

function bodyOf({ body }: Call): string | undefined {
  return body === undefined ? undefined : JSON.stringify(body);
}

export function shown(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}… (${String(text.length)})`;
}

// One wrong value for each field, path part, query parameter and header of an operation, and for the whole body.
import type { Operation } from '../contract/documented-api';
import { bodyWith, fieldsOf, type Field, type JsonText } from '../contract/request-fields';
import type { Call } from '../contract/world';
import type { Random } from './random';
import { RAW_HEADERS, RAW_QUERIES, RAW_SEGMENTS } from './raw-values';
import { BODIES, KINDS, ODD_NAMES } from './values';

export interface Case {
  /** `field items.0.domain`, `path id`, `query limit`, `header prefer`, `body`. */
  readonly place: string;
  /** For people: what is wrong there. */
  readonly what: string;
  /** Path below the base, with its query, the body, and extra headers. */
  readonly make: (call: Call) => Made;
  /** No reader could accept it: it must be refused. */
  readonly isNonsense: boolean;
  readonly isBulkItem: boolean;
  /** Sent with a key that signs so. */
  readonly signing: 'v1' | 'v2' | null;
}

export interface Made {
  readonly target: string;
  readonly text: string | undefined;
  readonly headers?: Readonly<Record<string, string | string[]>>;
}

const NONSENSE = new Set(['NUL', 'lone surrogate']);
/** A value that one reader reads for all operations. */
const BODIES_EACH = 5;
const SEGMENTS_EACH = 6;
const HEADERS_EACH = 2;
const OTHER_HEADERS = [
  'prefer',
  'content-type',
  'content-encoding',
  'accept',
  'accept-encoding',
  'x-request-id',
  'x-forwarded-for',
  'x-lumi-client-ip',
  'x-lumi-operation',
  'x-lumi-regular',
  'if-none-match',
  'range',
  'cookie',
  'x-http-method-override',
] as const;
/** Kinds tried at a field whose other kinds are all tried elsewhere. */
const KINDS_AGAIN = 1;

/**
 * Fields of one sort are in many places (`limit`, `max_price_usd`, the four contacts). One of them gets every kind, and
 * the seed selects the operation.
 */
export class Thoroughness {
  private readonly chosen = new Map<string, string>();

  constructor(operations: Iterable<Operation>, random: Random) {
    const all = new Map<string, string[]>();
    for (const operation of operations) {
      for (const sort of [
        ...operation.params.map(sortOfParam),
        ...operation.headers.map(sortOfHeader),
        ...operation.queries.map(sortOfQuery),
        ...fieldsOf(operation.requestSchema).map((field) => field.sort),
      ])
        all.set(sort, [...(all.get(sort) ?? []), operation.id]);
    }
    for (const [sort, ids] of all) this.chosen.set(sort, random.pick(ids as [string]));
  }

  /** All of them when the sort is tried completely here, otherwise some. */
  some<T>(
    all: readonly T[],
    operation: Operation,
    sort: string,
    { random, few }: { random: Random; few: number },
  ): T[] {
    if (this.chosen.get(sort) !== operation.id) return random.some(all, few);
    this.chosen.delete(sort);
    return [...all];
  }

  kindsFor(operation: Operation, sort: string, random: Random): [string, (typeof KINDS)[string]][] {
    return this.some(Object.entries(KINDS), operation, sort, { random, few: KINDS_AGAIN });
  }
}

const sortOfParam = (name: string): string => `/${name}`;
const sortOfHeader = (name: string): string => `${name}:`;
const sortOfQuery = ({ name, schema }: Operation['queries'][number]): string => `?${name} ${JSON.stringify(schema)}`;

export function casesOf(operation: Operation, thoroughness: Thoroughness, random: Random): Case[] {
  const hasJson = operation.hasBody && !operation.hasRawBody;
  return [
    ...segmentCases(operation, thoroughness, random),
    ...headerCases(operation, thoroughness, random),
    ...queryCases(operation, thoroughness, random),
    ...(hasJson ? [...bodyCases(operation, random), ...fieldCases(operation, thoroughness, random)] : []),
  ];
}

/** Each of which must be tried. */
export function placesOf(operation: Operation): string[] {
  return [
    ...operation.params.map((name) => `path ${name}`),
    ...operation.queries.map(({ name }) => `query ${name}`),
    ...(operation.hasRawBody ? [] : fieldsOf(operation.requestSchema).map(placeOf)),
  ];
}

const placeOf = ({ path }: Field): string => `field ${path.join('.')}`;

function caseOf(place: string, wrong: string, make: Case['make'], more: Partial<Case> = {}): Case {
  return { place, what: `${place}: ${wrong}`, make, isNonsense: false, isBulkItem: false, signing: null, ...more };
}

function segmentCases(operation: Operation, thoroughness: Thoroughness, random: Random): Case[] {
  return operation.params.flatMap((name) =>
    thoroughness.some(RAW_SEGMENTS, operation, sortOfParam(name), { random, few: SEGMENTS_EACH }).map((segment) =>
      caseOf(`path ${name}`, shown(segment), (call) => ({
        target: `${pathOf(operation, call, { [name]: segment })}${queryOf(call, [])}`,
        text: bodyOf(call),
      })),
    ),
  );
}

/** Keys that sign must sign; a key is required by every operation that is not public. */
function headerCases(operation: Operation, thoroughness: Thoroughness, random: Random): Case[] {
  const isPublic = operation.scopes.includes('public');
  const one = (name: string, value: string | readonly string[], more: Partial<Case> = {}): Case =>
    caseOf(
      `header ${name}`,
      shown(JSON.stringify(value)),
      (call) => ({
        target: `${pathOf(operation, call)}${queryOf(call, [])}`,
        text: bodyOf(call),
        headers: { [name]: typeof value === 'string' ? value : [...value] },
      }),
      more,
    );
  const version = (): 'v1' | 'v2' => random.pick<'v1' | 'v2'>(['v1', 'v2']);
  return [
    ...operation.headers.flatMap((name) =>
      thoroughness
        .some(RAW_HEADERS, operation, sortOfHeader(name), { random, few: HEADERS_EACH })
        .map((value) => one(name, value, name === 'x-signature' ? { signing: version(), isNonsense: true } : {})),
    ),
    ...(operation.headers.includes('x-signature')
      ? [one('x-signature-timestamp', random.pick(RAW_HEADERS as [string]), { signing: 'v2', isNonsense: true })]
      : []),
    one('authorization', random.pick(RAW_HEADERS as [string]), { isNonsense: !isPublic }),
    one(random.pick(OTHER_HEADERS), random.pick(RAW_HEADERS as [string])),
  ];
}

function queryCases(operation: Operation, thoroughness: Thoroughness, random: Random): Case[] {
  const one = (name: string, what: string, raw: string, isNonsense: boolean): Case =>
    caseOf(
      `query ${name}`,
      `${what} ${shown(raw)}`,
      (call) => ({ target: `${pathOf(operation, call)}${queryOf(call, [name], raw)}`, text: bodyOf(call) }),
      { isNonsense },
    );
  return operation.queries.flatMap((query) => [
    one(query.name, 'raw', random.pick(RAW_QUERIES as [(name: string) => string])(query.name), true),
    ...thoroughness.kindsFor(operation, sortOfQuery(query), random).flatMap(([kind, valueOf]) => {
      const text = asText(valueOf(random, ['string']));
      return text === null
        ? []
        : [one(query.name, kind, `${query.name}=${encodeURIComponent(text)}`, NONSENSE.has(kind))];
    }),
  ]);
}

function bodyCases(operation: Operation, random: Random): Case[] {
  return random.some(BODIES, BODIES_EACH).map(([kind, body]) =>
    caseOf('body', kind, (call) => ({ target: `${pathOf(operation, call)}${queryOf(call, [])}`, text: body }), {
      isNonsense: true,
    }),
  );
}

function fieldCases(operation: Operation, thoroughness: Thoroughness, random: Random): Case[] {
  const one = (field: Field, kind: string, wrong: JsonText): Case =>
    caseOf(
      placeOf(field),
      `${kind} ${shown(wrong)}`,
      (call) => ({
        target: `${pathOf(operation, call)}${queryOf(call, [])}`,
        text: bodyWith(operation.requestSchema, call.body ?? {}, field.path, wrong),
      }),
      {
        isNonsense: NONSENSE.has(kind),
        isBulkItem: field.path[0] === operation.bulk || field.path[0] === 'defaults',
      },
    );
  return fieldsOf(operation.requestSchema).flatMap((field) => [
    ...(field.isRecord
      ? thoroughness
          .some(ODD_NAMES, operation, `names of ${field.sort}`, { random, few: KINDS_AGAIN })
          .map((name) =>
            one(
              field,
              /\\u0000/.test(name) ? 'NUL' : /\\ud/.test(name) ? 'lone surrogate' : 'odd name',
              `{${name}:"v"}`,
            ),
          )
      : []),
    ...thoroughness
      .kindsFor(operation, field.sort, random)
      .map(([kind, valueOf]) => one(field, kind, valueOf(random, field.types))),
  ]);
}

/** For a query, in which every value is text; null: no URL can express it. */
function asText(json: JsonText): string | null {
  if (/^"\\u[dD]/.test(json) || json.includes('\\udf')) return null;
  const value = json.startsWith('"') ? (JSON.parse(json) as string) : json;
  return value.slice(0, 600); // with nine bytes for a character it still fits into a request line
}

function pathOf(operation: Operation, call: Call, raw: Readonly<Record<string, string>> = {}): string {
  return operation.path.replaceAll(
    /\{(\w+)\}/g,
    (_, name: string) => raw[name] ?? encodeURIComponent(call.params?.[name] ?? ''),
  );
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

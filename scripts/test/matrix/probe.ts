// A caller who must be refused: the request, the expected refusal and the actual result.
import type { Operation } from '../contract/documented-api';
import type { Call, Lumi, Recipes, World } from '../contract/world';
import type { Answer } from '../whole-way';
import type { Product } from '@lumi/shared/contract';

export interface Probe {
  readonly who: string;
  /** `404 not_found`, or AS_NOBODYS. */
  readonly expected: string;
  /** Words that only a refusal for this reason contains. */
  readonly says?: string;
  readonly key: string | null;
  readonly call: Call;
  readonly headers?: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string;
  /** Directly at the service; null: without an identity. */
  readonly identity?: string | null;
  /** The item of a bulk that is refused beside valid items; the accepted bulk is stored. */
  readonly item?: number;
  /** The same with an unknown name, which must get the same message. */
  readonly nobodys?: Call;
}

/** The data from which the probes of one file are made. */
export interface Scene {
  readonly product: Product;
  readonly lumi: Lumi;
  readonly recipes: Recipes;
  readonly world: World;
  /** The same of another customer. */
  readonly abroad: World;
  readonly keyOf: (name: string, wishes: Parameters<Lumi['keyOf']>[1]) => Promise<Awaited<ReturnType<Lumi['keyOf']>>>;
}

/** Of a filter: the answer must equal that for an unknown object. */
export const AS_NOBODYS = "as of what is nobody's";
/** Passes every check of the caller, and does nothing. */
const ONE_FIELD_TOO_MUCH = { unknown_field: '1' };
export const COMES_THROUGH = { expected: '422 validation_error', says: '"path":"unknown_field"' } as const;

/** Refused only because of an extra field: the rest of the request would succeed. */
export function withFieldTooMuch(call: Call): Call {
  return { ...call, query: { ...call.query, ...ONE_FIELD_TOO_MUCH } };
}

export function rehearsed(call: Call): Call {
  return { ...call, query: { ...call.query, dry_run: 'true' } };
}

export function targetOf(operation: Operation, call: Call): string {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(call.params?.[name] ?? ''),
  );
  const query = new URLSearchParams(call.query ?? {}).toString();
  return `${path}${query === '' ? '' : `?${query}`}`;
}

export function textOf({ body }: Call): string | undefined {
  return body === undefined ? undefined : JSON.stringify(body);
}

interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** `404 not_found`, with the expected words, or with the actual ones. */
export function outcomeOf(answer: Answer, { says, item }: Probe): string {
  const refusal = refusalOf(answer, item);
  if (refusal === undefined) return `${String(answer.status)} ${answer.text.slice(0, 200)}`;
  const status = answer.status < 300 && refusal.code === 'not_found' ? 404 : answer.status;
  const outcome = `${String(status)} ${refusal.code}`;
  if (says === undefined) return outcome;
  return `${outcome}: ${JSON.stringify(refusal).includes(says) ? says : JSON.stringify(refusal)}`;
}

/** Of the whole request, or of the one item; a quote lists the refusals of its items beside them. */
function refusalOf({ body }: Answer, item: number | undefined): Refusal | undefined {
  const {
    error,
    items = [],
    problems = [],
  } = body as {
    readonly error?: Refusal;
    readonly items?: readonly { readonly ref?: string; readonly error?: Refusal | null }[];
    readonly problems?: readonly (Refusal & { readonly ref: string | null })[];
  };
  const one = item === undefined ? undefined : items[item];
  return error ?? one?.error ?? problems.find(({ ref }) => one !== undefined && ref === one.ref);
}

/** The answer without the parts that differ between requests; of a bulk, the part about the item. */
export function toldBy(answer: Answer, { item }: Probe): string {
  const refusal = item === undefined ? undefined : refusalOf(answer, item);
  const said = refusal === undefined ? answer.text : JSON.stringify(refusal);
  return `${String(answer.status)} ${said.replaceAll(String(answer.headers['x-request-id']), 'ID')}`;
}

// Schema validation of path, query and body, with the refusals of the contract. Unknown fields are refused: in a money API a
// misspelt `max_price_usd` must not silently mean "no ceiling".
import { z } from 'zod';
import { AppError, notFound, type ErrorDetail, type RouteSpec } from '../contract';

export const BULK_MAX_ITEMS = 500;
const DETAILS_MAX = 50;
const NO_QUERY = z.object({});
/** Without it zod does not say whether a value of the wrong type was given or missing. */
const REPORT_INPUT = { reportInput: true } as const;

export function validateParams(route: RouteSpec, raw: Readonly<Record<string, string | string[] | undefined>>): unknown {
  if (route.params === undefined) return {};
  const result = route.params.safeParse(raw);
  // A path that cannot name an object is an object that does not exist.
  if (!result.success) throw notFound();
  return result.data;
}

export function validateQuery(route: RouteSpec, raw: Readonly<Record<string, unknown>>): unknown {
  for (const [name, value] of Object.entries(raw)) {
    if (typeof value !== 'string') throw invalidFields([{ path: name, message: 'must be given once' }]);
    if (value.includes('\0') || !value.isWellFormed()) throw invalidFields([{ path: name, message: 'contains a character that is not allowed' }]);
  }
  return parse(strictForm(route.query ?? NO_QUERY), raw, []);
}

export function validateBody(route: RouteSpec, raw: unknown): unknown {
  if (route.body === undefined) {
    if (raw !== undefined && !(isPlainObject(raw) && Object.keys(raw).length === 0)) throw invalidFields([{ path: '', message: 'this request takes no body' }]);
    return undefined;
  }
  const schema = route.body instanceof z.ZodObject ? strictForm(route.body) : route.body;
  const result = schema.safeParse(raw ?? {}, REPORT_INPUT);
  const issues = result.success ? [] : detailsOf(result.error.issues);
  const items = bulkItems(route, raw);
  const envelope = issues.filter((issue) => route.bulk === undefined || !(issue.path === route.bulk || issue.path.startsWith(`${route.bulk}.`)));
  if (envelope.length > 0) throw invalidFields(issues);
  if (items !== null && items.length > BULK_MAX_ITEMS) throw new AppError('batch_too_large');
  if (!result.success) throw invalidFields(issues);
  return result.data;
}

/** The items of a bulk body, or null when there is no such array. */
export function bulkItems(route: RouteSpec, raw: unknown): readonly unknown[] | null {
  if (route.bulk === undefined || !isPlainObject(raw)) return null;
  const items = raw[route.bulk];
  return Array.isArray(items) ? items : null;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Validates one item of a bulk by the schema of the single request; throws 422 for this item alone. */
export function validateItem<S extends z.ZodObject>(schema: S, raw: unknown): z.output<S> {
  return parse(strictForm(schema) as S, raw, []);
}

/** Zod compiles a parser for every schema object: made once, not for each request. */
const strictForms = new WeakMap<z.ZodObject, z.ZodObject>();

function strictForm(schema: z.ZodObject): z.ZodObject {
  const known = strictForms.get(schema) ?? schema.strict();
  strictForms.set(schema, known);
  return known;
}

function parse<S extends z.ZodType>(schema: S, raw: unknown, prefix: readonly string[]): z.output<S> {
  const result = schema.safeParse(raw, REPORT_INPUT);
  if (!result.success) throw invalidFields(detailsOf(result.error.issues, prefix));
  return result.data;
}

/** In a caller's words. An amount sent as a number is the usual case. */
const TYPE_WANTED: Readonly<Record<string, string>> = {
  string: 'must be a string, in quotes', number: 'must be a number', int: 'must be a whole number', boolean: 'must be true or false', array: 'must be a list', object: 'must be an object', record: 'must be an object',
};

/** Zod's own words, not those of the field. */
function isStandard(message: string): boolean {
  return message.startsWith('Invalid input: expected');
}

function detailsOf(issues: readonly z.core.$ZodIssue[], prefix: readonly string[] = []): ErrorDetail[] {
  return issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path.map(String)];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a field of this request' }));
    if (issue.code === 'invalid_type' && issue.input === undefined) return [{ path: path.join('.'), message: 'is required' }];
    if (issue.code === 'invalid_type') return [{ path: path.join('.'), message: isStandard(issue.message) ? (TYPE_WANTED[issue.expected] ?? issue.message) : issue.message }];
    return [{ path: path.join('.'), message: issue.message }];
  });
}

function invalidFields(details: readonly ErrorDetail[]): AppError {
  return new AppError('validation_error', undefined, { details: details.slice(0, DETAILS_MAX) });
}

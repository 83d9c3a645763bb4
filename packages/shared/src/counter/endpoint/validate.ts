// Validates path, query and body with schemas, and refuses in the contract's form. Unknown fields are refused: in a
// money API a misspelt `max_price_usd` must not silently mean "no ceiling".
import { z } from 'zod';
import { AppError, invalid, notFound, type RouteSpec } from '../../ground/contract';
import { IN_OUR_WORDS, invalidFields } from './invalid-fields';

export const BULK_MAX_ITEMS = 500;
const NO_QUERY = z.object({});

export function validateParams(
  route: RouteSpec,
  raw: Readonly<Record<string, string | string[] | undefined>>,
): unknown {
  if (route.params === undefined) return {};
  const result = route.params.safeParse(raw);
  // A path that cannot be an object's name is answered like an object that does not exist.
  if (!result.success) throw notFound();
  return result.data;
}

/** `readQuery` has read `raw`: each name once, only text. */
export function validateQuery(route: RouteSpec, raw: Readonly<Record<string, string>>): unknown {
  return parse(strictForm(route.query ?? NO_QUERY), raw);
}

/** `raw`: undefined when there is no body, which counts as an empty object; null is refused. */
export function validateBody(route: RouteSpec, raw: unknown): unknown {
  if (route.body === undefined) {
    if (raw !== undefined && !(isPlainObject(raw) && Object.keys(raw).length === 0))
      throw invalid('', 'this request takes no body');
    return undefined;
  }
  const schema = route.body instanceof z.ZodObject ? strictForm(route.body) : route.body;
  const { bulk } = route;
  const items = bulkItems(route, raw);
  const isTooLarge = items !== null && items.length > BULK_MAX_ITEMS;
  // With too many items none of them is validated; the fields beside them are, because they are refused first.
  const result = schema.safeParse(
    isTooLarge && isPlainObject(raw) && bulk !== undefined
      ? { ...raw, [bulk]: items.slice(0, 1) }
      : raw === undefined
        ? {}
        : raw,
    IN_OUR_WORDS,
  );
  if (isTooLarge && (result.success || !result.error.issues.some(({ path }) => path[0] !== bulk)))
    throw new AppError('batch_too_large');
  if (!result.success) throw invalidFields(result.error.issues);
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
  return parse(strictForm(schema) as S, raw);
}

/** Zod compiles a parser for every schema object, so it is made once, not for each request. */
const strictForms = new WeakMap<z.ZodObject, z.ZodObject>();

function strictForm(schema: z.ZodObject): z.ZodObject {
  const known = strictForms.get(schema) ?? schema.strict();
  strictForms.set(schema, known);
  return known;
}

function parse<S extends z.ZodType>(schema: S, raw: unknown): z.output<S> {
  const result = schema.safeParse(raw, IN_OUR_WORDS);
  if (!result.success) throw invalidFields(result.error.issues);
  return result.data;
}

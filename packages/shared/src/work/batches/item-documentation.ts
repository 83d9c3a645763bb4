// The schema of the body does not validate the items of a bulk; each item is validated alone. The documentation shows
// their fields nevertheless.
import { z } from 'zod';

type Json = { readonly [key: string]: unknown };

/**
 * `properties` for an item that is otherwise any object. No field is required, because every field may come from
 * `defaults`.
 */
export function itemDocumentation(item: z.ZodObject): { properties: Json } {
  const schema = z.toJSONSchema(item, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Json;
    $defs?: Record<string, Json>;
  };
  const ref = {
    type: 'string',
    minLength: 1,
    maxLength: 128,
    description: 'Yours: the result carries it. Absent: what the item is about.',
  };
  return { properties: { ref, ...(inlined(schema.properties ?? {}, schema.$defs ?? {}) as Json) } };
}

function inlined(value: unknown, definitions: Readonly<Record<string, Json>>): unknown {
  if (Array.isArray(value)) return value.map((one) => inlined(one, definitions));
  if (typeof value !== 'object' || value === null) return value;
  const { $ref, id: _id, ...rest } = value as Json;
  const target = typeof $ref === 'string' ? definitions[$ref.replace('#/$defs/', '')] : undefined;
  return Object.fromEntries(
    Object.entries({ ...(target ?? {}), ...rest })
      .filter(([name]) => name !== 'id' || typeof $ref !== 'string')
      .map(([name, one]) => [name, inlined(one, definitions)]),
  );
}

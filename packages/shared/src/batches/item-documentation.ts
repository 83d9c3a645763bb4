// The items of a bulk are validated one by one, not by the schema of the body; the documentation shows their fields all
// the same.
import { z } from 'zod';

type Json = { readonly [key: string]: unknown };

/** `properties` for an item that is otherwise any object. Nothing is required: every field may come from `defaults`. */
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

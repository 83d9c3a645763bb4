// Converts all schemas of a document to JSON Schema in one call. Schemas contain each other, and zod would convert a
// shared schema again for each single call; that was half of a service's start time.
import { z } from 'zod';
import { describeFields } from './glossary';

export type JsonSchema = Record<string, unknown>;
/** Requests are described before parsing, answers after it. */
export type Direction = 'input' | 'output';

interface Converted {
  readonly schema: JsonSchema;
  /** Named schemas that it mentions, in order. */
  readonly mentions: readonly string[];
}

interface Conversion {
  readonly of: ReadonlyMap<z.ZodType, Converted>;
  readonly named: ReadonlyMap<string, Converted>;
}

export class JsonSchemas {
  /** Named schemas (`.meta({ id })`) that the requested schemas mention. */
  readonly components: Record<string, JsonSchema> = {};
  private readonly input: Conversion;
  private readonly output: Conversion;

  constructor(asked: { readonly input: Iterable<z.ZodType>; readonly output: Iterable<z.ZodType> }) {
    this.input = convert(asked.input, 'input');
    this.output = convert(asked.output, 'output');
  }

  /**
   * A schema that was given to the constructor. In answers a named schema is a reference to its component; in requests
   * it is inlined.
   */
  of(schema: z.ZodType, direction: Direction): JsonSchema {
    const conversion = this[direction];
    const converted = conversion.of.get(schema);
    if (converted === undefined) throw new Error('a schema was not announced');
    const name = schema.meta()?.id;
    const inline = name === undefined || direction === 'output' ? undefined : conversion.named.get(name);
    this.mention((inline ?? converted).mentions, conversion);
    return inline === undefined ? { ...converted.schema } : structuredClone(inline.schema);
  }

  private mention(names: readonly string[], conversion: Conversion): void {
    for (const name of names) {
      const named = conversion.named.get(name);
      if (named === undefined || this.components[name] !== undefined) continue;
      this.components[name] = named.schema;
      this.mention(named.mentions, conversion);
    }
  }
}

function convert(schemas: Iterable<z.ZodType>, io: Direction): Conversion {
  const all = [...new Set(schemas)];
  const { properties, $defs } = z.toJSONSchema(z.object(Object.fromEntries(all.entries())), {
    io,
    unrepresentable: 'any',
  }) as unknown as { properties: Record<number, JsonSchema>; $defs?: Record<string, JsonSchema> };
  return {
    of: new Map(all.map((schema, index) => [schema, finished(properties[index] ?? {}, io)])),
    named: new Map(Object.entries($defs ?? {}).map(([name, { id: _id, ...schema }]) => [name, finished(schema, io)])),
  };
}

/**
 * In our form, with references into the document. It changes what zod has just made, because no other code holds it.
 */
function finished(schema: JsonSchema, io: Direction): Converted {
  const mentions: string[] = [];
  describeFields(schema);
  rewrite(schema, io, mentions);
  return { schema, mentions };
}

const DEFINITION = '#/$defs/';

function rewrite(value: unknown, io: Direction, mentions: string[]): void {
  if (typeof value !== 'object' || value === null) return;
  const node = value as JsonSchema; // arrays too: their keys are indexes
  // zod writes these bounds for every whole number. They are those of JavaScript, not ours.
  if (node['minimum'] === Number.MIN_SAFE_INTEGER) delete node['minimum'];
  if (node['maximum'] === Number.MAX_SAFE_INTEGER) delete node['maximum'];
  // An answer may have further fields in a later release.
  if (io === 'output' && node['additionalProperties'] === false) delete node['additionalProperties'];
  for (const key of Object.keys(node)) {
    const item = node[key];
    if (typeof item !== 'string') {
      rewrite(item, io, mentions);
    } else if (key === '$ref' && item.startsWith(DEFINITION)) {
      const name = item.slice(DEFINITION.length);
      mentions.push(name);
      node[key] = `#/components/schemas/${name}`;
    } else if (key === 'pattern') {
      // Some readers of patterns do not know Unicode's classes (they would read `\p{Cc}` as the letters p, C and c).
      // Ranges work in all of them.
      node[key] = item.replaceAll('\\p{Cc}', '\\u0000-\\u001f\\u007f-\\u009f');
    }
  }
}

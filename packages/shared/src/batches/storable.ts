// What of an item is kept while it waits: what its schema describes. Of everything else the names alone, so that the
// item is refused in the same words whenever it is looked at; the values may be a password that was sent by mistake.
import { z } from 'zod';
import { isPlainObject } from '../endpoint';

type Schemas = readonly z.core.$ZodType[];

export function storable(schema: z.ZodObject, input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return knownPart([schema], input) as Record<string, unknown>; // an object stays one
}

/** `schemas`: what the value may be, one or the other. None: nobody knows it. */
function knownPart(schemas: Schemas, value: unknown): unknown {
  const forms = schemas.flatMap(formsOf);
  if (forms.length === 0) return null;
  // A value of any kind is the caller's own affair, such as `metadata`.
  if (forms.some((form) => form instanceof z.ZodUnknown || form instanceof z.ZodAny)) return value;
  if (Array.isArray(value)) {
    const elements = forms.flatMap((form) => (form instanceof z.ZodArray ? [form.element] : []));
    return elements.length === 0 ? [] : value.map((one) => knownPart(elements, one));
  }
  if (isPlainObject(value)) {
    // In place of a text or a list it is refused for being an object, whatever it holds.
    if (!forms.some((form) => form instanceof z.ZodObject || form instanceof z.ZodRecord)) return {};
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [
        name,
        knownPart(
          forms.flatMap((form) => fieldOf(form, name)),
          one,
        ),
      ]),
    );
  }
  return value;
}

/** Through whatever wraps them, down to what says which fields a value has. */
function formsOf(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(formsOf);
  if (schema instanceof z.ZodPipe) return formsOf(schema.in instanceof z.ZodTransform ? schema.out : schema.in);
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodReadonly
  )
    return formsOf(schema.unwrap());
  return [schema];
}

function fieldOf(form: z.core.$ZodType, name: string): Schemas {
  if (form instanceof z.ZodRecord) return [form.valueType];
  if (!(form instanceof z.ZodObject)) return [];
  const shape: Readonly<Record<string, z.core.$ZodType>> = form.shape;
  return Object.hasOwn(shape, name) && shape[name] !== undefined ? [shape[name]] : [];
}

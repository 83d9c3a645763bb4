// What is stored of a waiting item: the fields that its schema describes, and only the names of all others. So every
// later check refuses the item with the same message, and a value that may be a password is not stored.
import { z } from 'zod';
import { isPlainObject } from '../../counter/endpoint';

type Schemas = readonly z.core.$ZodType[];

export function storable(schema: z.ZodObject, input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return knownPart([schema], input) as Record<string, unknown>; // an object stays one
}

/** `schemas`: the alternatives for the value. None: unknown. */
function knownPart(schemas: Schemas, value: unknown): unknown {
  const forms = schemas.flatMap(formsOf);
  if (forms.length === 0) return null;
  // A value of any kind belongs to the caller, such as `metadata`.
  if (forms.some((form) => form instanceof z.ZodUnknown || form instanceof z.ZodAny)) return value;
  if (Array.isArray(value)) {
    const elements = forms.flatMap((form) => (form instanceof z.ZodArray ? [form.element] : []));
    return elements.length === 0 ? [] : value.map((one) => knownPart(elements, one));
  }
  if (isPlainObject(value)) {
    // In place of a string or a list, any object is refused, whatever it contains.
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

/** Unwraps schemas down to the one that lists the fields of a value. */
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

// The fields of a request, from the JSON Schema of its document, and a body with one of them replaced. JSON as it is
// sent; our own programs would not write some of it.
export type JsonText = string;

export type Type = 'string' | 'number' | 'boolean' | 'array' | 'object' | 'null';

type Schema = Readonly<Record<string, unknown>>;
export type Step = string | number;

export interface Field {
  readonly path: readonly Step[];
  readonly types: readonly Type[];
  /** The same for fields of one name and one schema, at any place. */
  readonly sort: string;
  /** An object whose names the caller chooses. */
  readonly isRecord: boolean;
}

const DEPTH_MAX = 8;
/** What would hide fields from this reader. */
const UNREAD = ['$ref', 'patternProperties', 'prefixItems', 'if', 'dependentSchemas', 'contains'];
const PLACE = '@@the wrong value@@';

/** Each place once, including nested ones and those of every form of a value. */
export function fieldsOf(schema: unknown): Field[] {
  const found = new Map<string, { path: readonly Step[]; types: Set<Type>; sort: string; isRecord: boolean }>();
  const visit = (node: unknown, path: readonly Step[]): void => {
    if (!isSchema(node) || path.length > DEPTH_MAX) return;
    const strange = UNREAD.filter((word) => word in node);
    if (strange.length > 0) throw new Error(`no reader here for ${strange.join(', ')} at ${path.join('.')}`);
    const name = JSON.stringify(path);
    const known = found.get(name) ?? {
      path,
      types: new Set<Type>(),
      sort: `${String(path.at(-1))} ${JSON.stringify(node)}`,
      isRecord: false,
    };
    if (path.length > 0) found.set(name, known);
    for (const type of typesOf(node)) known.types.add(type);
    for (const form of formsOf(node)) visit(form, path);
    for (const [field, one] of Object.entries((node['properties'] ?? {}) as Schema)) visit(one, [...path, field]);
    if (isSchema(node['additionalProperties'])) {
      known.isRecord = true;
      visit(node['additionalProperties'], [...path, 'name']);
    }
    if (isSchema(node['items'])) visit(node['items'], [...path, 0]);
  };
  visit(schema, []);
  return [...found.values()].map((one) => ({ ...one, types: [...one.types] }));
}

/** The body of `schema` that is most like `base`, with this text at this place. */
export function bodyWith(schema: unknown, base: unknown, path: readonly Step[], wrong: JsonText): JsonText {
  return JSON.stringify(replaced(schema, base, path)).replace(JSON.stringify(PLACE), () => wrong);
}

function replaced(schema: unknown, base: unknown, path: readonly Step[]): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return PLACE;
  const form = formWith(schema, base, path);
  const own = childOf(form, step);
  if (typeof step === 'number') {
    const list = Array.isArray(base) ? (base as unknown[]) : [];
    return [replaced(own, list[0] ?? sampleOf(own), rest), ...list.slice(1)];
  }
  const object = isSchema(base) && fits(form, base) ? base : sampleOf(form);
  const fields = isSchema(object) ? object : {};
  return { ...fields, [step]: replaced(own, fields[step] ?? sampleOf(own), rest) };
}

/** Of several forms, one with this place at any depth: the form of `base`, if it has the place. */
function formWith(schema: unknown, base: unknown, path: readonly Step[]): unknown {
  const forms = allForms(schema).filter((form) => hasPlace(form, path));
  return forms.find((form) => fits(form, base)) ?? forms[0];
}

function hasPlace(form: unknown, [step, ...rest]: readonly Step[]): boolean {
  if (step === undefined) return true;
  const child = childOf(form, step);
  return child !== undefined && (rest.length === 0 || allForms(child).some((one) => hasPlace(one, rest)));
}

function fits(form: unknown, base: unknown): boolean {
  if (!isSchema(form) || !isSchema(base)) return true;
  return Object.entries((form['properties'] ?? {}) as Schema).every(
    ([name, one]) =>
      !isSchema(one) || one['const'] === undefined || base[name] === undefined || base[name] === one['const'],
  );
}

function childOf(form: unknown, step: Step): unknown {
  if (!isSchema(form)) return undefined;
  if (typeof step === 'number') return form['items'];
  const { properties, additionalProperties } = form;
  return (
    (isSchema(properties) ? properties[step] : undefined) ??
    (isSchema(additionalProperties) ? additionalProperties : undefined)
  );
}

/** A value that the schema accepts; rules outside the schema may still refuse it. */
function sampleOf(schema: unknown, depth = 0): unknown {
  if (!isSchema(schema) || depth > DEPTH_MAX) return null;
  if ('example' in schema) return schema['example'];
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0];
  const [form] = formsOf(schema);
  if (form !== undefined) return sampleOf(form, depth + 1);
  switch (typesOf(schema)[0]) {
    case 'object': {
      const properties = (schema['properties'] ?? {}) as Schema;
      return Object.fromEntries(
        ((schema['required'] ?? []) as readonly string[]).map((name) => [name, sampleOf(properties[name], depth + 1)]),
      );
    }
    case 'array':
      return Number(schema['minItems'] ?? 0) > 0 ? [sampleOf(schema['items'], depth + 1)] : [];
    case 'number':
      return Number(schema['minimum'] ?? 1);
    case 'boolean':
      return true;
    case 'string':
      return 'sample';
    default:
      return null;
  }
}

function allForms(schema: unknown): unknown[] {
  return isSchema(schema) ? [schema, ...formsOf(schema).flatMap(allForms)] : [];
}

function formsOf(schema: Schema): unknown[] {
  return ['anyOf', 'oneOf', 'allOf'].flatMap((name) =>
    Array.isArray(schema[name]) ? (schema[name] as unknown[]) : [],
  );
}

export function typesOf(schema: Schema): Type[] {
  const named = [schema['type'] ?? []].flat() as string[];
  const values =
    'const' in schema ? [schema['const']] : Array.isArray(schema['enum']) ? (schema['enum'] as unknown[]) : [];
  return [
    ...named.map((type) => (type === 'integer' ? 'number' : type) as Type),
    ...values.map((value) => (value === null ? 'null' : (typeof value as Type))),
  ];
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

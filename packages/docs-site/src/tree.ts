// A schema as a tree of its fields: name, type, whether it is required, limits, description. Deeper levels are folded;
// a browser unfolds them without a script. An object with a name of its own is shown once in each page, and linked to.
import { nameOf, resolved, slugOf, type Api, type Schema } from './document';
import { escape, join } from './html';
import { markdown } from './markdown';

const DEPTH_MAX = 6;

interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** The named objects that a page links to. */
export class Objects {
  private readonly names = new Set<string>();

  link(name: string): string {
    this.names.add(name);
    return `<a href="#object-${slugOf(name)}">${escape(name)}</a>`;
  }

  /** All that were linked to, and those that they link to themselves. */
  sections(api: Api): string {
    const shown: string[] = [];
    for (const name of this.names) {
      const place = { depth: 0, path: [name], showsRequired: false, objects: this };
      const id = `object-${slugOf(name)}`;
      shown.push(
        `<section class="object"><h3 id="${id}"><a class="anchor" href="#${id}">${escape(name)}</a></h3>`,
        `${fieldsHtml(fieldsOf(api.schemas[name] ?? {}, api), api, place)}</section>`,
      );
    }
    return shown.length === 0
      ? ''
      : `<h2 id="objects"><a class="anchor" href="#objects">Objects of these answers</a></h2>\n${shown.join('\n')}`;
  }
}

/** The fields of an object, or of the items of a list. Empty: it has none. */
export function tree(schema: Schema, api: Api, objects: Objects): string {
  const name = objectOf(schema, api);
  if (name !== null) return `<p>${objects.link(name)}</p>`;
  return fieldsHtml(fieldsOf(schema, api), api, { depth: 0, path: [], showsRequired: false, objects });
}

/** What a request holds: objects are unfolded in place. */
export function requestTree(schema: Schema, api: Api): string {
  return fieldsHtml(fieldsOf(schema, api), api, { depth: 0, path: [], showsRequired: true, objects: null });
}

export function parameterTree(fields: readonly Field[], api: Api): string {
  return fieldsHtml(fields, api, { depth: 0, path: [], showsRequired: true, objects: null });
}

interface Place {
  readonly depth: number;
  /** Named schemas that contain it: one that contains itself is not unfolded again. */
  readonly path: readonly string[];
  readonly showsRequired: boolean;
  /** Null: named objects are unfolded in place. */
  readonly objects: Objects | null;
}

function fieldsHtml(fields: readonly Field[], api: Api, place: Place): string {
  if (fields.length === 0) return '';
  return `<ul class="tree">\n${fields.map((field) => fieldHtml(field, api, place)).join('\n')}\n</ul>`;
}

function fieldHtml(
  { name, schema, isRequired }: Field,
  api: Api,
  { depth, path, showsRequired, objects }: Place,
): string {
  const whole = resolved(schema, api);
  const named = namesIn(schema, api);
  const object = objects === null ? null : objectOf(schema, api);
  const isEndless = object !== null || named.some((one) => path.includes(one)) || depth >= DEPTH_MAX;
  const inner = isEndless
    ? ''
    : fieldsHtml(fieldsOf(schema, api), api, { depth: depth + 1, path: [...path, ...named], showsRequired, objects });
  const required = isRequired && showsRequired ? ' <span class="required">required</span>' : '';
  const limits = limitsOf(whole, api);
  const type = `<span class="type">${escape(typeOf(schema, api))}</span>`;
  const head = `<code class="name">${escape(name)}</code> ${type}${required}`;
  const folded =
    inner === '' ? null : `<details><summary>Fields of <code>${escape(name)}</code></summary>\n${inner}\n</details>`;
  return join(
    `<li><p class="field">${head}</p>`,
    whole.description === undefined ? null : `<div class="about">${markdown(whole.description)}</div>`,
    limits === '' ? null : `<p class="limits">${limits}</p>`,
    object === null ? null : `<p class="limits">Fields: ${objects?.link(object) ?? ''}</p>`,
    folded,
    '</li>',
  );
}

/** Those of all its forms, each name once. */
export function fieldsOf(schema: Schema, api: Api): readonly Field[] {
  const whole = resolved(schema, api);
  const forms = [...(whole.anyOf ?? []), ...(whole.oneOf ?? []), ...(whole.allOf ?? [])];
  const own = Object.entries(whole.properties ?? {}).map(([name, one]) => ({
    name,
    schema: one,
    isRequired: whole.required?.includes(name) === true,
  }));
  const inForms = forms.flatMap((form) =>
    fieldsOf(form, api).map((field) => ({ ...field, isRequired: field.isRequired && forms.length === 1 })),
  );
  const inItems = whole.items === undefined ? [] : fieldsOf(whole.items, api);
  const rest =
    typeof whole.additionalProperties === 'object' && own.length === 0 ? fieldsOf(whole.additionalProperties, api) : [];
  const seen = new Set<string>();
  return [...own, ...inForms, ...inItems, ...rest].filter(({ name }) => !seen.has(name) && seen.add(name));
}

/** Its name, if it (or each item of it) is one named object. */
function objectOf(schema: Schema, api: Api): string | null {
  const whole = resolved(schema, api);
  const forms = (whole.anyOf ?? []).filter(({ type }) => type !== 'null');
  const inner = whole.items ?? (forms.length === 1 ? forms[0] : undefined);
  const name = nameOf(schema);
  if (name !== null && whole.properties !== undefined && /^[A-Z][A-Za-z]+$/.test(name)) return name;
  return inner === undefined ? null : objectOf(inner, api);
}

function namesIn(schema: Schema, api: Api): readonly string[] {
  const name = nameOf(schema);
  const whole = resolved(schema, api);
  const inner = [whole.items, ...(whole.anyOf ?? []), ...(whole.oneOf ?? [])].flatMap((one) =>
    one === undefined ? [] : [nameOf(one) ?? []].flat(),
  );
  return name === null ? inner : [name, ...inner];
}

export function typeOf(schema: Schema, api: Api): string {
  const whole = resolved(schema, api);
  const forms = [...(whole.anyOf ?? []), ...(whole.oneOf ?? [])];
  if (forms.length > 0) return [...new Set(forms.map((form) => typeOf(form, api)))].join(' or ');
  const types = [whole.type ?? []].flat().filter((type) => type !== 'array');
  if (whole.items !== undefined) return `list of ${pluralOf(typeOf(whole.items, api))}`;
  if (whole.const !== undefined) return 'constant';
  return types.length === 0 ? 'any' : types.join(' or ');
}

function pluralOf(type: string): string {
  return /^(string|object|integer|number|boolean)$/.test(type) ? `${type}s` : type;
}

/** What a value must fit, in words. */
function limitsOf(whole: Schema, api: Api): string {
  const limits: string[] = [];
  const schema = [whole, ...(whole.anyOf ?? [])].reduce<Schema>((all, one) => ({ ...resolved(one, api), ...all }), {});
  const range = (least: number | undefined, most: number | undefined, unit: string): void => {
    if (least !== undefined && most !== undefined) limits.push(`${String(least)} to ${String(most)}${unit}`);
    else if (most !== undefined) limits.push(`at most ${String(most)}${unit}`);
    else if (least !== undefined && least > 0) limits.push(`at least ${String(least)}${unit}`);
  };
  const code = (value: unknown): string =>
    `<code>${escape(typeof value === 'string' ? value : JSON.stringify(value))}</code>`;
  if (schema.enum !== undefined) limits.push(`one of ${schema.enum.map(code).join(', ')}`);
  if (schema.const !== undefined) limits.push(`always ${code(schema.const)}`);
  range(schema.minimum, schema.maximum, '');
  range(schema.minLength, schema.maxLength, ' characters');
  range(schema.minItems, schema.maxItems, ' items');
  if (schema.format !== undefined) limits.push(`format ${code(schema.format)}`);
  if (schema.pattern !== undefined && schema.pattern.length <= 80) limits.push(`pattern ${code(schema.pattern)}`);
  if (schema.default !== undefined) limits.push(`default ${code(schema.default)}`);
  if (schema.example !== undefined) limits.push(`example ${code(schema.example)}`);
  return limits.join(' · ');
}

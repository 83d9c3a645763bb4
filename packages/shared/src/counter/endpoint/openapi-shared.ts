// Makes an OpenAPI document smaller without changing what it says: what several operations have alike is written once,
// below `components`, and named by each of them. All refusals are there, even one that a single operation has.
// `withoutSharing` (room `contract`) is the way back.
import type { JsonSchema } from './json-schemas';

/** What a name must save: each one is also something to look up for a reader. */
const SAVED_CHARS_MIN = 80;
/** About the length of a reference. */
const REFERENCE_CHARS = 45;

interface Media {
  schema?: JsonSchema;
  example?: unknown;
  examples?: Record<string, JsonSchema>;
}
interface Answer extends JsonSchema {
  content?: Record<string, Media>;
}
interface Operation extends JsonSchema {
  operationId: string;
  parameters: JsonSchema[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, Answer>;
}
interface Shareable extends JsonSchema {
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, JsonSchema>>;
}

/** Changes the document that it gets, and returns it. */
export function shareParts(given: JsonSchema): JsonSchema {
  const document = given as Shareable; // built by `buildOpenApi`
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  document.components['responses'] = shareAnswers(operations);
  document.components['parameters'] = shareParameters(operations);
  shareSchemas(document, operations);
  shareExamples(document, operations);
  return document;
}

function shareAnswers(operations: readonly Operation[]): Record<string, JsonSchema> {
  const all = operations.flatMap(({ responses }) => Object.entries(responses));
  const uses = counted(all.map(([, answer]) => JSON.stringify(answer)));
  const shared = new Named('responses');
  // The most frequent form of a status has the plain name.
  const refusals = all.filter(([status]) => status >= '400').map(([status, one]) => [status, JSON.stringify(one)]);
  for (const [status = '', text = ''] of refusals.sort(([, a = ''], [, b = '']) => uses(b) - uses(a)))
    shared.add(text, status);
  for (const { operationId, responses } of operations)
    for (const [status, answer] of Object.entries(responses)) {
      const text = JSON.stringify(answer);
      // Exports and pages stay in their operation: gateways of an earlier release read their media types there.
      const isJson = Object.keys(answer.content ?? {}).join() === 'application/json';
      if (status < '400' && (uses(text) === 1 || !isJson)) continue;
      responses[status] = shared.add(text, `${operationId}-${status}`);
    }
  return shared.parts;
}

function shareParameters(operations: readonly Operation[]): Record<string, JsonSchema> {
  const all = operations.flatMap(({ parameters }) => parameters);
  const uses = counted(all.map((one) => JSON.stringify(one)));
  const shared = new Named('parameters');
  for (const one of [...all].sort((a, b) => uses(JSON.stringify(b)) - uses(JSON.stringify(a))))
    if (isWorthSharing(one)) shared.add(JSON.stringify(one), String(one['name']));
  for (const operation of operations)
    operation.parameters = operation.parameters.map((one) =>
      isWorthSharing(one) ? shared.add(JSON.stringify(one), String(one['name'])) : one,
    );
  return shared.parts;

  function isWorthSharing(one: JsonSchema): boolean {
    // Gateways of an earlier release read `x-lumi-any-text` in the operation.
    return uses(JSON.stringify(one)) > 1 && one['x-lumi-any-text'] === undefined;
  }
}

/** The outermost of the schemas that are in several places; inside it, those that are in other places too. */
function shareSchemas(document: Shareable, operations: readonly Operation[]): void {
  const schemas = document.components['schemas'] ?? {};
  const places: Place[] = [];
  const note: Note = (holder, key, name) => {
    const text = JSON.stringify(holder[key]);
    const isNew = !uses.has(text);
    const use = uses.get(text) ?? { count: 0, names: [], reference: null };
    uses.set(text, { ...use, count: use.count + 1, names: [...use.names, name] });
    places.push({ holder, key, text });
    return isNew; // what is inside a repeated schema is in one place
  };
  const uses = new Map<string, Use>();
  for (const { requestBody, responses, parameters } of operations)
    for (const part of [requestBody, responses, parameters]) eachSchema(part, note);
  for (const kind of ['responses', 'parameters']) eachSchema(document.components[kind], note);
  for (const [name, schema] of Object.entries(schemas)) eachPart(schema, name, note);
  for (const { holder, key, text } of places) {
    const use = uses.get(text);
    if (use === undefined || use.count * (text.length - REFERENCE_CHARS) - text.length < SAVED_CHARS_MIN) continue;
    if (use.reference === null) {
      const name = freeName(schemas, pascal(nameOf(use.names)));
      // The very object, because places inside it are still to come.
      schemas[name] = holder[key] as JsonSchema;
      uses.set(text, { ...use, reference: { $ref: `#/components/schemas/${name}` } });
    }
    holder[key] = uses.get(text)?.reference;
  }
}

interface Use {
  readonly count: number;
  readonly names: readonly string[];
  readonly reference: JsonSchema | null;
}

interface Place {
  readonly holder: JsonSchema;
  readonly key: string;
  readonly text: string;
}

/** The example of a named schema, where several answers have it. */
function shareExamples({ components }: Shareable, operations: readonly Operation[]): void {
  const answers = [...operations.flatMap(({ responses }) => Object.values(responses)), ...own(components['responses'])];
  const media = answers.flatMap((answer) => Object.values((answer as Answer).content ?? {}));
  const uses = counted(media.map(({ example }) => JSON.stringify(example ?? null)));
  const shared = new Named('examples');
  for (const one of media) {
    const reference = one.schema?.['$ref'];
    const text = JSON.stringify(one.example ?? null);
    if (typeof reference !== 'string' || uses(text) < 2 || text.length < 2 * REFERENCE_CHARS) continue;
    const name = reference.split('/').at(-1) ?? '';
    delete one.example;
    one.examples = { [name]: shared.add(`{"value":${text}}`, name) };
  }
  components['examples'] = { ...components['examples'], ...shared.parts };
}

/** Returns whether the schemas inside this one are wanted. */
type Note = (holder: JsonSchema, key: string, name: string) => boolean;

/** Every schema below a part that is not itself a schema: a media type, a parameter, an answer. */
function eachSchema(part: unknown, note: Note): void {
  if (typeof part !== 'object' || part === null) return;
  const name = 'name' in part ? String(part.name) : '';
  for (const [key, value] of Object.entries(part)) {
    if (key === 'schema') visit(part as JsonSchema, key, name, note);
    else if (key !== 'example' && key !== 'examples') eachSchema(value, note);
  }
}

/** The schemas inside a schema. */
function eachPart(schema: unknown, name: string, note: Note): void {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [key, value] of Object.entries(schema)) {
    if (typeof value !== 'object' || value === null) continue;
    if (key === 'properties') for (const field of Object.keys(value)) visit(value as JsonSchema, field, field, note);
    else if (['anyOf', 'oneOf', 'allOf', 'prefixItems'].includes(key))
      for (const index of Object.keys(value)) visit(value as JsonSchema, index, name, note);
    else if (key === 'items' || key === 'additionalProperties') visit(schema as JsonSchema, key, `${name}_item`, note);
  }
}

function visit(holder: JsonSchema, key: string, name: string, note: Note): void {
  if (note(holder, key, name)) eachPart(holder[key], name, note);
}

/** Parts of one kind, each by its own name. */
class Named {
  readonly parts: Record<string, JsonSchema> = {};
  private readonly names = new Map<string, string>();

  constructor(private readonly kind: string) {}

  /** Returns the reference. */
  add(text: string, wished: string): JsonSchema {
    const name = this.names.get(text) ?? freeName(this.parts, wished);
    this.names.set(text, name);
    this.parts[name] ??= JSON.parse(text) as JsonSchema;
    return { $ref: `#/components/${this.kind}/${name}` };
  }
}

function freeName(taken: object, wished: string): string {
  if (!Object.hasOwn(taken, wished)) return wished;
  let number = 2;
  while (Object.hasOwn(taken, `${wished}-${String(number)}`)) number += 1;
  return `${wished}-${String(number)}`;
}

/** The most frequent name; `usd` for amounts, whatever they are of. */
function nameOf(names: readonly string[]): string {
  if (names.every((name) => name.endsWith('_usd'))) return 'usd';
  const uses = counted(names);
  return [...names].filter((name) => name !== '').sort((a, b) => uses(b) - uses(a))[0] ?? 'part';
}

function pascal(name: string): string {
  return name.replace(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
}

function counted(texts: readonly string[]): (text: string) => number {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return (text) => counts.get(text) ?? 0;
}

function own(parts: Record<string, JsonSchema> | undefined): JsonSchema[] {
  return Object.values(parts ?? {});
}

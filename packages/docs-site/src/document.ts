// An OpenAPI document as the pages need it, and its operations in the order of its tags.
import { BASE_PATHS, withoutSharing, type Product } from '@lumi/shared/contract';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly example?: unknown;
  readonly schema: Schema;
}

interface Media {
  readonly schema?: Schema;
  readonly example?: unknown;
}

export interface Answer {
  readonly description: string;
  readonly content?: Readonly<Record<string, Media>>;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly 'x-lumi-codes'?: readonly string[];
}

export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly 'x-lumi-scope': string | readonly string[];
  readonly 'x-lumi-class': string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, Answer>>;
}

/** A document of an earlier or a later release may lack what ours have. */
interface RawDocument {
  readonly info?: { readonly title?: string; readonly description?: string };
  readonly servers?: readonly { readonly url: string }[];
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Partial<Operation>>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

export interface Tag {
  readonly name: string;
  /** In addresses. */
  readonly slug: string;
  readonly description: string;
  readonly operations: readonly Operation[];
}

export interface Api {
  readonly product: Product;
  readonly title: string;
  readonly introduction: string;
  /** The public address of its base: `https://lumi.example/api/v1`. */
  readonly url: string;
  readonly tags: readonly Tag[];
  readonly schemas: Readonly<Record<string, Schema>>;
}

export function apiOf(product: Product, text: string): Api {
  const document = withoutSharing(JSON.parse(text) as RawDocument); // the gateway's own service made it
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => operationOf(method.toUpperCase(), path, raw)),
  );
  const { tags = [{ name: 'Operations' }] } = document;
  const known = new Set(tags.map(({ name }) => name));
  return {
    product,
    title: document.info?.title ?? 'Lumi API',
    introduction: document.info?.description ?? '',
    url: document.servers?.[0]?.url ?? `http://127.0.0.1:8080${BASE_PATHS[product]}`,
    tags: tags.map(({ name, description = '' }, index) => ({
      name,
      description,
      slug: slugOf(name),
      // An operation that names no tag of the document is in the first.
      operations: operations.filter(({ tags: own }) => {
        const [tag] = own.filter((one) => known.has(one));
        return tag === undefined ? index === 0 : tag === name;
      }),
    })),
    schemas: document.components?.schemas ?? {},
  };
}

function operationOf(method: string, path: string, raw: Partial<Operation>): Operation {
  return {
    operationId: slugOf(`${method} ${path}`),
    summary: `${method} ${path}`,
    description: '',
    tags: [],
    'x-lumi-scope': 'any',
    'x-lumi-class': 'regular',
    parameters: [],
    responses: {},
    ...raw,
    method,
    path,
  };
}

export function slugOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** The schema itself, if it is a reference to one; its own description wins. */
export function resolved(schema: Schema, api: Api): Schema {
  if (schema.$ref === undefined) return schema;
  const named = api.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {};
  const whole = resolved(named, api);
  return schema.description === undefined ? whole : { ...whole, description: schema.description };
}

export function nameOf(schema: Schema): string | null {
  return schema.$ref?.split('/').at(-1) ?? null;
}

// Checks answers against a product's OpenAPI document: status, media type, headers, body and error code must be as
// documented, and nothing more.
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { withoutSharing } from '@lumi/shared/contract';
import type { Answer } from '../whole-way';

type Json = Readonly<Record<string, unknown>>;

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly scopes: readonly string[];
  readonly isMoney: boolean;
  readonly isGuarded: boolean;
  /** Paths of `auto_renew` in its body. */
  readonly autoRenew: readonly string[];
  readonly requestSchema: unknown;
  readonly requestExample: unknown;
  readonly hasDryRun: boolean;
  /** The field of the body with the items of a bulk. */
  readonly bulk: string | null;
  /** The list whose items cost regular tokens, and how many items one token pays for. */
  readonly paidList: { readonly path: string; readonly itemsPerToken: number } | null;
  readonly hasBody: boolean;
  readonly hasRawBody: boolean;
  readonly takesUserId: boolean;
  readonly queries: readonly { readonly name: string; readonly schema?: unknown }[];
  readonly params: readonly string[];
  readonly headers: readonly string[];
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

interface DocumentedResponse {
  readonly content?: Readonly<Record<string, { readonly schema: Json; readonly example?: unknown }>>;
  readonly headers?: Readonly<Record<string, { readonly $ref: string }>>;
  readonly 'x-lumi-codes'?: readonly string[];
}

interface RawOperation {
  readonly operationId: string;
  readonly 'x-lumi-scope': string | readonly string[];
  readonly 'x-lumi-class': string;
  readonly 'x-lumi-dry-run'?: boolean;
  readonly 'x-lumi-bulk'?: string;
  readonly 'x-lumi-list'?: string;
  readonly 'x-lumi-items-per-token'?: number;
  readonly 'x-lumi-auto-renew'?: readonly string[];
  readonly 'x-lumi-raw-body'?: boolean;
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: unknown; readonly example?: unknown }>>;
  };
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema?: unknown }[];
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components: {
    readonly schemas: Json;
    readonly headers: Readonly<Record<string, { readonly required?: boolean; readonly schema: Json }>>;
  };
}

export class DocumentedApi {
  readonly operations: ReadonlyMap<string, Operation>;
  /** `id code` of every refusal that was checked. */
  readonly seen = new Set<string>();
  private readonly ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true, coerceTypes: false });
  private readonly validators = new Map<string, ValidateFunction>();

  private readonly document: Document;

  constructor(served: Document) {
    const document = withoutSharing(served);
    this.document = document;
    addFormats(this.ajv);
    for (const keyword of ['example', 'x-lumi-codes']) this.ajv.addKeyword(keyword);
    this.ajv.addSchema({ $id: 'components', $defs: closed(document.components.schemas) });
    this.operations = new Map(
      Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(
          ([method, raw]) => [raw.operationId, readOperation(method.toUpperCase(), path, raw)] as const,
        ),
      ),
    );
  }

  /** Sentences about each difference between the answer and the document. */
  faults(operation: Operation, answer: Answer): readonly string[] {
    const status = String(answer.status);
    this.seen.add(`${operation.id} ${(answer.body as { error?: { code?: string } } | null)?.error?.code ?? ''}`);
    const response = operation.responses[status];
    if (response === undefined) return [`${status} is not a documented answer: ${answer.text.slice(0, 300)}`];
    return [...this.headerFaults(response, answer), ...this.bodyFaults(operation, response, answer)];
  }

  /** Its examples, each with the faults by its schema. */
  examples(
    operation: Operation,
  ): { readonly of: string; readonly example: unknown; readonly faults: readonly string[] }[] {
    const answers = Object.entries(operation.responses)
      .filter(([status]) => status < '400')
      .flatMap(([status, { content }]) => {
        const media = content?.['application/json'];
        return media === undefined
          ? []
          : [{ of: `${operation.id} ${status}`, example: media.example, schema: media.schema }];
      });
    const asked =
      operation.requestExample === undefined
        ? []
        : [
            {
              of: `${operation.id} request`,
              example: operation.requestExample,
              schema: operation.requestSchema as Json,
            },
          ];
    return [...asked, ...answers].map(({ of, example, schema }) => ({
      of,
      example,
      faults: this.complaints(of, schema, example),
    }));
  }

  private complaints(name: string, schema: Json, value: unknown): string[] {
    const validate = this.validator(name, schema);
    return validate(value)
      ? []
      : (validate.errors ?? []).map(
          ({ instancePath, message, params }) =>
            `${instancePath || 'the body'} ${String(message)} ${JSON.stringify(params)}`,
        );
  }

  private headerFaults({ headers = {} }: DocumentedResponse, answer: Answer): string[] {
    return Object.entries(headers).flatMap(([name, { $ref }]) => {
      const { required = false, schema } = this.document.components.headers[$ref.split('/').at(-1) ?? ''] ?? {
        schema: false as never,
      };
      const text = answer.headers[name.toLowerCase()];
      if (text === undefined) return required ? [`the header ${name} is missing`] : [];
      const value = schema['type'] === 'integer' ? Number(text) : text;
      return this.validator(`header ${name}`, schema)(value) ? [] : [`the header ${name} is ${String(text)}`];
    });
  }

  private bodyFaults(operation: Operation, response: DocumentedResponse, answer: Answer): string[] {
    const { content = {} } = response;
    const type = String(answer.headers['content-type'] ?? '').split(';')[0] ?? '';
    const media = content[type];
    if (media === undefined)
      return [
        `${String(answer.status)} with ${type} is not documented, only ` +
          `${Object.keys(content).join(', ') || 'an answer without a body'}`,
      ];
    if (type !== 'application/json') return [];
    const complaints = this.complaints(`${operation.id} ${String(answer.status)}`, media.schema, answer.body);
    if (complaints.length > 0) return complaints;
    const codes = response['x-lumi-codes'];
    const code = (answer.body as { error?: { code?: string } }).error?.code;
    return codes === undefined || codes.includes(code ?? '')
      ? []
      : [`${String(code)} is not a documented code of ${String(answer.status)}, only ${codes.join(', ')}`];
  }

  private validator(name: string, schema: Json): ValidateFunction {
    const known = this.validators.get(name) ?? this.ajv.compile(closed(schema) as Json);
    this.validators.set(name, known);
    return known;
  }
}

function readOperation(method: string, path: string, raw: RawOperation): Operation {
  const scopes = [raw['x-lumi-scope']].flat();
  return {
    id: raw.operationId,
    method,
    path,
    scopes,
    isMoney: raw['x-lumi-class'] === 'money',
    isGuarded: raw['x-lumi-class'] === 'guarded',
    autoRenew: raw['x-lumi-auto-renew'] ?? [],
    requestSchema: raw.requestBody?.content['application/json']?.schema ?? null,
    requestExample: raw.requestBody?.content['application/json']?.example,
    hasDryRun: raw['x-lumi-dry-run'] === true,
    bulk: raw['x-lumi-bulk'] ?? null,
    paidList: paidListOf(raw),
    hasBody: raw.requestBody !== undefined,
    hasRawBody: raw['x-lumi-raw-body'] === true,
    // A filter in the operators' own routes.
    takesUserId:
      !scopes.includes('admin:*') &&
      raw.parameters.some((parameter) => parameter.in === 'query' && parameter.name === 'user_id'),
    queries: raw.parameters.filter((parameter) => parameter.in === 'query'),
    params: raw.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name),
    headers: raw.parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name.toLowerCase()),
    responses: raw.responses,
  };
}

/** Resolves references, and forbids fields that an object does not declare. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      name === '$ref' && typeof one === 'string'
        ? one.replace('#/components/schemas/', 'components#/$defs/')
        : closed(one),
    ]),
  );
  const isObject = typeof copy['properties'] === 'object' && copy['type'] === 'object';
  return isObject && copy['additionalProperties'] === undefined ? { ...copy, additionalProperties: false } : copy;
}

function paidListOf(raw: RawOperation): Operation['paidList'] {
  const path = raw['x-lumi-list'] ?? raw['x-lumi-bulk'];
  const itemsPerToken = raw['x-lumi-items-per-token'];
  return path === undefined || itemsPerToken === undefined ? null : { path, itemsPerToken };
}

// An operation as the gateway needs it, read from a service's OpenAPI document. The document comes from another
// process: the gateway refuses any operation it does not fully understand, and ignores one without a scope.
import { scopeName, usualBodyBytesMax, withoutSharing, type Product, type RouteScope } from '@lumi/shared/contract';

export interface Operation {
  readonly id: string;
  readonly method: string;
  /** `/domains/{domain}`, relative to the product's base path. */
  readonly path: string;
  /** Path parameters that take any text, encoded separators included. */
  readonly anyText: ReadonlySet<string>;
  readonly isPublic: boolean;
  readonly isForAnyKey: boolean;
  /** One of these suffices. */
  readonly scopes: readonly string[];
  readonly isMoney: boolean;
  /** Leads to money without moving it: signed by keys that sign. */
  readonly isGuarded: boolean;
  /**
   * Whether the operation is guarded depends on the body, which only the service reads; the gateway checks a signature
   * if one is sent.
   */
  readonly isGuardedByBody: boolean;
  readonly hasDryRun: boolean;
  readonly bodyBytesMax: number;
  /** The list in its body whose items cost regular tokens in a request without money; null: none. */
  readonly paidList: PaidList | null;
  /** Media types of the request body; empty = any (the handler reads the bytes itself). */
  readonly requestTypes: readonly string[];
  /** Media types of successful answers besides JSON. */
  readonly responseTypes: ReadonlySet<string>;
}

export interface PaidList {
  /** How many nested objects contain it. */
  readonly depth: number;
  readonly itemsPerToken: number;
}

export type Match =
  | { readonly kind: 'operation'; readonly operation: Operation }
  | { readonly kind: 'other-method'; readonly allow: readonly string[] }
  | { readonly kind: 'unknown' }
  /** No document of this service was ever loaded. */
  | { readonly kind: 'away' };

const BODY_BYTES_CEILING = 16 * 1024 * 1024;
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const PATH_SHAPE = /^(?:\/(?:[A-Za-z0-9._~-]+|\{[A-Za-z0-9_]+\}))+$/;
/**
 * First segment of the paths that services answer to the gateway and to monitoring only, some of them without an
 * identity.
 */
export const INSIDE = 'internal';
const SCOPE_SHAPE = /^(?:[a-z]+|[a-z]+:[a-z*]+)$/;

export interface ReadOperations {
  readonly operations: readonly Operation[];
  /** One sentence for each refused operation. */
  readonly refused: readonly string[];
}

/** Throws when the whole document is invalid. */
export function readOperations(product: Product, document: unknown): ReadOperations {
  const paths = field(withoutSharing(document), 'paths');
  if (!isRecord(paths)) throw new Error('the document has no paths');
  const operations: Operation[] = [];
  const refused: string[] = [];
  for (const [path, item] of Object.entries(paths)) {
    for (const method of METHODS) {
      const raw = field(item, method);
      if (raw === undefined) continue;
      const read = readOperation(product, method.toUpperCase(), path, raw);
      if (typeof read === 'string') refused.push(`${method.toUpperCase()} ${path}: ${read}`);
      else operations.push(read);
    }
  }
  if (operations.length === 0) throw new Error('the document has no usable operation');
  return { operations, refused };
}

function readOperation(product: Product, method: string, path: string, raw: unknown): Operation | string {
  if (!PATH_SHAPE.test(path)) return 'the path is not made of plain segments and whole-segment parameters';
  if (path === `/${INSIDE}` || path.startsWith(`/${INSIDE}/`)) return 'the path is for the inside alone';
  const scopes = readScopes(product, field(raw, 'x-lumi-scope'));
  if (scopes === null) return 'x-lumi-scope is missing or not understood';
  const routeClass = field(raw, 'x-lumi-class') ?? 'regular';
  if (routeClass !== 'regular' && routeClass !== 'guarded' && routeClass !== 'money')
    return 'x-lumi-class is not understood';
  const isPublic = scopes.includes('public');
  if (isPublic && (scopes.length > 1 || routeClass !== 'regular'))
    return 'a public operation has no other scope, moves no money and leads to none';
  const bodyBytesMax = field(raw, 'x-lumi-max-body') ?? usualBodyBytesMax(field(raw, 'x-lumi-bulk') !== undefined);
  if (
    typeof bodyBytesMax !== 'number' ||
    !Number.isInteger(bodyBytesMax) ||
    bodyBytesMax < 1 ||
    bodyBytesMax > BODY_BYTES_CEILING
  )
    return 'x-lumi-max-body is out of bounds';
  const paidList = readPaidList(raw);
  if (typeof paidList === 'string') return paidList;
  const id = field(raw, 'operationId');
  return {
    id:
      typeof id === 'string' && /^[A-Za-z0-9_-]{1,80}$/.test(id)
        ? id
        : `${method.toLowerCase()}-${path.replace(/[^A-Za-z0-9]+/g, '-')}`,
    method,
    path,
    isPublic,
    scopes,
    bodyBytesMax,
    paidList,
    anyText: anyTextOf(field(raw, 'parameters')),
    isForAnyKey: scopes.includes('any'),
    isMoney: routeClass === 'money',
    isGuarded: routeClass === 'guarded',
    isGuardedByBody: routeClass === 'regular' && field(raw, 'x-lumi-auto-renew') !== undefined,
    hasDryRun: field(raw, 'x-lumi-dry-run') === true,
    requestTypes:
      field(raw, 'x-lumi-raw-body') === true ? [] : mediaTypes(field(raw, 'requestBody'), ['application/json']),
    responseTypes: goodResponseTypes(field(raw, 'responses')),
  };
}

function readPaidList(raw: unknown): PaidList | null | string {
  const itemsPerToken = field(raw, 'x-lumi-items-per-token');
  if (itemsPerToken === undefined) return null;
  if (typeof itemsPerToken !== 'number' || !Number.isInteger(itemsPerToken) || itemsPerToken < 1)
    return 'x-lumi-items-per-token is not understood';
  const path = field(raw, 'x-lumi-list') ?? field(raw, 'x-lumi-bulk');
  if (typeof path !== 'string' || path === '') return 'x-lumi-items-per-token counts the items of no list';
  return { depth: path.split('.').length, itemsPerToken };
}

function readScopes(product: Product, raw: unknown): string[] | null {
  const names = Array.isArray(raw) ? raw : [raw];
  if (names.length === 0 || !names.every((name): name is string => typeof name === 'string' && SCOPE_SHAPE.test(name)))
    return null;
  return names.map((name) => scopeName(product, name as RouteScope)); // unknown names are kept unchanged
}

function anyTextOf(parameters: unknown): ReadonlySet<string> {
  const list = Array.isArray(parameters) ? parameters : [];
  const names = list
    .filter((one) => field(one, 'in') === 'path' && field(one, 'x-lumi-any-text') === true)
    .map((one) => field(one, 'name'));
  return new Set(names.filter((name) => typeof name === 'string'));
}

function mediaTypes(body: unknown, otherwise: readonly string[]): readonly string[] {
  const content = field(body, 'content');
  return isRecord(content) && Object.keys(content).length > 0
    ? Object.keys(content).map((type) => type.toLowerCase())
    : otherwise;
}

function goodResponseTypes(responses: unknown): ReadonlySet<string> {
  const good = isRecord(responses) ? Object.entries(responses).filter(([status]) => status < '400') : [];
  return new Set(
    good.flatMap(([, response]) => mediaTypes(response, [])).map((type) => (type.split(';')[0] ?? '').trim()),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function field(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

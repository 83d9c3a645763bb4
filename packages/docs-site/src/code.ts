// A request of an operation as code: curl, Python with its standard library, TypeScript with `@lumi/client`. All three
// send the same request.
import type { Product } from '@lumi/shared/contract';
import type { Api, Operation, Parameter, Schema } from './document';
import type { Choice } from './markdown';

const CLIENTS: Readonly<Record<Product, string>> = { domains: 'LumiDomains', vps: 'LumiHosting', proxy: 'LumiProxy' };
const KEY_OF_EXAMPLES = 'order-2026-0001';

export interface Example {
  readonly method: string;
  /** With its parameters filled in. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly needsKey: boolean;
  readonly idempotencyKey: string | null;
}

export function exampleOf(operation: Operation): Example {
  const inPlace = (place: string): Parameter[] => operation.parameters.filter((one) => one.in === place);
  const params = Object.fromEntries(inPlace('path').map((one) => [one.name, sampleOf(one, operation)]));
  const query = Object.fromEntries(
    inPlace('query')
      .filter(({ required }) => required === true)
      .map((one) => [one.name, sampleOf(one, operation)]),
  );
  return {
    params,
    query,
    method: operation.method,
    path: operation.path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(params[name] ?? name)),
    body: operation.requestBody?.content['application/json']?.example,
    needsKey: ![operation['x-lumi-scope']].flat().includes('public'),
    idempotencyKey: operation['x-lumi-class'] === 'money' ? KEY_OF_EXAMPLES : null,
  };
}

export function codeOf(language: Choice, operation: Operation, api: Api): string {
  const example = exampleOf(operation);
  switch (language) {
    case 'sh':
      return curl(example, api);
    case 'python':
      return python(example, api);
    case 'ts':
      return typescript(example, operation, api);
  }
}

function curl({ method, path, query, body, needsKey, idempotencyKey }: Example, api: Api): string {
  const lines = [
    `curl ${method === 'GET' ? '' : `-X ${method} `}${shellWord(`${api.url}${path}${queryText(query)}`)}`,
    ...(needsKey ? ['-H "Authorization: Bearer $LUMI_API_KEY"'] : []),
    ...(idempotencyKey === null ? [] : [`-H "Idempotency-Key: ${idempotencyKey}"`]),
    ...(body === undefined
      ? []
      : [
          '-H "Content-Type: application/json"',
          `-d '${JSON.stringify(body, null, 2).replaceAll("'", String.raw`'\''`)}'`,
        ]),
  ];
  return lines.join(' \\\n  ');
}

function python({ method, path, query, body, needsKey, idempotencyKey }: Example, api: Api): string {
  const headers = [
    ...(needsKey ? ['"Authorization": "Bearer " + os.environ["LUMI_API_KEY"]'] : []),
    ...(idempotencyKey === null ? [] : [`"Idempotency-Key": "${idempotencyKey}"`]),
    ...(body === undefined ? [] : ['"Content-Type": "application/json"']),
  ];
  const isJson = body !== undefined;
  return [
    `import ${[...(isJson ? ['json'] : []), ...(needsKey ? ['os'] : []), 'urllib.request'].join(', ')}`,
    '',
    ...(isJson ? [`body = ${pythonValue(body)}`] : []),
    'request = urllib.request.Request(',
    `    ${JSON.stringify(`${api.url}${path}${queryText(query)}`)},`,
    ...(method === 'GET' ? [] : [`    method="${method}",`]),
    ...(headers.length === 0 ? [] : ['    headers={', ...headers.map((one) => `        ${one},`), '    },']),
    ...(isJson ? ['    data=json.dumps(body).encode(),'] : []),
    ')',
    'with urllib.request.urlopen(request) as answer:',
    '    print(answer.status, answer.read().decode())',
  ].join('\n');
}

function typescript(example: Example, operation: Operation, api: Api): string {
  const { params, query, body, idempotencyKey } = example;
  const client = CLIENTS[api.product];
  const origin = new URL(api.url).origin;
  const parts = [
    ...(Object.keys(params).length > 0 ? [`path: ${scriptValue(params)}`] : []),
    ...(Object.keys(query).length > 0 ? [`query: ${scriptValue(query)}`] : []),
    ...(body === undefined ? [] : [`body: ${scriptValue(body)}`]),
  ];
  const options = idempotencyKey === null ? [] : [`{ idempotencyKey: '${idempotencyKey}' }`];
  const input = parts.length > 0 ? [`{ ${parts.join(', ')} }`] : options.map(() => '{}');
  return [
    `import { ${client} } from '@lumi/client';`,
    '',
    `const lumi = new ${client}({ apiKey: process.env.LUMI_API_KEY ?? '', baseUrl: '${origin}' });`,
    `const answer = await lumi.call(${[`'${operation.operationId}'`, ...input, ...options].join(', ')});`,
    'console.log(answer);',
  ].join('\n');
}

function queryText(query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString();
  return text === '' ? '' : `?${text}`;
}

/** A value of the parameter: its example, one of its values, or that of the answer's field of the same name. */
function sampleOf(parameter: Parameter, operation: Operation): string {
  const { name, example, schema } = parameter;
  const known = example ?? schema.example ?? schema.enum?.[0] ?? fieldOf(operation, name);
  return typeof known === 'string' || typeof known === 'number' ? String(known) : sampleName(name, schema);
}

function fieldOf(operation: Operation, name: string): unknown {
  for (const answer of Object.values(operation.responses)) {
    const body = answer.content?.['application/json']?.example;
    if (typeof body !== 'object' || body === null) continue;
    const value = (body as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

function sampleName(name: string, schema: Schema): string {
  if (name === 'domain') return 'example.com';
  return schema.type === 'integer' ? '1' : `${name.replace(/_id$/, '')}-id`;
}

function shellWord(text: string): string {
  return /^[A-Za-z0-9:/._~-]+$/.test(text) ? text : `'${text}'`;
}

function pythonValue(value: unknown, indent = ''): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value))
    return listed(
      '[',
      ']',
      value.map((one) => pythonValue(one, `${indent}    `)),
      indent,
    );
  if (typeof value === 'object')
    return listed(
      '{',
      '}',
      Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${pythonValue(one, `${indent}    `)}`),
      indent,
    );
  return JSON.stringify(value);
}

function listed(open: string, close: string, items: readonly string[], indent: string): string {
  if (items.length === 0) return `${open}${close}`;
  const short = `${open}${items.join(', ')}${close}`;
  if (short.length + indent.length <= 60 && !short.includes('\n')) return short;
  return `${open}\n${items.map((item) => `${indent}    ${item},`).join('\n')}\n${indent}${close}`;
}

function scriptValue(value: unknown, indent = ''): string {
  if (Array.isArray(value))
    return spaced(
      '[',
      ']',
      value.map((one) => scriptValue(one, `${indent}  `)),
      indent,
    );
  if (typeof value === 'object' && value !== null)
    return spaced(
      '{ ',
      ' }',
      Object.entries(value).map(
        ([name, one]) => `${/^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`}: ${scriptValue(one, `${indent}  `)}`,
      ),
      indent,
    );
  return typeof value === 'string'
    ? `'${JSON.stringify(value)
        .slice(1, -1)
        .replaceAll("'", String.raw`\'`)
        .replaceAll(String.raw`\"`, '"')}'`
    : JSON.stringify(value);
}

function spaced(open: string, close: string, items: readonly string[], indent: string): string {
  if (items.length === 0) return `${open.trim()}${close.trim()}`;
  const short = `${open}${items.join(', ')}${close}`;
  if (short.length + indent.length <= 64 && !short.includes('\n')) return short;
  return `${open.trim()}\n${items.map((item) => `${indent}  ${item},`).join('\n')}\n${indent}${close.trim()}`;
}

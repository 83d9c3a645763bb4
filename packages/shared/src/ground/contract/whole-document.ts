// An OpenAPI document as it was before parts of it were shared (`shareParts`, room `endpoint`): each operation holds
// its parameters, its body and its answers itself. References to schemas stay in answers; requests have none.

type Json = Readonly<Record<string, unknown>>;

const METHODS = new Set(['get', 'post', 'put', 'patch', 'delete']);
/** Deeper than any schema of ours: a schema that contains itself ends here. */
const DEPTH_MAX = 40;

/** Leaves whatever it does not understand as it is: the reader refuses it. */
export function withoutSharing<D>(document: D): D {
  if (!isRecord(document) || !isRecord(document['paths'])) return document;
  const paths = Object.fromEntries(
    Object.entries(document['paths']).map(([path, methods]) => [
      path,
      isRecord(methods)
        ? Object.fromEntries(
            Object.entries(methods).map(([method, one]) => [method, METHODS.has(method) ? whole(one, document) : one]),
          )
        : methods,
    ]),
  );
  return { ...(document as object), paths } as D; // of the same form
}

function whole(operation: unknown, document: Json): unknown {
  if (!isRecord(operation)) return operation;
  const { parameters, requestBody, responses } = operation;
  return {
    ...operation,
    ...(Array.isArray(parameters) ? { parameters: parameters.map((one) => inlined(one, document)) } : {}),
    ...(requestBody === undefined ? {} : { requestBody: inlined(requestBody, document) }),
    ...(isRecord(responses)
      ? {
          responses: Object.fromEntries(
            Object.entries(responses).map(([status, one]) => [status, withExample(found(one, document), document)]),
          ),
        }
      : {}),
  };
}

/** With every reference in it replaced. */
function inlined(value: unknown, document: Json, depth = 0): unknown {
  if (depth > DEPTH_MAX || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one) => inlined(one, document, depth + 1));
  const there = found(value, document);
  if (there !== value) return inlined(there, document, depth + 1);
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, key === 'example' ? one : inlined(one, document, depth + 1)]),
  );
}

/** The example of an answer, if it is shared with other answers. */
function withExample(answer: unknown, document: Json): unknown {
  if (!isRecord(answer) || !isRecord(answer['content'])) return answer;
  const content = Object.entries(answer['content']).map(([type, media]) => {
    if (!isRecord(media) || !isRecord(media['examples']) || 'x-lumi-codes' in answer) return [type, media] as const;
    const { examples, ...rest } = media;
    const [first] = Object.values(examples);
    const example = found(first, document);
    return [type, isRecord(example) ? { ...rest, example: example['value'] } : media] as const;
  });
  return { ...answer, content: Object.fromEntries(content) };
}

function found(value: unknown, document: Json): unknown {
  if (!isRecord(value) || typeof value['$ref'] !== 'string' || !value['$ref'].startsWith('#/')) return value;
  let at: unknown = document;
  for (const name of value['$ref'].slice(2).split('/')) {
    if (!isRecord(at) || !Object.hasOwn(at, name)) return value;
    at = at[name];
  }
  return at;
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

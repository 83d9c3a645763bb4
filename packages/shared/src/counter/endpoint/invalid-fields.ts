// Translates the issues of the schema library into the details of a 422. The library's own sentences never reach a
// caller. Those of our schemas do, so they are written for callers.
import { z } from 'zod';
import { AppError, assertNever, type ErrorDetail } from '../../ground/contract';

const DETAILS_MAX = 50;
/** Names and paths come from the caller and may have any length. */
const PATH_MAX = 200;
const VALUES_MAX = 20;

type Issue = z.core.$ZodIssue;

/** Options for every parse of input. `reportInput` distinguishes a value of the wrong type from a missing one. */
export const IN_OUR_WORDS: z.core.ParseContext<Issue> = {
  reportInput: true,
  error: (issue) => sentenceOf(issue as Issue),
};

export function invalidFields(issues: readonly Issue[]): AppError {
  const details: ErrorDetail[] = [];
  for (const detail of detailsOf(issues, [])) {
    if (details.push(detail) === DETAILS_MAX) break;
  }
  return new AppError('validation_error', undefined, { details });
}

function* detailsOf(issues: readonly Issue[], prefix: readonly PropertyKey[]): Generator<ErrorDetail> {
  for (const issue of issues) {
    const path = [...prefix, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) yield { path: pathOf([...path, key]), message: issue.message };
    } else if (issue.code === 'invalid_union') {
      const only = likelyBranch(issue.errors);
      if (only === null) yield { path: pathOf(path), message: issue.message };
      else yield* detailsOf(only, path);
    } else {
      yield { path: pathOf(path), message: issue.message };
    }
  }
}

function pathOf(path: readonly PropertyKey[]): string {
  const text = path.map(String).join('.');
  return text.length <= PATH_MAX ? text : `${text.slice(0, PATH_MAX)}…`;
}

/** For a value with several allowed forms: the form that it has and is wrong in, if it has one of them. */
function likelyBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const within = branches.filter((issues) => !issues.some(({ path }) => path.length === 0));
  const [only] = within;
  return within.length === 1 && only !== undefined ? only : null;
}

/** The expected value, in a caller's words. It never repeats the value, because that may be a secret. */
function sentenceOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is required'
        : (TYPES[issue.expected] ?? 'has another type than it must have');
    case 'too_big':
      return sized(
        issue.origin,
        issue.maximum,
        issue.exact === true ? 'exactly' : issue.inclusive === false ? 'less than' : 'at most',
      );
    case 'too_small':
      if (Number(issue.minimum) === 1 && issue.inclusive !== false && issue.exact !== true && HOLDERS.has(issue.origin))
        return 'must not be empty';
      return sized(
        issue.origin,
        issue.minimum,
        issue.exact === true ? 'exactly' : issue.inclusive === false ? 'more than' : 'at least',
      );
    case 'invalid_format':
      return formatted(issue);
    case 'not_multiple_of':
      return `must be a multiple of ${String(issue.divisor)}`;
    case 'unrecognized_keys':
      return 'is not a field of this request';
    case 'invalid_union':
      return oneOfForms(issue);
    case 'invalid_key':
      return `has a name that ${issue.issues[0]?.message ?? 'it cannot have'}`;
    case 'invalid_element':
      return issue.issues[0]?.message ?? 'holds something that it cannot hold';
    case 'invalid_value':
      return `must be ${choice(issue.values)}`;
    case 'custom':
      return 'is not a value that this field can have';
    default:
      return assertNever(issue);
  }
}

/** The usual case: an amount sent as a number. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'must be a string, in quotes',
  number: 'must be a number',
  int: 'must be a whole number',
  boolean: 'must be true or false',
  null: 'must be null',
  array: 'must be a list',
  tuple: 'must be a list',
  object: 'must be an object',
  record: 'must be an object',
  date: 'must be a time',
};

const HOLDERS: ReadonlySet<string> = new Set(['string', 'array']);

function sized(origin: string, bound: number | bigint, how: string): string {
  switch (origin) {
    case 'string':
      return `must be ${how} ${String(bound)} ${Number(bound) === 1 ? 'character' : 'characters'} long`;
    case 'array':
    case 'set':
    case 'map':
    case 'object':
    case 'record':
      return `must hold ${how} ${String(bound)} ${Number(bound) === 1 ? 'item' : 'items'}`;
    case 'file':
      return `must be ${how} ${String(bound)} bytes long`;
    case 'date':
      return `must be a time, ${how} ${new Date(Number(bound)).toISOString()}`;
    default:
      return `must be ${how} ${String(bound)}`;
  }
}

function formatted(issue: z.core.$ZodIssueInvalidStringFormat): string {
  const { prefix, suffix, includes } = issue as {
    readonly prefix?: unknown;
    readonly suffix?: unknown;
    readonly includes?: unknown;
  };
  if (typeof prefix === 'string') return `must begin with "${prefix}"`;
  if (typeof suffix === 'string') return `must end with "${suffix}"`;
  if (typeof includes === 'string') return `must contain "${includes}"`;
  return (
    FORMATS[issue.format as z.core.$ZodStringFormats] ??
    'does not have the form that the documentation of this field describes'
  );
}

const FORMATS: Readonly<Partial<Record<z.core.$ZodStringFormats, string>>> = {
  email: 'must be an e-mail address',
  url: 'must be a URL',
  datetime: 'must be a time such as 2026-06-09T12:00:00Z',
  date: 'must be a date such as 2026-06-09',
  time: 'must be a time of day such as 12:00:00',
  duration: 'must be a duration such as P1D',
  ipv4: 'must be an IPv4 address',
  ipv6: 'must be an IPv6 address',
  cidrv4: 'must be an IPv4 block such as 192.0.2.0/24',
  cidrv6: 'must be an IPv6 block such as 2001:db8::/32',
  base64: 'must be in base64',
  base64url: 'must be in base64url',
  json_string: 'must be JSON',
  e164: 'must be a telephone number such as +4930123456',
  uuid: 'must be a UUID',
  guid: 'must be a UUID',
  lowercase: 'must be in small letters',
  uppercase: 'must be in capitals',
};

function oneOfForms(issue: z.core.$ZodIssueInvalidUnion): string {
  const { discriminator, options, errors } = issue as {
    readonly discriminator?: string;
    readonly options?: readonly unknown[];
    readonly errors: readonly (readonly Issue[])[];
  };
  if (discriminator !== undefined && options !== undefined) return `must be ${choice(options)}`;
  const atTop = errors.flatMap((branch) => branch.filter(({ path }) => path.length === 0));
  const values = atTop.flatMap((one) => (one.code === 'invalid_value' ? one.values : []));
  const sentences = [
    ...(values.length === 0 ? [] : [`must be ${choice(values)}`]),
    ...atTop.filter(({ code }) => code !== 'invalid_value').map(({ message }) => message),
  ];
  return sentences.length === 0
    ? 'has none of the forms it can have'
    : [...new Set(sentences)].slice(0, VALUES_MAX).join(', or ');
}

function choice(values: readonly unknown[]): string {
  const shown = values
    .slice(0, VALUES_MAX)
    .map((value) =>
      typeof value === 'string' && /^[\w.:/-]+$/.test(value) ? value : (JSON.stringify(value) ?? String(value)),
    );
  if (shown.length === 1) return shown[0] ?? '';
  return values.length > VALUES_MAX
    ? `one of ${shown.join(', ')}, …`
    : `one of ${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`;
}

// Finds the operation for a path, on the bytes as sent: case-sensitive, no trailing slash, no `//`, no dot segments, no
// encoded separators (except in a parameter that takes any text). The service sees the same bytes, so gateway and
// service always choose the same route.
import { INSIDE, type Match, type Operation } from './operation';

interface Pattern {
  readonly segments: readonly (string | null)[]; // null = a parameter
  /** The parameters that take any text. */
  readonly anyText: readonly boolean[];
  readonly byMethod: ReadonlyMap<string, Operation>;
  /** Smaller for patterns that are more literal from the left. */
  readonly rank: string;
}

const SEGMENTS_MAX = 16;

export class Matcher {
  private readonly byLength = new Map<number, Pattern[]>();
  private readonly literal = new Map<string, Pattern>();

  constructor(operations: readonly Operation[]) {
    const byPath = new Map<string, Map<string, Operation>>();
    for (const operation of operations) {
      const methods = byPath.get(operation.path) ?? new Map<string, Operation>();
      byPath.set(operation.path, methods.set(operation.method, operation));
    }
    for (const [path, byMethod] of byPath) {
      const names = path.slice(1).split('/');
      const segments = names.map((segment) => (segment.startsWith('{') ? null : segment));
      const anyText = names.map((segment) =>
        [...byMethod.values()].every((one) => one.anyText.has(segment.slice(1, -1))),
      );
      const pattern = {
        segments,
        anyText,
        byMethod,
        rank: segments.map((segment) => (segment === null ? '1' : '0')).join(''),
      };
      if (!segments.includes(null)) this.literal.set(path, pattern);
      this.byLength.set(segments.length, [...(this.byLength.get(segments.length) ?? []), pattern]);
    }
    // Patterns that are more literal from the left come first: `/domains/check` before `/domains/{domain}`.
    for (const patterns of this.byLength.values()) patterns.sort((a, b) => a.rank.localeCompare(b.rank));
  }

  match(sentMethod: string, path: string): Match {
    // HEAD is GET without the body of its answer (RFC 9110 §9.3.2); the server leaves the body out.
    const method = sentMethod === 'HEAD' ? 'GET' : sentMethod;
    const operation = this.literal.get(path)?.byMethod.get(method);
    if (operation !== undefined) return { kind: 'operation', operation };
    if (!path.startsWith('/') || path.length > 4096) return UNKNOWN;
    const segments = path.slice(1).split('/');
    // A pattern that begins with a parameter would match, and the service would treat the path as its internal one.
    if (segments[0] === INSIDE || segments.length > SEGMENTS_MAX || !segments.every(isText)) return UNKNOWN;
    const candidates = (this.byLength.get(segments.length) ?? []).filter((pattern) => fits(pattern, segments));
    // Only the most literal ones: with another method, `/domains/check` does not become a domain called `check`.
    const meant = candidates.filter(({ rank }) => rank === candidates[0]?.rank);
    for (const { byMethod } of meant) {
      const found = byMethod.get(method);
      if (found !== undefined) return { kind: 'operation', operation: found };
    }
    if (meant.length === 0) return UNKNOWN;
    const allow = new Set(meant.flatMap(({ byMethod }) => [...byMethod.keys()]));
    return { kind: 'other-method', allow: [...(allow.has('GET') ? allow.add('HEAD') : allow)].sort() };
  }
}

const UNKNOWN: Match = { kind: 'unknown' };

function fits(pattern: Pattern, segments: readonly string[]): boolean {
  return segments.every((segment, i) =>
    pattern.segments[i] === null
      ? pattern.anyText[i] === true || hidesNothing(segment)
      : pattern.segments[i] === segment,
  );
}

/** Not empty, not a dot segment, and without an encoded NUL, control character or broken character. */
function isText(segment: string): boolean {
  if (segment === '' || segment.includes('\\')) return false;
  if (!segment.includes('%')) return segment !== '.' && segment !== '..';
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    // Not percent-encoded UTF-8: the path matches nothing.
    return false;
  }
  return decoded !== '.' && decoded !== '..' && !/\p{Cc}/u.test(decoded);
}

/** Contains no encoded separator. */
function hidesNothing(segment: string): boolean {
  return !segment.includes('%') || !/[/\\]/.test(decodeURIComponent(segment));
}

// Heads of HTTP/1.1 messages (RFC 9112), read strictly: what two programs could read in two ways is refused.

export type Field = readonly [name: string, value: string];
export type Framing =
  { readonly kind: 'none' | 'chunked' | 'close' } | { readonly kind: 'length'; readonly length: number };

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly minor: 0 | 1;
  readonly fields: readonly Field[];
}

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly Field[];
}

export const HEAD_MAX = 16_384;
export const HEAD_END = Buffer.from('\r\n\r\n');
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([!-~\x80-\xff]+) HTTP\/1\.([01])$/;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9]\d\d)(?: ([\t -~\x80-\xff]*))?$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t -~\x80-\xff]*?)[\t ]*$/;
/** Some programs read an underscore as a hyphen. */
const LOOKALIKE = /^(content_length|transfer_encoding|content_encoding_length)$/i;
/** A name of a host in other bytes than ASCII: programs differ in what characters these are. */
const FOREIGN = /[\x80-\xff]/;
const FOREIGN_PLACE = /^(?:[a-z][a-z0-9+.-]*:\/\/)?[^/?#]*[\x80-\xff]/i;
const LENGTH = /^\d{1,15}$/;

/** `head` ends before the empty line. Null: it cannot be read in one way only. */
export function readRequestHead(head: string): RequestHead | null {
  const [line = '', ...rest] = head.split('\r\n');
  const [, method, target, minor] = REQUEST_LINE.exec(line) ?? [];
  const fields = readFields(rest);
  if (method === undefined || target === undefined || fields === null) return null;
  if (countOf(fields, 'host') > 1 || FOREIGN.test(valueOf(fields, 'host') ?? '')) return null;
  if (FOREIGN_PLACE.test(target)) return null;
  return { method, target, minor: minor === '1' ? 1 : 0, fields };
}

export function readResponseHead(head: string): ResponseHead | null {
  const [line = '', ...rest] = head.split('\r\n');
  const [, status, reason = ''] = STATUS_LINE.exec(line) ?? [];
  const fields = readFields(rest);
  return status === undefined || fields === null ? null : { status: Number(status), reason, fields };
}

/** Null: two lengths, a length and chunks, or an encoding that is not `chunked` alone. */
export function requestFraming({ minor, fields }: RequestHead): Framing | null {
  const framing = declaredFraming(fields);
  if (framing?.kind === 'chunked' && minor === 0) return null;
  return framing?.kind === 'close' ? { kind: 'none' } : framing;
}

export function responseFraming(method: string, { status, fields }: ResponseHead): Framing | null {
  const framing = declaredFraming(fields);
  if (framing === null) return null;
  const isEmpty = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  return isEmpty ? { kind: 'none' } : framing;
}

export function valueOf(fields: readonly Field[], name: string): string | null {
  return fields.find(([one]) => one.toLowerCase() === name)?.[1] ?? null;
}

export function countOf(fields: readonly Field[], name: string): number {
  return fields.filter(([one]) => one.toLowerCase() === name).length;
}

/** The words of all fields of this name: `close`, `keep-alive`, names of fields. */
export function wordsOf(fields: readonly Field[], name: string): string[] {
  return fields
    .filter(([one]) => one.toLowerCase() === name)
    .flatMap(([, value]) => value.toLowerCase().split(','))
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function declaredFraming(fields: readonly Field[]): Framing | null {
  const lengths = countOf(fields, 'content-length');
  const encodings = countOf(fields, 'transfer-encoding');
  if (lengths + encodings > 1) return null;
  if (encodings === 1)
    return valueOf(fields, 'transfer-encoding')?.toLowerCase() === 'chunked' ? { kind: 'chunked' } : null;
  if (lengths === 0) return { kind: 'close' };
  const text = valueOf(fields, 'content-length') ?? '';
  if (!LENGTH.test(text)) return null;
  const length = Number(text);
  return length === 0 ? { kind: 'none' } : { kind: 'length', length };
}

function readFields(lines: readonly string[]): readonly Field[] | null {
  const fields: Field[] = [];
  for (const line of lines) {
    // A line that begins with a space (obs-fold) has no name, and a bare CR or LF is in no value.
    const [, name, value] = FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined || LOOKALIKE.test(name)) return null;
    fields.push([name, value]);
  }
  return fields;
}

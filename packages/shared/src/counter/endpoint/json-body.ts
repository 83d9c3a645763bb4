// Strict JSON (RFC 8259) for request bodies. `JSON.parse` alone accepts texts that two readers could read differently
// or that fail later: duplicate names, bad UTF-8, a BOM, NUL, lone surrogates, nesting that `JSON.stringify` cannot
// write back, numbers that would be rounded.
import { invalid } from '../../ground/contract';
import { isExactNumber } from './exact-number';
import { checkSize } from './json-size';

const NUMBER = /-?\d[\d.eE+-]*/y;

/** Throws 422 with a sentence about the fault. */
export function parseJsonBody(bytes: Uint8Array): unknown {
  checkSize(bytes);
  const text = decodeUtf8(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('', 'is not valid JSON');
  }
  scan(text);
  return value;
}

function decodeUtf8(bytes: Uint8Array): string {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    throw invalid('', 'must not start with a byte order mark');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('', 'is not valid UTF-8');
  }
}

/** `text` is valid JSON; this checks only the names of each object, the contents of strings, and numbers. */
function scan(text: string): void {
  const open: (Set<string> | null)[] = []; // null for an array
  let expectName = false;
  let name = '';
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : null);
      expectName = char === '{';
    } else if (char === '}' || char === ']') {
      open.pop();
      expectName = false;
    } else if (char === ',') {
      expectName = open.at(-1) instanceof Set;
    } else if (char === '"') {
      const end = endOfString(text, i);
      const content = stringContent(text, i, end);
      if (expectName) {
        addName(open.at(-1), content);
        name = content;
      }
      expectName = false;
      i = end;
    } else if (char === '-' || (char >= '0' && char <= '9')) {
      const number = numberAt(text, i);
      if (!isExactNumber(number)) throw invalid(name, 'is a number that cannot be kept exactly; send it as a string');
      i += number.length - 1;
    }
  }
}

function numberAt(text: string, start: number): string {
  NUMBER.lastIndex = start;
  return NUMBER.exec(text)?.[0] ?? '';
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, start, end)) end = text.indexOf('"', end + 1);
  return end;
}

/** Behind an odd number of backslashes. */
function isEscaped(text: string, start: number, at: number): boolean {
  let before = at - 1;
  while (before > start && text.charAt(before) === '\\') before -= 1;
  return (at - 1 - before) % 2 === 1;
}

function stringContent(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end);
  if (!raw.includes('\\')) return raw;
  const content = JSON.parse(text.slice(start, end + 1)) as string; // a valid JSON string
  if (content.includes('\0')) throw invalid('', 'must not contain the character NUL');
  if (!content.isWellFormed()) throw invalid('', 'must not contain lone surrogates');
  return content;
}

function addName(names: Set<string> | null | undefined, name: string): void {
  if (!(names instanceof Set)) return;
  if (names.has(name)) throw invalid(name, 'is given twice in one object');
  if (name === '__proto__') throw invalid(name, 'is not a name this API takes');
  names.add(name);
}

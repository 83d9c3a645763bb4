// The query of a request, read as strictly as its body: two values, half a character or a byte that is no text are
// refused, not guessed at.
import { AppError, invalid } from '../../ground/contract';

export interface QueryRead {
  readonly values: Readonly<Record<string, string>>;
  /**
   * Why the request must be refused. Refusals that come earlier in the order are answered first, so this is returned,
   * not thrown.
   */
  readonly fault: AppError | null;
}

const NOTHING: QueryRead = { values: {}, fault: null };

/** `text`: the part after the `?`, as it was sent. */
export function readQuery(text: string): QueryRead {
  if (text === '') return NOTHING;
  const values = new Map<string, string>();
  let fault: AppError | null = null;
  for (const piece of text.split('&')) {
    if (piece === '') continue;
    const cut = piece.indexOf('=');
    const name = decoded(cut === -1 ? piece : piece.slice(0, cut));
    const value = cut === -1 ? '' : decoded(piece.slice(cut + 1));
    if (name === null || value === null) fault ??= invalid(name ?? '', 'must be UTF-8 text, percent-encoded');
    else if (name === '__proto__') fault ??= invalid(name, 'is not a name this API takes');
    else if (values.has(name)) fault ??= invalid(name, 'must be given once');
    else if (name.includes('\0') || value.includes('\0')) fault ??= invalid(name, 'must not contain the character NUL');
    else values.set(name, value);
  }
  return { values: Object.fromEntries(values), fault };
}

/** Null: neither a form nor a browser would send it. */
function decoded(text: string): string | null {
  if (!/[%+]/.test(text)) return isAscii(text) ? text : null;
  try {
    return isAscii(text) ? decodeURIComponent(text.replaceAll('+', ' ')) : null;
  } catch {
    // Half an escape, or bytes that are not UTF-8.
    return null;
  }
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

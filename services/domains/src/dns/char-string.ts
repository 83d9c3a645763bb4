// Character strings (RFC 1035 §3.3): bytes that are written with or without quotes, 255 at most in one string.
import { RecordFault } from './fault';
import type { Word } from './word';

export const STRING_MAX = 255;

/** The bytes that a word stands for. Characters beyond ASCII are their UTF-8. */
export function bytesOfWord(word: Word): Buffer {
  const { raw } = word;
  const isQuoted = raw.startsWith('"');
  return bytesOfText(isQuoted ? raw.slice(1, -1) : raw, word);
}

/** As `bytesOfWord`, for text without its quotes. */
export function bytesOfText(text: string, word?: Word): Buffer {
  if (!/[\\"]/.test(text)) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  let plain = 0;
  const takePlain = (end: number): void => {
    if (end > plain) parts.push(Buffer.from(text.slice(plain, end), 'utf8'));
  };
  for (let at = 0; at < text.length;) {
    const char = text.charAt(at);
    if (char === '"') throw new RecordFault('has a quote in the middle of a word; write \\" for it', word);
    if (char !== '\\') {
      at += 1;
      continue;
    }
    takePlain(at);
    const digits = /^\d{1,3}/.exec(text.slice(at + 1, at + 4))?.[0];
    if (digits === undefined) {
      // The character after it is taken as it is, with whatever follows.
      plain = at + 1;
      at += 2;
      continue;
    }
    if (digits.length !== 3 || Number(digits) > 255)
      throw new RecordFault('has a backslash that is not followed by three digits up to 255', word);
    parts.push(Buffer.from([Number(digits)]));
    at += 4;
    plain = at;
  }
  takePlain(text.length);
  return Buffer.concat(parts);
}

/** With its length before it. */
export function wireOfString(bytes: Buffer, word?: Word): Buffer {
  if (bytes.length > STRING_MAX) throw new RecordFault('is a string of more than 255 bytes', word);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** In quotes; what is not printable as `\DDD`. */
export function writeString(bytes: Buffer): string {
  const text = bytes.toString('latin1').replace(/[^\x20-\x7e]|["\\]/g, (char) => {
    const code = char.charCodeAt(0);
    return code > 0x1f && code < 0x7f ? `\\${char}` : `\\${String(code).padStart(3, '0')}`;
  });
  return `"${text}"`;
}

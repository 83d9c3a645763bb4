// The words of presentation format: what is between blanks, with quotes and backslashes as they were written
// (RFC 1035 §5.1).
import { RecordFault } from './fault';
import type { Word } from './word';

/** The words of one record's content. Semicolons and parentheses are ordinary characters here. */
export function wordsOf(text: string): readonly Word[] {
  const words: Word[] = [];
  for (let at = 0; at < text.length;) {
    if (isBlank(text.charAt(at))) {
      at += 1;
      continue;
    }
    const end = endOfWord(text, at, isBlank);
    words.push({ raw: text.slice(at, end), line: 1, column: at + 1 });
    at = end;
  }
  const broken = /[\r\n]/.exec(text);
  if (broken !== null) throw new RecordFault('must be one line');
  return words;
}

function isBlank(char: string): boolean {
  return char === ' ' || char === '\t';
}

/** Where the word that begins at `start` ends. Blanks in quotes and after backslashes belong to the word. */
export function endOfWord(text: string, start: number, isEnd: (char: string) => boolean): number {
  let isQuoted = false;
  for (let at = start; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '\n' || char === '\r') {
      if (!isQuoted) return at;
      throw new RecordFault('has a quote that does not end on its line');
    }
    if (char === '\\') {
      if (at + 1 >= text.length || text.charAt(at + 1) === '\n') throw new RecordFault('ends in a backslash');
      at += 1;
    } else if (char === '"') {
      // A quoted string is a word of its own, unless text comes directly before it (`alpn="h2"`).
      if (isQuoted && text.charAt(start) === '"') return at + 1;
      isQuoted = !isQuoted;
    } else if (!isQuoted && isEnd(char)) return at;
  }
  if (isQuoted) throw new RecordFault('has a quote that does not end on its line');
  return text.length;
}

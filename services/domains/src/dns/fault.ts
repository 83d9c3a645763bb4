// Why a record, a name or a zone file is refused. Its sentence is shown to callers.
import type { Word } from './word';

const SHOWN_MAX = 255;

export class RecordFault extends Error {
  /** The word at fault, where one is known. */
  readonly word: Word | undefined;

  constructor(message: string, word?: Word) {
    super(message);
    this.name = 'RecordFault';
    this.word = word;
  }
}

/** Text from outside, for a message: control characters and characters beyond ASCII escaped, and cut. */
export function shown(text: string): string {
  const cut = text.slice(0, SHOWN_MAX);
  const escaped = cut.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return escaped.length > SHOWN_MAX || text.length > SHOWN_MAX ? `${escaped.slice(0, SHOWN_MAX - 1)}…` : escaped;
}

// Splits a master file into its entries: one line, or several lines in parentheses (RFC 1035 §5.1).
import { RecordFault } from './fault';
import type { Word } from './word';
import { endOfWord } from './words';

const DEPTH_MAX = 64;
const WORDS_MAX = 1_000;

export interface Entry {
  readonly words: readonly [Word, ...Word[]];
  /** It begins with a blank: the owner is that of the entry before. */
  readonly isIndented: boolean;
}

/** What is wrong with the whole file from here on. */
export class FileFault extends Error {
  constructor(
    message: string,
    readonly line: number,
    readonly column: number,
  ) {
    super(message);
    this.name = 'FileFault';
  }
}

export class ZoneLines {
  private at = 0;
  private line = 1;
  private lineStart = 0;
  private opened: { readonly line: number; readonly column: number }[] = [];

  constructor(private readonly text: string) {}

  /**
   * Null at the end of the file.
   *
   * @throws FileFault
   */
  next(): Entry | null {
    const words: Word[] = [];
    let isIndented = false;
    while (this.at < this.text.length) {
      const char = this.text.charAt(this.at);
      if (char === '\n') {
        this.at += 1;
        this.line += 1;
        this.lineStart = this.at;
        if (this.opened.length > 0) continue;
        if (words.length > 0) break;
        isIndented = false;
      } else if (char === ' ' || char === '\t' || char === '\r') {
        if (this.at === this.lineStart && words.length === 0) isIndented = true;
        this.at += 1;
      } else if (char === ';') this.skipComment();
      else if (char === '(' || char === ')') this.parenthesis(char);
      else words.push(this.word(words.length));
    }
    const open = this.opened.at(-1);
    if (this.at >= this.text.length && open !== undefined)
      throw new FileFault('the parenthesis is never closed', open.line, open.column);
    const [first, ...rest] = words;
    return first === undefined ? null : { words: [first, ...rest], isIndented };
  }

  private skipComment(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end === -1 ? this.text.length : end;
  }

  private parenthesis(char: string): void {
    const here = { line: this.line, column: this.at - this.lineStart + 1 };
    if (char === ')' && this.opened.pop() === undefined)
      throw new FileFault('the parenthesis was never opened', here.line, here.column);
    if (char === '(') this.opened.push(here);
    if (this.opened.length > DEPTH_MAX)
      throw new FileFault(`more than ${String(DEPTH_MAX)} parentheses are open`, here.line, here.column);
    this.at += 1;
  }

  private word(before: number): Word {
    const column = this.at - this.lineStart + 1;
    if (before >= WORDS_MAX)
      throw new FileFault(`an entry has more than ${String(WORDS_MAX)} words`, this.line, column);
    try {
      const end = endOfWord(this.text, this.at, isEnd);
      const raw = this.text.slice(this.at, end);
      this.at = end;
      return { raw, line: this.line, column };
    } catch (err) {
      if (err instanceof RecordFault) throw new FileFault(err.message, this.line, column);
      throw err;
    }
  }
}

function isEnd(char: string): boolean {
  return (
    char === ' ' || char === '\t' || char === '\r' || char === '\n' || char === ';' || char === '(' || char === ')'
  );
}

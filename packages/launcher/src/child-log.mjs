// The log file of one process. The earlier file is kept as NAME.log.1, and a file never grows beyond its bound.
// Warnings and errors also go to the terminal, a few at a time.
import { appendFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { codeOf } from '../../../scripts/errors.mjs';

const BYTES_MAX = 10 * 1024 * 1024;
const LINE_MAX = 64 * 1024;
const SAID_MAX = 5;
const SAID_WINDOW_MS = 10_000;

/** @typedef {(text: string) => void} Say */
/** @typedef {(line: string) => string | null} IsLoud the text for the terminal, if the line is worth one */

export class ChildLog {
  /** @param {{ folder: string; name: string; say: Say; isLoud?: IsLoud }} told */
  constructor({ folder, name, say, isLoud = loudLine }) {
    this.file = join(folder, `${name}.log`);
    this.name = name;
    this.say = say;
    this.isLoud = isLoud;
    this.lastError = '';
    /** @type {number[]} */
    this.saidAt = [];
    this.unsaid = 0;
    this.isWritable = true;
    this.bytes = 0;
    this.rotate();
  }

  /**
   * Reads a stream of the child line by line.
   *
   * @param {import('node:stream').Readable | null} stream
   */
  follow(stream, { isError = false } = {}) {
    if (stream === null) return;
    const decoder = new StringDecoder('utf8');
    let rest = '';
    stream.on('data', (/** @type {Buffer} */ chunk) => {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = (lines.pop() ?? '').slice(0, LINE_MAX);
      if (lines.length > 0) this.take(lines, isError);
    });
    stream.on('end', () => {
      if (rest !== '') this.take([rest], isError);
    });
    stream.on('error', () => undefined); // The child is gone; its exit is reported elsewhere.
  }

  /**
   * @param {readonly string[]} lines
   * @param {boolean} isError
   */
  take(lines, isError) {
    this.write(`${lines.join('\n')}\n`);
    for (const line of lines) {
      const loud = this.isLoud(line);
      if (loud !== null) this.mention(loud);
      if (loud !== null || (isError && line.trim() !== '' && !line.startsWith('    at ')))
        this.lastError = loud ?? line.trim();
    }
  }

  /** @param {string} text */
  write(text) {
    try {
      if (this.bytes > BYTES_MAX) this.rotate();
      appendFileSync(this.file, text, { mode: 0o600 });
      this.bytes += Buffer.byteLength(text);
      this.isWritable = true;
    } catch (err) {
      // A log that cannot be written (disk full) must not stop the process. It is reported once until it works again.
      if (this.isWritable) this.say(`${this.name}: its log ${this.file} cannot be written (${codeOf(err)})`);
      this.isWritable = false;
    }
  }

  /** @param {string} text */
  mention(text) {
    const now = performance.now();
    this.saidAt = this.saidAt.filter((at) => now - at < SAID_WINDOW_MS);
    if (this.saidAt.length >= SAID_MAX) {
      this.unsaid += 1;
      return;
    }
    this.saidAt.push(now);
    const more = this.unsaid > 0 ? ` (and ${this.unsaid} more, see ${this.file})` : '';
    this.unsaid = 0;
    this.say(`${this.name}: ${text.slice(0, 300)}${more}`);
  }

  rotate() {
    this.bytes = 0;
    if (statSync(this.file, { throwIfNoEntry: false }) !== undefined) renameSync(this.file, `${this.file}.1`);
  }
}

/**
 * Our processes log one JSON object per line.
 *
 * @type {IsLoud}
 */
function loudLine(line) {
  if (!line.includes('"level":"error"') && !line.includes('"level":"warn"')) return null;
  try {
    const { level, message, err, code } = JSON.parse(line);
    const cause = err?.message ?? code;
    return `${level}: ${message}${cause === undefined ? '' : `: ${String(cause).split('\n')[0]}`}`;
  } catch {
    // Cut off in the middle; the file has it.
    return null;
  }
}

// What is inside a backup, before it is compressed and encrypted: frames of one letter, a length and a content. `J` is
// JSON: first the manifest, then the name of each table before its rows, at last the end with all counts. `D` is rows
// of the table named before, in PostgreSQL's COPY text form.
const HEAD_BYTES = 5;
const FRAME_MAX = 16 * 1024 * 1024;

/**
 * @typedef {object} Manifest
 * @property {string} installation
 * @property {string} made_at
 * @property {string} lumi the version of Lumi
 * @property {{ version: number; serves: number } | null} platform
 * @property {Record<string, Record<string, string>>} migrations of each schema: name and checksum
 */
/** @typedef {{ table: string; schema: string; columns: readonly string[] }} TableHead */
/**
 * @typedef {object} End
 * @property {Record<string, number>} rows of each table
 * @property {Record<string, string>} sequences the last value of each
 * @property {unknown} [secrets] the installation's, if they were asked for
 */
/** @typedef {{ manifest: Manifest } | { head: TableHead } | { end: End }} Told */
/** @typedef {{ told: Told } | { rows: Buffer }} Frame */

/** @param {Told} told */
export function toldFrame(told) {
  return frame('J', Buffer.from(JSON.stringify(told)));
}

/** @param {Buffer} rows */
export function rowsFrame(rows) {
  return frame('D', rows);
}

/**
 * @param {'J' | 'D'} letter
 * @param {Buffer} content
 */
function frame(letter, content) {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(letter, 0, 'latin1');
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

/**
 * The frames in these bytes. Throws when they are not frames from the manifest to the end, with nothing after it.
 *
 * @param {AsyncIterable<Buffer>} bytes
 * @returns {AsyncGenerator<Frame>}
 */
export async function* readFrames(bytes) {
  /** @type {Buffer} */
  let held = Buffer.alloc(0);
  let isEnded = false;
  for await (const piece of bytes) {
    held = held.length === 0 ? piece : Buffer.concat([held, piece]);
    for (;;) {
      if (held.length < HEAD_BYTES) break;
      const length = held.readUInt32BE(1);
      if (length > FRAME_MAX || isEnded) throw new Error('not a frame of a backup');
      if (held.length < HEAD_BYTES + length) break;
      const content = held.subarray(HEAD_BYTES, HEAD_BYTES + length);
      const letter = held.toString('latin1', 0, 1);
      held = held.subarray(HEAD_BYTES + length);
      if (letter === 'D') {
        yield { rows: content };
      } else {
        /** @type {Told} */
        const told = JSON.parse(content.toString('utf8'));
        isEnded = 'end' in told;
        yield { told };
      }
    }
  }
  if (!isEnded || held.length > 0) throw new Error('the backup has no end');
}

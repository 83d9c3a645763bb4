// How much there is in a JSON text, counted on its bytes before anything is built from them: building, checking and
// refusing cost far more than reading.
import { endOfString } from '../../base/http';
import { invalid } from '../../ground/contract';

const DEPTH_MAX = 32;
/** Names and values together: 500 items with 40 fields each. */
const PARTS_MAX = 40_000;
const NAMES_PER_OBJECT_MAX = 256;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Throws 422. For invalid JSON it may do nothing, because the parser refuses it. */
export function checkSize(bytes: Uint8Array): void {
  const names: number[] = [];
  let parts = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i];
    if (byte === QUOTE) {
      i = endOfString(bytes, i);
    } else if (byte === 0x7b || byte === 0x5b) {
      if (names.push(0) > DEPTH_MAX) throw invalid('', `is nested deeper than ${String(DEPTH_MAX)} levels`);
      parts += 1;
    } else if (byte === 0x7d || byte === 0x5d) {
      names.pop();
    } else if (byte === COMMA) {
      parts += 1;
    } else if (byte === COLON) {
      parts += 1;
      const many = (names.pop() ?? 0) + 1;
      if (many > NAMES_PER_OBJECT_MAX)
        throw invalid('', `has more than ${String(NAMES_PER_OBJECT_MAX)} fields in one object`);
      names.push(many);
    }
    if (parts > PARTS_MAX) throw invalid('', `has more than ${String(PARTS_MAX)} fields and values`);
  }
}

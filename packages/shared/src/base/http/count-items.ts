// Counts the items in a JSON body on its bytes, without building anything: the elements of all arrays inside the given
// number of objects and no array (one for `items`, two for `select.ids`). The name of an array does not matter, so no
// spelling of a name hides it. For invalid JSON any count is allowed, because the parser refuses it.
import { endOfString } from './json-string';

const QUOTE = 0x22;
const COMMA = 0x2c;

export function countItems(bytes: Uint8Array, objectsAround = 1): number {
  let depth = 0;
  /** The depth of the outermost array around the current position; 0: none. */
  let arrayAt = 0;
  let items = 0;
  let isEmpty = false;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte <= 0x20) continue;
    if (isEmpty && byte !== 0x5d) items += 1;
    isEmpty = false;
    if (byte === QUOTE) {
      i = endOfString(bytes, i);
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (byte === 0x7b || arrayAt > 0) continue;
      arrayAt = depth;
      isEmpty = depth === objectsAround + 1;
    } else if (byte === 0x7d || byte === 0x5d) {
      if (depth === arrayAt) arrayAt = 0;
      depth -= 1;
    } else if (byte === COMMA && depth === arrayAt && depth === objectsAround + 1) {
      items += 1;
    }
  }
  return items;
}

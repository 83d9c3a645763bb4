// How many items a JSON body holds, counted on its bytes without building anything: the elements of all arrays around
// which so many objects stand, and no array (one for `items`, two for `select.ids`). Which name an array has does not
// matter, so no spelling of a name hides it. Of a text that is no JSON it may say anything: its reader refuses it.
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

export function countItems(bytes: Uint8Array, objectsAround = 1): number {
  let depth = 0;
  /** How deep the array stands in which we are, the outermost one; 0: in none. */
  let arrayAt = 0;
  let items = 0;
  let isEmpty = false;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte <= 0x20) continue;
    if (isEmpty && byte !== 0x5d) items += 1;
    isEmpty = false;
    if (byte === QUOTE) {
      for (i += 1; i < bytes.length && bytes[i] !== QUOTE; i += 1) if (bytes[i] === BACKSLASH) i += 1;
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

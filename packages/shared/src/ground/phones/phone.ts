// Telephone numbers in international form, as in E.164: `+`, the country code, the number. They may be written with a
// dot as registries do (`+49.30123`), or with blanks, hyphens, slashes and parentheses as people do. A number with a
// possible length for its country is accepted: which numbers are in use changes too often to be checked here.
import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { readField, type Reading } from '../contract';

const TEXT_MAX = 40;
const DIGITS_MAX = 15;
/**
 * No letters, no digits but ASCII's, one plus in front. The library would accept more, and silently drop an extension.
 */
const SHAPE = /^\+[\d .()/\u00a0\u2010-\u2013-]+$/;
const WANTED = 'must be a telephone number with its country code, such as +4930123456 or +49.30123456';

export function readPhone(text: string): Reading<string> {
  const trimmed = text.trim();
  if (!SHAPE.test(trimmed))
    return {
      reason: /^\+[\d .()/-]+ *(?:x|ext)/i.test(trimmed) ? 'must be a telephone number without an extension' : WANTED,
    };
  const number = parsePhoneNumberFromString(trimmed, { extract: false });
  if (number?.isPossible() !== true || number.number.length > DIGITS_MAX + 1)
    return { reason: `${WANTED}; no number of its country is written so` };
  return { value: number.number };
}

export const phoneField = readField(readPhone, TEXT_MAX).meta({ example: '+4930123456' });

// Turns names of domains and hosts as people write them into A-labels of the DNS, by IDNA 2008. Only case and width are
// mapped (RFC 5891 §4; RFC 5895). A text that any other mapping would turn into another name is refused, so that no
// caller owns, pays for or mails to a name that it did not write.
import { toASCII, toUnicode } from 'tr46';
import type { Reading } from '../contract';
import { isValidLabel } from './code-points';

export interface DnsName {
  /** A-labels in lower case, without a final dot. */
  readonly name: string;
  /** The same name in Unicode. */
  readonly unicode: string;
}

/** Longer than any name can be before it is encoded; longer texts are refused at once. */
const TEXT_MAX = 500;
const RULES = {
  checkBidi: true,
  checkHyphens: false,
  checkJoiners: true,
  useSTD3ASCIIRules: true,
  verifyDNSLength: true,
  transitionalProcessing: false,
} as const;
const DOTS = /[\u3002\uff0e\uff61]/gu;
const WIDE = /[\uff01-\uffee]+/gu;
/** `inet_aton` and URLs would read it as an IPv4 address (RFC 1123 §2.1): a name that ends in a number. */
const NUMBER = /^(\d+|0x[0-9a-f]*)$/;

export function readName(text: string): Reading<DnsName> {
  if (text.length > TEXT_MAX) return { reason: 'is too long for a name' };
  const written = text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
  if (written !== written.normalize('NFC'))
    return {
      reason: "has letters and marks that belong together and are written apart; send it in Unicode's normal form C",
    };
  const mapped = mapCaseAndWidth(written);
  const whole = mapped?.endsWith('.') === true ? mapped.slice(0, -1) : mapped;
  if (whole === null || whole === '') return { reason: 'is not a name' };
  const labels = whole.split('.');
  const name = labels.some((label) => label.startsWith('-') || label.endsWith('-')) ? null : toASCII(whole, RULES);
  if (name === null) return { reason: 'is not a name of letters, digits and hyphens' };
  const { domain: unicode, error } = toUnicode(name, RULES);
  const unicodeLabels = unicode.split('.');
  const isAsWritten =
    unicodeLabels.length === labels.length &&
    labels.every((label, i) => label.startsWith('xn--') || label === unicodeLabels[i]);
  if (error || !isAsWritten || !unicodeLabels.every(isValidLabel))
    return { reason: 'has a character that names cannot have' };
  if (NUMBER.test(labels.at(-1) ?? '')) return { reason: 'ends in a number, as addresses do' };
  return { value: { name, unicode } };
}

/**
 * Maps each letter alone: a letter that becomes several, or that depends on its neighbours, is not a mapping of case.
 */
function mapCaseAndWidth(text: string): string | null {
  const narrow = text.replace(DOTS, '.').replace(WIDE, (wide) => wide.normalize('NFKC'));
  const letters = Array.from(narrow, (letter) => letter.toLowerCase());
  return letters.some((letter) => [...letter].length > 1) ? null : letters.join('').normalize('NFC');
}

// Domain names as people write them → A-labels as registries know them. One reading for all of the service: every name that
// comes from outside passes here, and only A-labels in lower case are stored, compared or sent on.
import { toASCII, toUnicode } from 'tr46';
import type { Tld } from '../catalogue/catalogue';

export type NameReading =
  | { readonly kind: 'name'; readonly name: string; readonly unicode: string; readonly tld: Tld }
  /** Not a name that could be registered under one of our TLDs. */
  | { readonly kind: 'invalid'; readonly reason: string }
  /** Perhaps a name, but under a TLD (or in a script) that we do not sell. */
  | { readonly kind: 'unsupported'; readonly reason: string; readonly name: string; readonly unicode: string };

interface TldLookUp {
  find(tld: string): Tld | null;
}

const ASCII_OPTIONS = { checkBidi: true, checkHyphens: true, checkJoiners: true, useSTD3ASCIIRules: true, verifyDNSLength: true, transitionalProcessing: false } as const;
/** Longer than any name can be before it is encoded; nothing longer is looked at. */
const INPUT_MAX = 500;
/** Scripts that are written mixed. */
const JAPANESE = ['Han', 'Hiragana', 'Katakana'];

export function readDomainName(text: string, catalogue: TldLookUp): NameReading {
  const name = text.length > INPUT_MAX ? null : toASCII(text, ASCII_OPTIONS);
  if (name === null || !name.includes('.')) return { kind: 'invalid', reason: 'is not a domain name' };
  const unicode = toUnicode(name, ASCII_OPTIONS).domain;
  const found = splitAtTld(name, catalogue);
  if (found === null) return { kind: 'unsupported', reason: 'is under a TLD that is not sold here', name, unicode };
  if (found.label === '') return { kind: 'invalid', reason: 'is a TLD, not a name under one' };
  if (found.label.includes('.')) return { kind: 'invalid', reason: 'is a subdomain; only names directly under a TLD can be registered' };
  const refusal = scriptRefusal(unicode.slice(0, unicode.indexOf('.')), found.tld);
  if (refusal !== null) return { kind: 'unsupported', reason: refusal, name, unicode };
  return { kind: 'name', name, unicode, tld: found.tld };
}

/** A host name (of a name server): an A-label name of at least two labels, or null. */
export function readHostName(text: string): string | null {
  const host = text.length > INPUT_MAX ? null : toASCII(text.replace(/\.$/, ''), ASCII_OPTIONS);
  return host === null || !host.includes('.') || /^[\d.]+$/.test(host) ? null : host;
}

/** The longest suffix that is in the catalogue: `co.uk` before `uk`. */
function splitAtTld(name: string, catalogue: TldLookUp): { label: string; tld: Tld } | null {
  const whole = catalogue.find(name);
  if (whole !== null) return { label: '', tld: whole };
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const tld = catalogue.find(name.slice(dot + 1));
    if (tld !== null) return { label: name.slice(0, dot), tld };
  }
  return null;
}

/** One script per label, and one that the registry takes: names that mix scripts are how one name passes for another. */
function scriptRefusal(label: string, tld: Tld): string | null {
  if (/^[\x00-\x7f]*$/.test(label)) return null;
  if (tld.idnScripts.length === 0) return 'has characters beyond ASCII, which this TLD does not take';
  const fits = (scripts: readonly string[]): boolean => new RegExp(`^[${scripts.map((script) => `\\p{Script=${script}}`).join('')}\\p{Script=Common}\\p{Script=Inherited}]*$`, 'u').test(label);
  const japanese = JAPANESE.filter((script) => tld.idnScripts.includes(script));
  const isFitting = tld.idnScripts.some((script) => fits([script])) || (japanese.length > 1 && fits(japanese));
  return isFitting ? null : 'mixes scripts or uses one that this TLD does not take';
}

// Turns domain names as people write them into names under one of our TLDs. Every name from outside passes here. Only
// A-labels in lower case are stored, compared or sent on.
import { isWrittenIn, readName } from '@lumi/shared/names';
import type { Tld } from '../catalogue/catalogue';

export type NameReading =
  | { readonly kind: 'name'; readonly name: string; readonly unicode: string; readonly tld: Tld }
  /** The name could not be registered under any of our TLDs. */
  | { readonly kind: 'invalid'; readonly reason: string }
  /** Possibly a name, but under a TLD (or in a script) that we do not sell. */
  | { readonly kind: 'unsupported'; readonly reason: string; readonly name: string; readonly unicode: string };

interface TldLookUp {
  find(tld: string): Tld | null;
}

export function readDomainName(text: string, catalogue: TldLookUp): NameReading {
  const { value: read, reason } = readName(text);
  if (reason !== undefined) return { kind: 'invalid', reason };
  const { name, unicode } = read;
  if (!name.includes('.')) return { kind: 'invalid', reason: 'is not a domain name' };
  const found = splitAtTld(name, catalogue);
  if (found === null) return { kind: 'unsupported', reason: 'is under a TLD that is not sold here', name, unicode };
  if (found.label === '') return { kind: 'invalid', reason: 'is a TLD, not a name under one' };
  if (found.label.includes('.'))
    return { kind: 'invalid', reason: 'is a subdomain; only names directly under a TLD can be registered' };
  const label = unicode.slice(0, unicode.indexOf('.'));
  // RFC 5891 §4.2.3.1: hyphens in positions 3 and 4 mark A-labels.
  if (label.slice(2, 4) === '--') return { kind: 'invalid', reason: 'has two hyphens in the third and fourth place' };
  const refusal = scriptRefusal(label, found.tld);
  if (refusal !== null) return { kind: 'unsupported', reason: refusal, name, unicode };
  return { kind: 'name', name, unicode, tld: found.tld };
}

/** The longest suffix in the catalogue: `co.uk` before `uk`. */
function splitAtTld(name: string, catalogue: TldLookUp): { label: string; tld: Tld } | null {
  const whole = catalogue.find(name);
  if (whole !== null) return { label: '', tld: whole };
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
    const tld = catalogue.find(name.slice(dot + 1));
    if (tld !== null) return { label: name.slice(0, dot), tld };
  }
  return null;
}

function scriptRefusal(label: string, tld: Tld): string | null {
  if (isWrittenIn(label, tld.idn_scripts)) return null;
  return tld.idn_scripts.length === 0
    ? 'has characters beyond ASCII, which this TLD does not take'
    : 'mixes scripts or uses one that this TLD does not take';
}

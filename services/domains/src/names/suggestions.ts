// Names that resemble what a caller has in mind. Whether one can be bought is for its registry to say: nothing here
// calls a name available.
import { invalid } from '@lumi/shared/contract';
import type { Tld } from '../catalogue/catalogue';
import { readDomainName } from './domain-name';

/** So many names are checked for one request. */
const CANDIDATES_MAX = 50;
const WORDS_MAX = 6;
const BEFORE = ['get', 'my', 'the', 'try', 'go'];
const AFTER = ['online', 'shop', 'app', 'hub', 'hq'];

/**
 * Names in the order in which they resemble the query: what was written, hyphens, singular and plural, the words the
 * other way round, a word before or after them. The nearer a TLD stands to the beginning of `tlds`, the sooner its
 * names come.
 *
 * @throws AppError `validation_error` when the query has no word
 */
export function suggestedNames(query: string, tlds: readonly Tld[]): readonly string[] {
  const text = withoutTld(hostPart(query), tlds);
  const words = wordsOf(text);
  if (words.length === 0) throw invalid('query', 'has no letter or digit');
  const catalogue = new Map(tlds.map((tld) => [tld.tld, tld]));
  const ranked = labelsOf(text.replace(/\s+/g, ''), words).flatMap((label, resemblance) =>
    tlds.map(({ tld }, distance) => ({ text: `${label}.${tld}`, rank: resemblance + distance })),
  );
  const names = new Set<string>();
  for (const { text } of ranked.sort((a, b) => a.rank - b.rank)) {
    const read = readDomainName(text, { find: (tld) => catalogue.get(tld) ?? null });
    // Too long, or in a script that this TLD does not take.
    if (read.kind === 'name') names.add(read.name);
    if (names.size === CANDIDATES_MAX) break;
  }
  return [...names];
}

/**
 * The TLDs in which names are looked for: that of the query first, when it is a name under one of them; then those that
 * were asked for; otherwise all, by what a further year costs, the sandbox's last.
 *
 * @throws AppError `validation_error` when one that was asked for is not sold
 */
export function tldsFor(query: string, wanted: readonly string[] | undefined, sold: readonly Tld[]): readonly Tld[] {
  const byName = new Map(sold.map((tld) => [tld.tld, tld]));
  const chosen =
    wanted === undefined
      ? [...sold].sort((a, b) => Number(isSandbox(a)) - Number(isSandbox(b)) || Number(a.renew - b.renew))
      : [...new Set(wanted.map((text) => text.trim().toLowerCase().replace(/^\./, '')))].map((text, index) => {
          const tld = byName.get(text);
          if (tld === undefined)
            throw invalid(`tlds.${String(index)}`, 'is not sold here; GET /tlds lists those that are');
          return tld;
        });
  const own = tldOf(hostPart(query), chosen);
  return own === null ? chosen : [own, ...chosen.filter((tld) => tld !== own)];
}

function isSandbox({ category }: Tld): boolean {
  return category === 'sandbox';
}

/** The query may be the address of a page. */
function hostPart(query: string): string {
  return query
    .normalize('NFKC')
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/^www\./, '')
    .replace(/[/?#].*$/su, '');
}

function withoutTld(text: string, tlds: readonly Tld[]): string {
  const tld = tldOf(text, tlds);
  return tld === null ? text : text.slice(0, -tld.tld.length - 1);
}

/** The longest of these TLDs with which the text ends. */
function tldOf(text: string, tlds: readonly Tld[]): Tld | null {
  const ends = tlds.filter(({ tld }) => text.endsWith(`.${tld}`) && text.length > tld.length + 1);
  return ends.reduce<Tld | null>((a, b) => (a !== null && a.tld.length >= b.tld.length ? a : b), null);
}

function wordsOf(text: string): readonly string[] {
  return text
    .split(/[^\p{L}\p{N}\p{M}]+/u)
    .filter((word) => word !== '')
    .slice(0, WORDS_MAX);
}

function labelsOf(written: string, words: readonly string[]): readonly string[] {
  const whole = words.join('');
  const forms = otherForms(words.at(-1) ?? '').map((form) => [...words.slice(0, -1), form]);
  return [
    ...new Set([
      written,
      whole,
      words.join('-'),
      ...forms.map((form) => form.join('')),
      ...forms.map((form) => form.join('-')),
      ...(words.length === 2 ? [[...words].reverse().join('')] : []),
      ...AFTER.map((word) => whole + word),
      ...BEFORE.map((word) => word + whole),
      ...AFTER.map((word) => `${whole}-${word}`),
    ]),
  ];
}

/** Plural of a singular and singular of a plural, by the regular rules of English; of other scripts none. */
function otherForms(word: string): readonly string[] {
  if (!/^[a-z]{3,}$/.test(word)) return [];
  if (/[^aeiou]ies$/.test(word)) return [`${word.slice(0, -3)}y`];
  if (/(s|x|z|ch|sh)es$/.test(word)) return [word.slice(0, -2)];
  if (/[^su]s$/.test(word)) return [word.slice(0, -1)];
  if (/[^aeiou]y$/.test(word)) return [`${word.slice(0, -1)}ies`];
  return [/(s|x|z|ch|sh)$/.test(word) ? `${word}es` : `${word}s`];
}

// The characters that a label may contain: the derived property of RFC 5892, computed from Unicode's own properties
// instead of a copied table, and the rules for characters that are allowed in some contexts only. tr46, which reads the
// same data, checks joiners (CONTEXTJ) and characters that normalization or case folding would change.

/** Appendix A.3 to A.9: the context that each of them requires. */
const CONTEXT: readonly { readonly of: RegExp; readonly fits: (label: string) => boolean }[] = [
  { of: /\u00b7/u, fits: (label) => !/(?<!l)\u00b7|\u00b7(?!l)/u.test(label) },
  { of: /\u0375/u, fits: (label) => !/\u0375(?!\p{Script=Greek})/u.test(label) },
  { of: /[\u05f3\u05f4]/u, fits: (label) => !/(?<!\p{Script=Hebrew})[\u05f3\u05f4]/u.test(label) },
  { of: /\u30fb/u, fits: (label) => /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(label) },
  { of: /[\u0660-\u0669]/u, fits: (label) => !/[\u06f0-\u06f9]/u.test(label) },
];
const CONTEXTUAL = /[\u00b7\u0375\u05f3\u05f4\u30fb\u200c\u200d]/gu;

/** Section 2.6: valid despite the rules below, and never valid. */
const ALWAYS = /[\u00df\u03c2\u06fd\u06fe\u0f0b\u3007]/gu;
const NEVER = /[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]/u;
/** Sections 2.3, 2.4 and 2.9. */
const IGNORABLE =
  /[\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Noncharacter_Code_Point}\u20d0-\u20ff\u{1d100}-\u{1d24f}\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]/u;
/** Sections 2.1 and 2.8. */
const LETTERS_AND_DIGITS = /^[-a-z0-9\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}]*$/u;

/** Whether every character of this label, in lower case, is allowed at its place. */
export function isValidLabel(label: string): boolean {
  if (/^[a-z0-9-]*$/.test(label)) return true;
  if (label !== label.normalize('NFKC')) return false;
  const rest = label.replace(CONTEXTUAL, '').replace(ALWAYS, '');
  return (
    !NEVER.test(rest) &&
    !IGNORABLE.test(rest) &&
    LETTERS_AND_DIGITS.test(rest) &&
    CONTEXT.every(({ of, fits }) => !of.test(label) || fits(label))
  );
}

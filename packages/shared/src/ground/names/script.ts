// One script per label, because a mix of scripts can imitate another name.

/** Scripts that are used together. */
const JAPANESE = ['Han', 'Hiragana', 'Katakana'];

/**
 * Characters that Unicode assigns to no script but that are part of writing one: the dot of l·l, the middle dot and the
 * long-vowel mark of kana, the digits of Arabic. All other characters without a script belong to none.
 */
const ALSO: Readonly<Record<string, string>> = {
  Latin: '\\u00b7',
  Hiragana: '\\u30fb\\u30fc',
  Katakana: '\\u30fb\\u30fc',
  Han: '\\u30fb',
  Arabic: '\\u0660-\\u0669',
};

/** Whether a label, in Unicode, is written in one of these scripts. ASCII needs none. */
export function isWrittenIn(label: string, scripts: readonly string[]): boolean {
  if (/^[\x00-\x7f]*$/.test(label)) return true;
  const japanese = JAPANESE.filter((script) => scripts.includes(script));
  return [...scripts.map((script) => [script]), ...(japanese.length > 1 ? [japanese] : [])].some((together) =>
    patternOf(together).test(label),
  );
}

const patterns = new Map<string, RegExp>();

function patternOf(scripts: readonly string[]): RegExp {
  const key = scripts.join(' ');
  const known =
    patterns.get(key) ??
    new RegExp(
      `^[-0-9${scripts.map((script) => `\\p{Script=${script}}${ALSO[script] ?? ''}`).join('')}\\p{Script=Inherited}]*$`,
      'u',
    );
  patterns.set(key, known);
  return known;
}

// One line of text for people: names, streets, labels. Blanks around it are removed, and a text without a visible
// character is refused.
import { readField, type Reading } from './field';

/**
 * Letters, digits, punctuation and symbols are visible. Blanks, controls, joiners, fillers and combining marks without
 * a base are not.
 */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u2800]/gu;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;
const NOT_IN_A_LINE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;
/** Allows blanks around a text of full length. */
const BLANKS_MAX = 64;

export function readLine(text: string, maxLength: number): Reading<string> {
  const line = text.trim();
  if (line === '') return { reason: 'must not be empty' };
  if (NOT_IN_A_LINE.test(line)) return { reason: 'must be one line, without control characters' };
  if (!VISIBLE.test(line.replace(INVISIBLE, ''))) return { reason: 'must have something in it that can be seen' };
  return line.length > maxLength ? { reason: `must be at most ${String(maxLength)} characters long` } : { value: line };
}

export const lineField = (maxLength: number) =>
  readField((text) => readLine(text, maxLength), maxLength + BLANKS_MAX).meta({ minLength: 1, maxLength });

/** For optional fields: forms send "" for an empty field. */
export const optionalLineField = (maxLength: number) =>
  readField(
    (text): Reading<string | null> => (text.trim() === '' ? { value: null } : readLine(text, maxLength)),
    maxLength + BLANKS_MAX,
  )
    .nullable()
    .meta({ maxLength });

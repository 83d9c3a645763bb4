// One line of text that people read: names, streets, labels. Blanks around it are nobody's wish; what nobody can see
// says nothing.
import { readField, type Reading } from './field';

/**
 * Letters, digits, marks of punctuation and symbols are seen; blanks, controls, joiners, fillers and marks that stand
 * on nothing are not.
 */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u2800]/gu;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;
const NOT_IN_A_LINE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;
/** Room for blanks around a text of full length. */
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

/** For fields that may be absent: forms send "" for what was not filled in. */
export const optionalLineField = (maxLength: number) =>
  readField(
    (text): Reading<string | null> => (text.trim() === '' ? { value: null } : readLine(text, maxLength)),
    maxLength + BLANKS_MAX,
  )
    .nullable()
    .meta({ maxLength });

// Fields whose text is read by one reader. The request then holds the reader's result, in canonical spelling. A reader
// never guesses: it refuses what it cannot read, with a sentence about the expected form.
import { z } from 'zod';

/** A reader's result, or the reason why it could not read the text. */
export type Reading<T> =
  { readonly value: T; readonly reason?: undefined } | { readonly value?: undefined; readonly reason: string };

export function readField<T>(read: (text: string) => Reading<T>, maxLength: number) {
  return z
    .string()
    .max(maxLength)
    .transform((text, context): T => {
      const reading = read(text);
      if (reading.reason === undefined) return reading.value;
      context.addIssue({ code: 'custom', message: reading.reason });
      return z.NEVER;
    });
}

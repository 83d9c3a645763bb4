// Fields whose text one reader understands: what the reader makes of it is what the request holds, in its one spelling.
// A reader never guesses: what it cannot read is refused with a sentence that says how it should look.
import { z } from 'zod';

/** What a reader made of a text, or why it could not. */
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

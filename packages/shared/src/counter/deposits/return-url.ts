// The address for the payer after paying. A page of ours shows it as a link, so every program must read the same host
// from it: no part that one program skips and another does not, and no name before the host that looks like the host.
import { z } from 'zod';

const RETURN_URL_MAX = 1_024;
const SHAPE = /^https?:\/\/[^/?#@\s\p{Cc}\\]+(?:[/?#][^\s\p{Cc}\\]*)?$/iu;

export const returnUrlField = z
  .string()
  .max(RETURN_URL_MAX, `must have at most ${String(RETURN_URL_MAX)} characters`)
  .refine(
    (text) => SHAPE.test(text) && URL.canParse(text),
    'must be an http or https URL without a user, blanks, control characters or backslashes',
  )
  .meta({ format: 'uri' });

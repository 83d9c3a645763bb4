// What must be true of several fields at once. It is asked only when each field is right in itself: the schema library
// goes on after a text of the wrong form, and a check that reads such a text as an amount or a time would throw.
import type { z } from 'zod';

export function checkedTogether<S extends z.ZodType>(
  schema: S,
  check: (value: z.output<S>, refuse: (path: string, message: string) => void) => void,
): S {
  return schema.superRefine((value, context) => {
    if (context.issues.length > 0) return;
    check(value, (path, message) => context.addIssue({ code: 'custom', path: path.split('.'), message }));
  });
}

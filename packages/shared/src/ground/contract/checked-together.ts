// Rules about several fields at once. They are checked only when each field is valid alone: the schema library
// continues after an invalid text, and a rule that reads such a text as an amount or a time would throw.
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

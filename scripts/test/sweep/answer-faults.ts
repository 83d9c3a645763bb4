// Whatever is wrong about one answer to a wrong value, in sentences.
import type { DocumentedApi, Operation } from '../contract/documented-api';
import type { Answer } from '../whole-way';
import type { Case } from './cases';

const DETAILS_MAX = 50;
/** The schema library's own messages. */
const LIBRARY = /Invalid|[Ee]xpected|received|Too (?:big|small)|Unrecognized|must match pattern|Required|zod/;
/** Internal data. */
const INSIDE = /prisma|postgres|sqlstate|node_modules|\.ts:\d|TypeError|RangeError|SyntaxError/i;

export interface Asked {
  readonly one: Case;
  readonly sent: string;
  readonly answer: Answer;
}

export function faultsOf(api: DocumentedApi, operation: Operation, { one, sent, answer }: Asked): string[] {
  const { status, text, body } = answer;
  // An invalid path belongs to no operation: a caller without a key is refused for that first, even when a public
  // path was meant.
  if (operation.scopes.includes('public') && one.place.startsWith('path ') && text.includes('"missing_bearer"'))
    return [];
  const refusal = status >= 400 || operation.bulk !== null ? body : null;
  const faults = [
    ...(status >= 500 || JSON.stringify(refusal).includes('internal_error')
      ? ['a fault of ours']
      : api.faults(operation, answer)),
    ...(one.isNonsense && isAccepted(one, answer) ? ['taken, though it is nonsense'] : []),
    ...(sentencesIn(refusal).some((sentence) => LIBRARY.test(sentence)) ? ["a sentence of the library's"] : []),
    ...(status >= 400 && INSIDE.test(text) ? ['shows what is inside'] : []),
    ...(hasTooManyDetails(refusal) ? ['more details than anybody reads'] : []),
  ];
  return faults.map((fault) => `${fault}: ${one.what}: ${sent} → ${String(status)} ${text.slice(0, 240)}`);
}

/** Something was done; not so when every item of a bulk failed. */
export function isTaken({ status, body }: Answer): boolean {
  const { total, failed } = (body ?? {}) as { readonly total?: number; readonly failed?: number };
  return status < 400 && (total === undefined || total !== failed);
}

/** The items of a bulk fail one by one, some of them later, and a quote tells beside them what is wrong. */
function isAccepted({ isBulkItem }: Case, answer: Answer): boolean {
  if (!isBulkItem) return answer.status < 400;
  const { problems = [] } = (answer.body ?? {}) as { readonly problems?: readonly unknown[] };
  return answer.status !== 202 && problems.length === 0 && isTaken(answer);
}

/** The messages of refusals: of errors, of their details, and of a bulk's items. */
function sentencesIn(value: unknown, isRefusal = false): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => sentencesIn(one, isRefusal));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) =>
    isRefusal && name === 'message'
      ? [String(one)]
      : sentencesIn(one, isRefusal || name === 'error' || name === 'problem' || name === 'problems'),
  );
}

/** In one refusal; each item of a bulk has its own. */
function hasTooManyDetails(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([name, one]) => (name === 'details' && Array.isArray(one) && one.length > DETAILS_MAX) || hasTooManyDetails(one),
  );
}

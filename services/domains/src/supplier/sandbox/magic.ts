// Names under `.test` whose first words determine how a command on them ends, so that callers can test their error
// handling. `timeout-after-success-shop.test` acts at its registration; `renew-timeout-after-success-shop.test`
// registers normally and acts at renewal.
import { parseUsd, type Units } from '@lumi/shared/money';
import { feeForYears, type Fees } from '../../catalogue/fees';

/** The scripted endings of a command. The order matters where one word begins with another. */
export const COMMAND_ENDINGS = {
  refused: 'The registry refuses; nothing is charged.',
  'lost-race': 'Somebody else gets the name between check and purchase.',
  slow: 'It takes a moment, then succeeds.',
  'timeout-before': 'No answer, and nothing was executed; found out later and executed then.',
  'timeout-after-success': 'No answer, though it was executed; found out later.',
  'timeout-after-refusal': 'No answer, though it was refused; found out later.',
  'error-before': 'The registry fails before it executes; executed at the next try.',
  'error-after-success': 'The registry answers 500 though it executed; found out later.',
  'stays-unknown': 'Executed, but look-ups get no answer for a while (twice, or as often as the number behind says).',
  'pending-then-done': 'Accepted, and done after some look-ups (2, or the number behind).',
  'pending-then-refused': 'Accepted, and refused after some look-ups.',
} as const;

export const CHECK_ANSWERS = {
  taken: 'Is taken.',
  reserved: 'Is reserved by the registry.',
  premium: 'Is a premium name with prices of its own.',
  'price-changed': 'Costs more than the check said, once somebody tries to buy it.',
  'check-fails': 'Its availability cannot be found out.',
  elsewhere: 'Is held at another registrar and can be transferred in with the auth code `right-code`.',
} as const;

/** What the registry does to the name by itself after it is registered. */
export const DRIFTS = {
  'drift-expiry': 'The registry has an expiry a year later.',
  'drift-redemption': 'The registry has the name in redemption.',
  'drift-nameservers': 'The registry has other name servers, and the name is unlocked.',
  'drift-away': 'The name is held at another registrar.',
  'drift-gone': 'The registry does not know the name.',
} as const;

export type Drift = keyof typeof DRIFTS;
export type CommandEnding = keyof typeof COMMAND_ENDINGS;
export type CheckAnswer = keyof typeof CHECK_ANSWERS;
export type MagicCommand = 'register' | 'renew' | 'transfer' | 'restore' | 'update' | 'delete';

export interface Magic {
  readonly ending: CommandEnding;
  readonly command: MagicCommand;
  /** How many look-ups it takes. */
  readonly count: number;
}

export const PREMIUM_FEES: Fees = {
  register: parseUsd('250'),
  renew: parseUsd('100'),
  transfer: parseUsd('250'),
  restore: parseUsd('300'),
};
export const CHANGED_FEES: Fees = {
  register: parseUsd('3'),
  renew: parseUsd('1'),
  transfer: parseUsd('1'),
  restore: parseUsd('5'),
};
export const ELSEWHERE_AUTH_CODE = 'right-code';

const ENDINGS = Object.keys(COMMAND_ENDINGS).join('|');
const COMMAND_SHAPE = new RegExp(
  `^(?:(renew|transfer|restore|update|delete)-)?(${ENDINGS})(?:-(\\d{1,3}))?(?:-[^.]*)?\\.test$`,
);
const CHECK_SHAPE = new RegExp(`^(${Object.keys(CHECK_ANSWERS).join('|')})(?:-[^.]*)?\\.test$`);
const DRIFT_SHAPE = new RegExp(`^(${Object.keys(DRIFTS).join('|')})(?:-[^.]*)?\\.test$`);
const COUNT = 2;

export function magicOf(command: MagicCommand, name: string): Magic | null {
  const match = COMMAND_SHAPE.exec(name) ?? COMMAND_SHAPE.exec(name.replace(/^elsewhere-/, ''));
  if (match === null || (match[1] ?? (name.startsWith('elsewhere-') ? 'transfer' : 'register')) !== command)
    return null;
  return {
    ending: match[2] as CommandEnding,
    command,
    count: match[3] === undefined ? COUNT : Number.parseInt(match[3], 10),
  }; // the shape lists them
}

export function checkAnswerOf(name: string): CheckAnswer | null {
  return (CHECK_SHAPE.exec(name)?.[1] as CheckAnswer | undefined) ?? null; // the shape lists them
}

export function driftOf(name: string): Drift | null {
  return (DRIFT_SHAPE.exec(name)?.[1] as Drift | undefined) ?? null; // the shape lists them
}

/** The price a registration must agree to. Undefined: the list price. */
export function feeDueOf(name: string, years: number): Units | undefined {
  const answer = checkAnswerOf(name);
  const fees = answer === 'premium' ? PREMIUM_FEES : answer === 'price-changed' ? CHANGED_FEES : undefined;
  return fees === undefined ? undefined : feeForYears(fees.register, fees.renew, years);
}

// The faults that tests switch on, so that the double misbehaves as a real provider does. All are off by default.

export interface Faults {
  /** The next N createInvoice calls make the invoice and then never answer. */
  createHangsAfterSuccess: number;
  /** The next N createInvoice calls make the invoice and then answer 500. */
  createFailsAfterSuccess: number;
  /** The next N createInvoice calls never answer and make nothing. */
  createHangsBefore: number;
  /** The next N calls of any method answer 500 and do nothing. */
  callsFail: number;
  webhook: 'once' | 'twice' | 'never';
  /** An expired or deleted invoice can still be paid, as when payment and expiry happen at the same time. */
  latePayment: boolean;
  /** Seconds the double's clock runs ahead of the machine's. */
  clockOffsetS: number;
}

export function noFaults(): Faults {
  return {
    createHangsAfterSuccess: 0,
    createFailsAfterSuccess: 0,
    createHangsBefore: 0,
    callsFail: 0,
    webhook: 'once',
    latePayment: false,
    clockOffsetS: 0,
  };
}

type Countdown = 'createHangsAfterSuccess' | 'createFailsAfterSuccess' | 'createHangsBefore' | 'callsFail';

/** True when this call is one of the next N; spends one. */
export function spend(faults: Faults, name: Countdown): boolean {
  if (faults[name] <= 0) return false;
  faults[name] -= 1;
  return true;
}

/** Takes the known faults from a JSON body; throws a sentence for any other field. */
export function readFaults(body: unknown): Partial<Faults> {
  if (typeof body !== 'object' || body === null) throw new Error('Send a JSON object of knobs.');
  const known = noFaults();
  const read: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (!(name in known)) throw new Error(`There is no knob "${name}".`);
    if (typeof value !== typeof known[name as keyof Faults])
      throw new Error(`The knob "${name}" takes a ${typeof known[name as keyof Faults]}.`);
    if (name === 'webhook' && !['once', 'twice', 'never'].includes(String(value)))
      throw new Error('The knob "webhook" is once, twice or never.');
    if (typeof value === 'number' && !Number.isSafeInteger(value))
      throw new Error(`The knob "${name}" takes a whole number.`);
    read[name] = value;
  }
  return read as Partial<Faults>;
}

// A rider is a statement of a product that is written by the same SQL statement as a step of the platform (a hold, a
// settlement), as a CTE behind it. It must write nothing when the step did nothing: a product's row without the money
// is the worst that can happen here. So a rider can only be made from what it rides on, with the condition of that, and
// the platform takes nothing else; a forgotten condition does not compile.
import { joinSql, rawSql, sql, type Sql } from './database';

/** The steps that take riders: the CTE's name, and when it has done its work. */
const DONE = {
  begun: "begun.outcome = 'held'",
  settled: 'settled.settled',
  started: "started.outcome = 'started'",
  finished: 'finished.finished',
  advanced: 'advanced.advanced',
} as const;

type Step = keyof typeof DONE;

declare const step: unique symbol;
declare const rides: unique symbol;

/** The part of a rider that reads its step. A function's type, so that nothing rides on another step than its own. */
type StepDone<S extends Step> = Sql & { readonly [step]: (of: S) => void };

/** A whole statement that rides on a step. */
export type Rider<S extends Step> = Sql & { readonly [rides]: (on: S) => void };

type StepOf<Value> = Value extends StepDone<infer S> ? S : never;

/** The rider that a part of this type makes: for functions that are handed the step they ride on. */
export type RiderOf<Done extends AnyStepDone> = Rider<StepOf<Done>>;
export type AnyStepDone = { [S in Step]: StepDone<S> }[Step];

/** `FROM <step>, <tables> WHERE <step is done>`, to be followed by `AND …`. */
export function fromStep<S extends Step>(on: S, tables?: Sql): StepDone<S> {
  return reading('FROM', on, tables);
}

/** The same for DELETE. */
export function usingStep<S extends Step>(on: S, tables?: Sql): StepDone<S> {
  return reading('USING', on, tables);
}

/** A statement with one `${fromStep(…)}` or `${usingStep(…)}` in it. */
export function rider<const Values extends readonly unknown[]>(
  text: TemplateStringsArray,
  ...values: Values
): Rider<StepOf<Values[number]>> {
  return sql(text, ...values) as Rider<StepOf<Values[number]>>; // the one place that makes them
}

function reading<S extends Step>(word: 'FROM' | 'USING', on: S, tables: Sql | undefined): StepDone<S> {
  const parts = [
    rawSql(`${word} ${on}`),
    ...(tables === undefined ? [] : [rawSql(', '), tables]),
    rawSql(` WHERE ${DONE[on]}`),
  ];
  return joinSql(parts, '') as StepDone<S>; // the one place that makes them
}

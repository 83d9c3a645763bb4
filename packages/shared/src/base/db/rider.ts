// A rider is a product's statement that runs in the same SQL statement as a step of the platform (a hold, a
// settlement), as a CTE after it. It must write nothing when the step did nothing, because a product's row without its
// money is the worst fault here. So a rider can be made only from its step, with that step's condition, and the
// platform takes nothing else. A forgotten condition does not compile.
import { joinSql, rawSql, sql, type Sql } from './database';

/** The steps that take riders: the CTE's name, and the condition under which it has done its work. */
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

/** The part of a rider that reads its step. It is a function type, so that a rider fits only its own step. */
type StepDone<S extends Step> = Sql & { readonly [step]: (of: S) => void };

/** A whole statement that belongs to a step. */
export type Rider<S extends Step> = Sql & { readonly [rides]: (on: S) => void };

type StepOf<Value> = Value extends StepDone<infer S> ? S : never;

/** The rider that a part of this type makes: for functions that get their step as an argument. */
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

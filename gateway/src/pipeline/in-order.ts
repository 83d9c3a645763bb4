// Runs the stages one after the other, as Express would. Express matches the path anew for each stage, although all
// thirteen stages apply to every path; that was 4 % of a request. Sets `refusedBy` when a stage refuses.
import type { NextFunction, Request, RequestHandler, Response } from 'express';

/** With the name under which its refusals are counted. */
export type Stage = readonly [name: string, run: RequestHandler];

export function inOrder(named: readonly Stage[]): RequestHandler {
  const stages = named.map(([, run]) => run);
  return (req: Request, res: Response, done: NextFunction) => {
    let at = 0;
    const refuse = (err: unknown): void => {
      // The first stage makes the record.
      if (at > 1) req.lumi.refusedBy = named[at - 1]?.[0] ?? '';
      done(err);
    };
    const next = (err?: unknown): void => {
      const stage = stages[at];
      if (err !== undefined) {
        refuse(err);
        return;
      }
      if (stage === undefined) {
        done();
        return;
      }
      at += 1;
      try {
        const running: unknown = stage(req, res, next);
        if (running instanceof Promise) running.catch(refuse);
      } catch (thrown) {
        refuse(thrown);
      }
    };
    next();
  };
}

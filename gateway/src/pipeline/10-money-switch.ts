// Money requests only: 403 money_disabled while the deployment's switch is off.
import type { RequestHandler } from 'express';
import { AppError } from '@lumi/shared/contract';

export function moneySwitch({ moneyEnabled }: { moneyEnabled: boolean }): RequestHandler {
  return (req, _res, next) => {
    if (req.lumi.isMoney && !moneyEnabled) throw new AppError('money_disabled');
    next();
  };
}

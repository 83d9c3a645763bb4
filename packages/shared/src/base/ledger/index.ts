export { adjustWallet, type Adjustment } from './adjust';
export { audit, auditRules, type Breach } from './audit';
export { noteHoldRefusal, noteMoneyStep } from './money-meter';
export { readBalance, readDailySpend, type Balance } from './balance';

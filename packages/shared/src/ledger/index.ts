export { adjustWallet, type Adjustment } from './adjust';
export { audit, type Breach } from './audit';
export { readBalance, readDailySpend, type Balance } from './balance';

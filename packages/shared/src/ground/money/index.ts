export {
  formatUsd,
  multiply,
  parseUsd,
  prorate,
  usdDepositInput,
  usdInput,
  usdOutput,
  usdSignedInput,
  type Rounding,
  type Units,
} from './usd';

export {
  claimInTransaction,
  claimScope,
  findAnswer,
  fingerprint,
  finishClaim,
  finishClaimSealed,
  openAnswer,
  refuseOrReplay,
  rememberAnswer,
  type Claim,
  type ClaimOutcome,
  type StoredAnswer,
} from './claim';

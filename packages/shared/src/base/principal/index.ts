export {
  IDENTITY_HEADER,
  IdentitySigner,
  IdentityVerifier,
  publicJwks,
  publicPrincipal,
  type Principal,
  type PrincipalType,
} from './principal';
export { requireScope } from './require-scope';

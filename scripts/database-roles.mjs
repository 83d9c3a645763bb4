// The roles of the database. What each of them gets is made here, so that a new role is forgotten nowhere: the compiler
// compares this list with that of packages/shared (`Role`).

/** @typedef {import('@lumi/shared/db').Role} Role */

/**
 * One value for each role.
 *
 * @template T
 * @param {(role: Role) => T} valueOf
 * @returns {Record<Role, T>}
 */
export function eachRole(valueOf) {
  return {
    lumi_gateway: valueOf('lumi_gateway'),
    lumi_domains: valueOf('lumi_domains'),
    lumi_vps: valueOf('lumi_vps'),
    lumi_proxy: valueOf('lumi_proxy'),
    lumi_admin: valueOf('lumi_admin'),
  };
}

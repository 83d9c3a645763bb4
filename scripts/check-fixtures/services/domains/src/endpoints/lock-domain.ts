// must fail: lumi/one-endpoint: 'lock-domain' is declared here already
export const lockDomain = {
  id: 'lock-domain',
  method: 'POST',
  path: '/domains/{domain}/lock',
  summary: 'Lock a domain',
};
export const unlockDomain = {
  id: 'unlock-domain',
  method: 'POST',
  path: '/domains/{domain}/unlock',
  summary: 'Unlock a domain',
};

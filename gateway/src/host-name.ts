// The host a request names, without its port: what bindings of products to hosts are compared with.
export function hostName(host = ''): string {
  return host.toLowerCase().replace(/:\d*$/, '');
}

// THE LIST of what the worker does, each with how often it looks. A round is bounded; running it twice does no harm.
import type { Loop } from '@lumi/shared/service';
import type { ProxyDeps } from '../wiring';

export function loops(deps: ProxyDeps): readonly Loop[] {
  return deps.shared.loops;
}

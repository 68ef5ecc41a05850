import type { Environment } from '../../pkg/skel/plugin.ts';
import { hasProgram } from '../../pkg/sys/process/find-program.ts';
import { firewalldRuns } from './firewalld.ts';
import type { FirewallBackend } from './settings.ts';

/** Who lets packets through where the configuration leaves it open: firewalld where it runs, else what there is. */
export async function chosenBackend(
  configured: FirewallBackend | undefined,
  environment: Environment,
): Promise<FirewallBackend> {
  if (configured !== undefined) return configured;
  return (await firewalldRuns(environment)) ? 'firewalld' : rulesBackend(environment);
}

/** Who makes rules. */
export function rulesBackend(environment: Environment): 'iptables' | 'nftables' {
  return hasProgram('iptables', environment) || hasProgram('ip6tables', environment) ? 'iptables' : 'nftables';
}

import { iptablesProblem, nftProblem } from '../../pkg/netfilter/backend.ts';
import { Site } from '../../pkg/netfilter/program.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import type { Call } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode, notAvailable } from '../../pkg/types/error.ts';
import { chosenBackend } from './choice.ts';
import { firewalldRuns } from './firewalld.ts';
import type { FirewallConf } from './schema.ts';
import { settingsOf } from './settings.ts';

const TIMEOUT_MS = 30_000;

/** Fails when the backend cannot be used: then no ADD can succeed. */
export async function status(call: Call<FirewallConf>): Promise<void> {
  const problem = await problemOf(call);
  if (problem !== undefined) throw notAvailable('firewall', problem);
}

async function problemOf(call: Call<FirewallConf>): Promise<unknown> {
  let configured: ReturnType<typeof settingsOf>['backend'];
  try {
    configured = settingsOf(call.conf, call.warn).backend;
  } catch (thrown) {
    return thrown;
  }
  const site = new Site({ place: ownNetns(), timeoutMs: TIMEOUT_MS });
  const backend = await chosenBackend(configured, call.environment);
  if (backend === 'nftables') return nftProblem(site);
  if (backend === 'firewalld') {
    if (await firewalldRuns(call.environment)) return undefined;
    return new CniError(ErrorCode.internal, 'firewalld does not run', 'start it, or choose another "backend"');
  }
  const ipv4 = await iptablesProblem(site, 4);
  // One family is enough for networks of that family.
  return ipv4 === undefined || (await iptablesProblem(site, 6)) === undefined ? undefined : ipv4;
}

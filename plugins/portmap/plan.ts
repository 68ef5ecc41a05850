import { likelyBackend, type MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import type { Netns } from '../../pkg/netns/netns.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { type PlannedStep, stepsOf } from '../../pkg/plan/steps.ts';
import type { PlannedAdd } from '../../pkg/skel/plugin.ts';
import { type AddCall, ownerOf } from './attempt.ts';
import { PortClaims } from './claims.ts';
import { addForwarding, removeForwarding } from './forward.ts';
import { type Forwarding, familiesIn } from './forwarding.ts';
import { guardLoopback } from './loopback-guard.ts';
import { type Evicted, evictedFrom, refuseConflicts } from './ports.ts';
import { readAdd } from './read-add.ts';
import type { PortmapSettings } from './settings.ts';
import { unclaimedPorts } from './unclaimed.ts';

/** What an ADD would do now; a port that a living container has is refused as the ADD would refuse it. */
export async function plan(call: AddCall): Promise<PlannedAdd> {
  const { result, settings, forwarding } = readAdd(call);
  if (forwarding === undefined) return { result, steps: [] };
  return inContainer(call.netns, async (netns) => {
    const evicted = await evictedBy(call, netns, settings, forwarding);
    const { network, containerId } = call;
    const backend = settings.backend ?? likelyBackend(call.environment);
    const rules = new Plan();
    for (const { target } of evicted) rules.do(ownNetns(), removeForwarding(target));
    rules.do(ownNetns(), addForwarding({ network, containerId }, forwarding, backend, { evicted: [], others: [] }));
    return { result, steps: [...stepsOf(rules), ...localnetSteps(forwarding, backend)] };
  });
}

async function evictedBy(
  call: AddCall,
  netns: Netns,
  settings: PortmapSettings,
  forwarding: Forwarding,
): Promise<readonly Evicted[]> {
  const unclaimed = await unclaimedPorts(call.environment, call, forwarding);
  const claims = new PortClaims(call.records.folder);
  const { evicted, conflicts } = claims.preview(ownerOf(call, netns), forwarding.mappings, unclaimed);
  if (!settings.allowsConflicts) refuseConflicts(conflicts);
  return evictedFrom(evicted, call.records);
}

/** Where the container will be found is known only when it is there. */
function localnetSteps(forwarding: Forwarding, backend: MasqueradeBackend): readonly PlannedStep[] {
  const v4 = familiesIn(forwarding).find(({ family }) => family === 4);
  if (!forwarding.snat || v4 === undefined) return [];
  const link = `"$(ip route get ${v4.address} | sed -n 's/.* dev \\([^ ]*\\) .*/\\1/p')"`;
  const note = 'on the link that leads to the container: connections of the host to its own mapped ports';
  return [
    ...stepsOf(new Plan().do(ownNetns(), guardLoopback(backend))),
    { place: 'host', note, lines: [`sysctl -w net/ipv4/conf/${link}/route_localnet=1`] },
  ];
}

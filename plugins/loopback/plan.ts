import { ip } from '../../pkg/ip/command.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import type { AttachmentCall, PlannedAdd } from '../../pkg/skel/plugin.ts';
import type { NoKeys } from './plugin.ts';

/** What an ADD would do now; the addresses are those that the kernel gives `lo`. */
export async function plan(call: AttachmentCall<NoKeys>): Promise<PlannedAdd> {
  const { prevResult } = call;
  return inContainer(call.netns, async (netns) => ({
    steps: stepsOf(new Plan().inside(netns, ip`link set dev lo up`)),
    result: prevResult ?? {
      interfaces: [{ name: 'lo', mac: '00:00:00:00:00:00', sandbox: call.netns }],
      ips: [
        { address: '127.0.0.1/8', interface: 0 },
        { address: '::1/128', interface: 0 },
      ],
    },
  }));
}

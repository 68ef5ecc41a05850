import { AddTransaction } from '../../pkg/attach/add-transaction.ts';
import { type Layer3, layer3Of, planLayer3 } from '../../pkg/attach/layer3.ts';
import { addressesOf, linkIn, lookAt } from '../../pkg/attach/links.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { stepsOf } from '../../pkg/plan/steps.ts';
import type { PlannedAdd } from '../../pkg/skel/plugin.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import { CniError, toCniError } from '../../pkg/types/error.ts';
import { readDns } from '../../pkg/types/parse-result.ts';
import type { Result } from '../../pkg/types/result.ts';
import { addressText, type HostDevice, soughtText } from './find.ts';
import { linksIn } from './links.ts';
import { type HostDeviceNotes, notesOf } from './notes.ts';
import { identityOnHost } from './recognize.ts';
import { type AddCall, attachmentOf, linkPlan, type Surroundings, wantedOf } from './surroundings.ts';

/** Gives the device to the container. Whatever fails, the device is where it was, as it was. */
export async function add(call: AddCall): Promise<Result> {
  const wanted = wantedOf(call);
  return inContainer(call.netns, async (netns) => {
    const options = { ...(await runOptions(call.environment, 'host-device')), signal: termination() };
    const around = await attachmentOf({ call, wanted, netns, options });
    // What cannot even be planned leaves no note.
    const link = linkPlan(around);
    const { host } = around;
    const transaction = new AddTransaction({ call, plugin: 'host-device', netns, options });
    const work = async (): Promise<Layer3 | undefined> => {
      transaction.note(await notesFor(around));
      await transaction.run(link);
      if (around.ipam === '') return undefined;
      const layer3 = layer3Of(await transaction.lease(around.ipam));
      const plan = new Plan();
      if (host !== undefined) planLayer3(plan, netns, call.ifName, layer3);
      await transaction.run(plan);
      return layer3;
    };
    const layer3 = await transaction.complete(work).catch(async (thrown: unknown) => {
      throw host === undefined ? thrown : await withLost(thrown, host, around);
    });
    const lost = host === undefined ? '' : addressText(host);
    if (lost !== '') call.warn(`host-device: ${host?.device} had ${lost} on the host; they ended with the move`);
    return resultOf(call, host, layer3);
  });
}

/** What whoever finds it half done needs to put it back. */
async function notesFor({ call, host, wanted, options }: Surroundings): Promise<HostDeviceNotes> {
  return {
    device: host?.device ?? '',
    mac: host?.link.address ?? '',
    identity: host && identityOnHost(host.link, host.link.link ? await linksIn(ownNetns(), options) : []),
    alias: aliasOf(host, call),
    wasUp: host?.link.flags.includes('UP') === true,
    sought: soughtText(wanted.sought),
  };
}

/** What alias a device has by itself: an ADD that was killed has perhaps given it its own name, and noted what it had. */
function aliasOf(host: HostDevice | undefined, call: Surroundings['call']): string {
  const { alias = '', device = '' } = host ?? {};
  if (alias !== device) return alias;
  const killed = call.records.find(call, 'host-device');
  const noted = killed === undefined ? undefined : notesOf(killed.data);
  return noted?.device === device ? noted.alias : alias;
}

/** The error, and which of the host's own addresses the device came back without. */
async function withLost(thrown: unknown, host: HostDevice, { options }: Surroundings): Promise<unknown> {
  const before = addressesOf(host.link);
  if (before.length === 0) return thrown;
  const [link] = await lookAt([linkIn(ownNetns(), host.link.ifname)], { ...options, signal: { aborted: false } });
  const after = link === undefined ? [] : addressesOf(link);
  const lost = before.filter((address) => !after.includes(address));
  if (lost.length === 0) return thrown;
  const { code, message, details } = toCniError(thrown);
  const said = `${host.link.ifname} is on the host again, but its addresses there ended with the move: ${lost.join(', ')}`;
  return new CniError(code, message, details === '' ? said : `${details}; ${said}`, { cause: thrown });
}

/** What an ADD would do now; the IPAM plugin is asked for its plan as well. */
export async function plan(call: AddCall): Promise<PlannedAdd> {
  const wanted = wantedOf(call);
  return inContainer(call.netns, async (netns) => {
    const options = await runOptions(call.environment, 'host-device');
    const around = await attachmentOf({ call, wanted, netns, options });
    const { host, ipam } = around;
    const steps = linkPlan(around);
    const leased = ipam === '' ? undefined : await call.delegate.add({ type: ipam, config: call.configText });
    const layer3 = leased && layer3Of(leased);
    if (layer3 !== undefined && host !== undefined) planLayer3(steps, netns, call.ifName, layer3);
    return { result: resultOf(call, host, layer3), steps: stepsOf(steps) };
  });
}

/** What the runtime is told of an attachment. */
export function resultOf(call: AddCall, host: HostDevice | undefined, layer3: Layer3 | undefined): Result {
  const mac = host === undefined ? {} : { mac: host.link.address };
  const interfaces = [{ name: call.ifName, ...mac, sandbox: call.netns }];
  if (layer3 === undefined) return { interfaces };
  const dns = readDns(call.conf.dns ?? {}, 'dns');
  return { interfaces, ips: [...layer3.ips], routes: [...layer3.routes], ...(dns === undefined ? {} : { dns }) };
}

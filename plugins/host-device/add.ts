import { addInSteps } from '../../pkg/attach/in-steps.ts';
import { planLayer3 } from '../../pkg/attach/layer3.ts';
import { addressesOf, linkIn, lookAt } from '../../pkg/attach/links.ts';
import { rawIpamOf } from '../../pkg/attach/release.ts';
import { inContainer } from '../../pkg/netns/container.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import { noteAttachment } from '../../pkg/record/attachment.ts';
import { termination } from '../../pkg/sys/process/termination.ts';
import { CniError, toCniError } from '../../pkg/types/error.ts';
import type { Result } from '../../pkg/types/result.ts';
import { addressText, type HostDevice, soughtText } from './find.ts';
import { linksIn } from './links.ts';
import { type HostDeviceNotes, notesOf } from './notes.ts';
import { identityOnHost } from './recognize.ts';
import { resultOf } from './result.ts';
import { type AddCall, attachmentOf, linkPlan, type Surroundings, wantedOf } from './surroundings.ts';

/** Gives the device to the container. Whatever fails, the device is where it was, as it was. */
export async function add(call: AddCall): Promise<Result> {
  const wanted = wantedOf(call);
  return inContainer(call.netns, async (netns) => {
    const options = { ...(await runOptions(call.environment, 'host-device')), signal: termination() };
    const around = await attachmentOf({ call, wanted, netns, options });
    // What cannot even be planned leaves no note.
    const link = linkPlan(around);
    await note(around);
    const { host } = around;
    const layer3 = await addInSteps({
      call,
      plugin: 'host-device',
      link,
      ipam: around.ipam,
      layer3(leased) {
        const plan = new Plan();
        if (host !== undefined) planLayer3(plan, netns, call.ifName, leased);
        return plan;
      },
      options,
    }).catch(async (thrown: unknown) => {
      throw host === undefined ? thrown : await withLost(thrown, host, around);
    });
    const lost = host === undefined ? '' : addressText(host);
    if (lost !== '') call.warn(`host-device: ${host?.device} had ${lost} on the host; they ended with the move`);
    return resultOf(call, host, layer3);
  });
}

/** Written before anything is done, so that whoever finds it half done can put it back. */
async function note({ call, netns, host, wanted, options }: Surroundings): Promise<void> {
  const ipam = rawIpamOf(call.rawConf);
  const notes: HostDeviceNotes = {
    device: host?.device ?? '',
    mac: host?.link.address ?? '',
    identity: host && identityOnHost(host.link, host.link.link ? await linksIn(ownNetns(), options) : []),
    alias: aliasOf(host, call),
    wasUp: host?.link.flags.includes('UP') === true,
    sought: soughtText(wanted.sought),
    ...(ipam === undefined ? {} : { ipam }),
  };
  noteAttachment(call, 'host-device', netns, notes);
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

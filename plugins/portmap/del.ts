import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { isMissing } from '../../pkg/netfilter/program.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { type RunOptions, runPlan } from '../../pkg/plan/executor.ts';
import { runOptions } from '../../pkg/plan/options.ts';
import { Plan } from '../../pkg/plan/plan.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import type { Attachment } from '../../pkg/types/attachment.ts';
import { attachmentOf } from '../../pkg/types/attachment.ts';
import { CniError, ErrorCode, toCniError } from '../../pkg/types/error.ts';
import { PortClaims } from './claims.ts';
import { forgetFlows } from './flows.ts';
import { removeForwarding } from './forward.ts';
import { Localnet } from './localnet.ts';
import { mappingsOf, type PortMapping } from './mapping.ts';
import { targetOf } from './notes.ts';
import type { PortmapConf } from './schema.ts';
import type { Target } from './target.ts';
import { previousAddresses, unrecordedTarget } from './unrecorded.ts';

type DelCall = AttachmentCall<PortmapConf>;

/** Removes the container's mappings, with whatever is still there and whatever is still known. */
export async function del(call: DelCall): Promise<void> {
  const { records } = call;
  const { records: known, warnings } = records.readForContainer(call.containerId);
  for (const warning of warnings) call.warn(`portmap: ${warning}`);
  const own = ownRecords(call, known);
  const asked = askedMappings(call);
  // Neither a note nor a word of the runtime: a container without ports, and no reason to start a program.
  if (own.length === 0 && asked.length === 0 && warnings.length === 0) return;

  const options = await runOptions(call.environment, 'portmap');
  const claims = new PortClaims(records.folder);
  const localnet = new Localnet(call.environment, options, call.warn);
  const failures: CniError[] = [];
  if (own.length === 0) {
    const addresses = previousAddresses(call);
    const { failed } = await remove(unrecordedTarget(call, addresses, known), options, call, false);
    failures.push(...failed);
    if (failed.length === 0) {
      await forgetFlows({ addresses: addresses ?? [], mappings: asked }, 'removed', call.warn);
      await release(call, claims, call, asked, failures);
      await localnet.close();
    }
    // An ADD that was killed may have left a folder for its record.
    records.remove({ ...attachmentOf(call), plugin: 'portmap' });
  }
  for (const record of own) {
    const target = targetOf(record, known);
    const { failed, isLeft } = await remove(target, options, call, true);
    failures.push(...failed);
    // What is left can still be found by record and ports, when the program is there again.
    if (failed.length > 0 || isLeft) continue;
    if (target.forwarding !== undefined) await forgetFlows(target.forwarding, 'removed', call.warn);
    const before = failures.length;
    await release(call, claims, record, [...(target.forwarding?.mappings ?? []), ...asked], failures);
    if (failures.length > before) continue;
    await localnet.close();
    const warning = records.remove(record);
    if (warning !== undefined) call.warn(`portmap: ${warning}`);
  }
  if (failures.length > 0) throw together(failures);
}

/** This attachment's; one in a network that has another name by now is known by its interface. */
function ownRecords({ network, ifName }: DelCall, known: readonly AttachmentRecord[]): readonly AttachmentRecord[] {
  const renamed: AttachmentRecord[] = [];
  for (const record of known) {
    if (record.plugin !== 'portmap' || record.ifName !== ifName) continue;
    if (record.network === network) return [record];
    renamed.push(record);
  }
  return renamed;
}

/** What cannot be read must not keep anything from being removed. */
function askedMappings(call: DelCall): readonly PortMapping[] {
  const asked: PortMapping[] = [];
  for (const mapping of call.conf.runtimeConfig?.portMappings ?? []) {
    try {
      asked.push(...mappingsOf({ runtimeConfig: { portMappings: [mapping] } }, ''));
    } catch (thrown) {
      call.warn(`portmap: ${toCniError(thrown)}`);
    }
  }
  return asked;
}

/** Takes down the rules; backends do not wait for each other. */
async function remove(
  target: Target,
  options: RunOptions,
  call: DelCall,
  isRecorded: boolean,
): Promise<{ readonly failed: readonly CniError[]; readonly isLeft: boolean }> {
  const failed: CniError[] = [];
  const missing: MasqueradeBackend[] = [];
  const removeWith = async (backend: MasqueradeBackend): Promise<void> => {
    const removal = removeForwarding({ ...target, backends: [backend] });
    try {
      await runPlan(new Plan().do(ownNetns(), removal, { failing: '' }), options);
    } catch (thrown) {
      if (thrown instanceof Error && isMissing(thrown.cause)) missing.push(backend);
      else failed.push(toCniError(thrown));
    }
  };
  const running: Promise<void>[] = [];
  for (const backend of target.backends) running.push(removeWith(backend));
  await Promise.all(running);
  // A program that is not there has most likely made no rules either, unless the record says so.
  const isLeft = isRecorded ? missing.length > 0 : missing.length === target.backends.length;
  if (isLeft) {
    call.warn(
      `portmap: the rules of container ${target.containerId} are left: ${missing.join(' and ')} cannot be found; ` +
        'GC, or DEL again, removes them when it is there',
    );
  }
  return { failed, isLeft };
}

async function release(
  call: DelCall,
  claims: PortClaims,
  owner: Attachment,
  mappings: readonly PortMapping[],
  failures: CniError[],
): Promise<void> {
  try {
    await claims.release([owner], mappings);
  } catch (thrown) {
    const error = toCniError(thrown);
    if (error.code === ErrorCode.tryAgain) failures.push(error);
    else call.warn(`portmap: ${error}`);
  }
}

function together(failures: readonly CniError[]): CniError {
  const [first, ...others] = failures;
  if (first === undefined || others.length === 0) return first ?? new CniError(ErrorCode.internal, 'DEL failed');
  const details = [first.details, ...others.map((other) => `also: ${other}`)].filter((text) => text !== '');
  return new CniError(first.code, first.message, details.join('; '), { cause: first });
}

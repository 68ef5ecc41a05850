import { formatAddress } from '../../pkg/addr/address.ts';
import { type Allocated, allocate } from '../../pkg/ipam/allocate.ts';
import { peekLeases } from '../../pkg/ipam/peek.ts';
import type { LeaseStore } from '../../pkg/ipam/store.ts';
import { quote } from '../../pkg/plan/action.ts';
import type { AttachmentCall, PlannedAdd } from '../../pkg/skel/plugin.ts';
import { requestOf, resultMaker } from './add.ts';
import { storeOptions } from './config.ts';
import type { HostLocalConf } from './schema.ts';

/** Which addresses an ADD would give now. */
export async function plan(call: AttachmentCall<HostLocalConf>): Promise<PlannedAdd> {
  const request = requestOf(call);
  const resultFor = await resultMaker(call);
  const options = storeOptions(call);
  const folder = `${options.dataDir}/${call.network}`;
  const { allocated, lines } = await peekLeases(options, (store) => {
    const given = allocate(store, request);
    return { allocated: given, lines: given.flatMap((one, set) => leaseLines(call, store, folder, one, set)) };
  });
  const addresses = allocated.map(({ address }) => formatAddress(address)).join(' and ');
  const note = `leases ${addresses}, under the lock of ${folder}/lock`;
  return {
    result: resultFor(allocated),
    steps: [{ place: 'host', note, lines: [`mkdir -p ${quote(folder)}`, ...lines] }],
  };
}

function leaseLines(
  { containerId, ifName }: AttachmentCall<HostLocalConf>,
  store: LeaseStore,
  folder: string,
  { address }: Allocated,
  set: number,
): string[] {
  const text = formatAddress(address);
  const last = store.folder.lastReserved(set);
  const isLast = last !== undefined && formatAddress(last) === text;
  return [
    `(umask 077; printf '%s\\r\\n%s' ${quote(containerId)} ${quote(ifName)} > ${quote(`${folder}/${text}`)})`,
    ...(isLast ? [`(umask 077; printf %s ${text} > ${quote(`${folder}/last_reserved_ip.${set}`)})`] : []),
  ];
}

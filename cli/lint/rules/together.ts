import { readFields } from '../../../pkg/types/decode.ts';
import type { Entry, LintDocument } from '../document.ts';
import type { Path, Problems } from '../finding.ts';

const DEFAULT_ROUTES = ['0.0.0.0/0', '::/0'];

/** The marks of Kubernetes, by their bits: what is to be masqueraded and what is to be dropped. */
const MARK_BITS: Readonly<Record<number, string>> = { 14: 'KUBE-MARK-MASQ', 15: 'KUBE-MARK-DROP' };

/** What several keys or several plugins say of the same thing. */
export function checkTogether({ entries }: LintDocument, problems: Problems): void {
  checkMasquerade(entries, problems);
  for (const entry of entries) {
    checkRuntimeKeys(entry, problems);
    if (entry.type === 'bridge') checkBridge(entry, problems);
    if (entry.type === 'portmap') checkPortmap(entry, problems);
  }
}

function checkMasquerade(entries: readonly Entry[], problems: Problems): void {
  const masquerading = entries.flatMap(({ raw, path, type }) => {
    const { ipMasq, delegate } = readFields(raw, '', ['ipMasq', 'delegate']);
    if (ipMasq === true) return [{ type, path: [...path, 'ipMasq'] as Path }];
    const isObject = typeof delegate === 'object' && delegate !== null && !Array.isArray(delegate);
    const delegated = isObject ? readFields(delegate, '', ['ipMasq']).ipMasq : undefined;
    return delegated === true ? [{ type, path: [...path, 'delegate', 'ipMasq'] as Path }] : [];
  });
  const [first, ...others] = masquerading;
  for (const { type, path } of others) {
    const message = `both ${first?.type} and ${type} masquerade`;
    problems.warning(path, message, 'every packet passes two sets of rules; one of them is enough', 'key');
  }
}

/** What a runtime writes into a call has no place in a file. */
function checkRuntimeKeys({ raw, path }: Entry, problems: Problems): void {
  for (const key of ['prevResult', 'runtimeConfig'] as const) {
    if (readFields(raw, '', [key])[key] === undefined) continue;
    problems.warning([...path, key], `"${key}" is written by the runtime in each call`, 'remove it', 'key');
  }
}

function checkBridge(entry: Entry, problems: Problems): void {
  const { path, raw, ipam, ipamType } = entry;
  const conf = readFields(raw, '', ['isGateway', 'isDefaultGateway', 'ipMasq', 'ipMasqBackend', 'forceAddress']);
  const gateway = (['isDefaultGateway', 'isGateway', 'ipMasq'] as const).find((key) => conf[key] === true);
  if (ipamType === '' && ipam !== undefined && Object.keys(ipam).length > 0) {
    const help = 'add "type": "host-local" to the section';
    problems.warning([...path, 'ipam'], 'the "ipam" section has no type, so nobody gives addresses', help, 'key');
  } else if (ipamType === '' && gateway !== undefined) {
    const help = 'add an "ipam" section such as { "type": "host-local", "ranges": [[{ "subnet": "10.1.0.0/24" }]] }';
    problems.warning([...path, gateway], `"${gateway}" without "ipam": there is no address to do it with`, help, 'key');
  }
  if (conf.isDefaultGateway === true) checkDefaultRoute(entry, problems);
  if (conf.forceAddress === true && conf.isGateway !== true && conf.isDefaultGateway !== true) {
    const help = 'add "isGateway": true, or remove it';
    problems.warning([...path, 'forceAddress'], '"forceAddress" does nothing without a gateway', help, 'key');
  }
  if (conf.ipMasqBackend !== undefined && conf.ipMasq !== true) {
    const help = 'add "ipMasq": true, or remove it';
    problems.warning([...path, 'ipMasqBackend'], '"ipMasqBackend" does nothing without "ipMasq"', help, 'key');
  }
  checkVlans(entry, problems);
}

function checkDefaultRoute({ path, ipam }: Entry, problems: Problems): void {
  const { routes } = readFields(ipam, '', ['routes']);
  for (const [index, route] of Array.isArray(routes) ? routes.entries() : []) {
    const { dst, gw } = readFields(route as object, '', ['dst', 'gw']);
    if (typeof dst !== 'string' || !DEFAULT_ROUTES.includes(dst)) continue;
    const help =
      gw === undefined
        ? 'remove one of them: with the reference’s bridge ADD fails with "file exists"'
        : 'this route wins, so the bridge is not the default gateway; remove "isDefaultGateway" or the route';
    const at = [...path, 'ipam', 'routes', index, 'dst'];
    problems.warning(at, '"isDefaultGateway" makes a default route too', help);
  }
}

function checkVlans({ path, raw }: Entry, problems: Problems): void {
  const { vlan, vlanTrunk, preserveDefaultVlan } = readFields(raw, '', ['vlan', 'vlanTrunk', 'preserveDefaultVlan']);
  if (preserveDefaultVlan === true && vlan === undefined && vlanTrunk === undefined) {
    const help = 'the port is in the default VLAN anyway; remove it';
    problems.warning(
      [...path, 'preserveDefaultVlan'],
      '"preserveDefaultVlan" does nothing without a VLAN',
      help,
      'key',
    );
  }
  if (typeof vlan !== 'number' || vlan === 0 || !Array.isArray(vlanTrunk)) return;
  for (const [index, entry] of vlanTrunk.entries()) {
    const { id, minID, maxID } = readFields(entry as object, '', ['id', 'minID', 'maxID']);
    const isInRange = typeof minID === 'number' && typeof maxID === 'number' && minID <= vlan && vlan <= maxID;
    if (id !== vlan && !isInRange) continue;
    const message = `VLAN ${vlan} is the port's own ("vlan") and passes tagged too`;
    problems.warning(
      [...path, 'vlanTrunk', index],
      message,
      'its frames leave untagged or tagged, not both; remove one',
    );
  }
}

function checkPortmap({ path, raw }: Entry, problems: Problems): void {
  const conf = readFields(raw, '', ['snat', 'masqAll', 'markMasqBit', 'externalSetMarkChain']);
  const bit = conf.markMasqBit;
  const owner = typeof bit === 'number' ? MARK_BITS[bit] : undefined;
  if (owner !== undefined) {
    const message = `bit ${bit} of the packet mark is that of Kubernetes (${owner})`;
    problems.warning([...path, 'markMasqBit'], message, 'leave the key out, which is bit 13, or choose another');
  }
  if (conf.snat !== false) return;
  for (const key of ['masqAll', 'markMasqBit', 'externalSetMarkChain'] as const) {
    if (conf[key] === undefined || conf[key] === false) continue;
    const help = 'remove it, or "snat": false';
    problems.warning([...path, key], `"${key}" does nothing with "snat": false`, help, 'key');
  }
}

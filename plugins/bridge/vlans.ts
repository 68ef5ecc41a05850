import { configError } from '../../pkg/config/config-error.ts';
import type { BridgeConf } from './schema.ts';

/** In which VLANs a container's port is. */
export interface PortVlans {
  /** The VLAN of the container's untagged frames; 0: none of its own. */
  readonly access: number;
  /** The VLANs that pass tagged, ascending. */
  readonly trunk: readonly number[];
  /** Whether the port stays in the bridge's default VLAN as well. */
  readonly keepsDefault: boolean;
}

const LAST_VLAN = 4094;

/** The VLAN in which untagged frames of a port with only a trunk are. */
export const NATIVE_VLAN = 1;

/** The VLANs that a configuration asks for; `undefined` when it asks for none, and the bridge needs no filter. */
export function portVlansOf(conf: BridgeConf): PortVlans | undefined {
  const access = conf.vlan ?? 0;
  if (access < 0 || access > LAST_VLAN) {
    throw configError(
      `invalid VLAN ID ${access} (must be between 0 and ${LAST_VLAN})`,
      'vlan',
      access,
      `0 for none, or 1 to ${LAST_VLAN}`,
    );
  }
  if (access === 0 && conf.vlanTrunk === undefined) return undefined;
  return { access, trunk: trunkOf(conf.vlanTrunk ?? []), keepsDefault: conf.preserveDefaultVlan ?? false };
}

function trunkOf(entries: NonNullable<BridgeConf['vlanTrunk']>): readonly number[] {
  const vlans = new Set<number>();
  for (const [index, { id, minID, maxID }] of entries.entries()) {
    const key = `vlanTrunk[${index}]`;
    if (minID !== undefined && maxID !== undefined) {
      refuseUnless(isVlan(minID), 'incorrect trunk minID parameter', `${key}.minID`, minID);
      refuseUnless(isVlan(maxID), 'incorrect trunk maxID parameter', `${key}.maxID`, maxID);
      refuseUnless(
        minID <= maxID,
        'minID is greater than maxID in trunk parameter',
        `${key}.minID`,
        minID,
        `at most maxID, ${maxID}`,
      );
      for (let vlan = minID; vlan <= maxID; vlan += 1) vlans.add(vlan);
    } else if (minID !== undefined || maxID !== undefined) {
      const missing = minID === undefined ? 'minID' : 'maxID';
      const message = `minID and maxID should be configured simultaneously, ${missing} is missing`;
      throw configError(message, `${key}.${missing}`, undefined, 'the other end of the range');
    }
    if (id !== undefined) {
      refuseUnless(isVlan(id), 'incorrect trunk id parameter', `${key}.id`, id);
      vlans.add(id);
    }
  }
  return [...vlans].sort((a, b) => a - b);
}

function isVlan(id: number): boolean {
  return id >= 1 && id <= LAST_VLAN;
}

function refuseUnless(fits: boolean, message: string, key: string, found: number, wanted = `1 to ${LAST_VLAN}`): void {
  if (!fits) throw configError(message, key, found, wanted);
}

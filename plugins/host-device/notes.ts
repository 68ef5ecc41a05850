import { isObject } from '../../pkg/json/decode.ts';
import type { JsonObject } from '../../pkg/skel/plugin.ts';
import { type DeviceIdentity, readIdentity } from './recognize.ts';

/** What is noted about an attachment before its device is moved: enough to put it back without anything else. */
export interface HostDeviceNotes {
  /** The device's name on the host; '' when a program drives it and there is none. */
  readonly device: string;
  readonly mac: string;
  /** What it is; `undefined` in a note of an older version, and without a device. */
  readonly identity?: DeviceIdentity | undefined;
  /** The alias that it had on the host. */
  readonly alias: string;
  /** Whether it was up on the host. */
  readonly wasUp: boolean;
  /** How it was looked for: `device ens5`. */
  readonly sought: string;
  /** The `ipam` section that the addresses came from. */
  readonly ipam?: JsonObject;
}

/** The notes in a record; what is missing or of another type is as if it had never been there. */
export function notesOf(data: Readonly<JsonObject>): HostDeviceNotes {
  const { device, mac, identity, alias, wasUp, sought, ipam } = data;
  return {
    device: textIn(device),
    mac: textIn(mac),
    identity: readIdentity(identity),
    alias: textIn(alias),
    wasUp: wasUp === true,
    sought: textIn(sought),
    ...(isObject(ipam) ? { ipam } : {}),
  };
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

import { canonicalMac } from '../../../pkg/addr/mac.ts';
import type { Client } from '../../../pkg/dhcp/client.ts';
import type { ContainerLink } from '../../../pkg/dhcp/container-link.ts';
import { type Lease, leaseFrom } from '../../../pkg/dhcp/lease.ts';
import type { WayOut } from '../../../pkg/dhcp/way-out.ts';
import type { Attachment } from '../../../pkg/types/attachment.ts';
import type { LeaseFile } from '../lease-files.ts';

/** A lease with all that it takes to keep it, or to give it back. */
export interface Held {
  readonly key: Attachment;
  readonly link: ContainerLink;
  readonly wayOut: WayOut | undefined;
  readonly options: Client['options'];
  readonly lease: Lease;
}

const MAC_BYTES = 6;

/** As it is written down. */
export function fileOf({ key, link, wayOut, options, lease }: Held): Omit<LeaseFile, 'version' | 'bootId'> {
  const { netns, index, mac } = link;
  return {
    ...key,
    netns,
    index,
    mac,
    ...(wayOut === undefined ? {} : { wayOut }),
    options: [...options].map(([code, data]) => [code, hex(data)] as const),
    ack: hex(lease.ack),
    serverMac: hex(lease.serverMac),
    askedAt: lease.askedAt,
  };
}

/** What was written down; `undefined` when no lease is in it. */
export function heldFrom(file: LeaseFile): Held | undefined {
  const { containerId, network, ifName, netns, index, mac, wayOut } = file;
  try {
    const serverMac = bytes(file.serverMac);
    const lease = leaseFrom(bytes(file.ack), serverMac, file.askedAt);
    if (lease === undefined || serverMac.length !== MAC_BYTES) return undefined;
    const options = new Map(file.options.map(([code, data]) => [code, bytes(data)]));
    const link: ContainerLink = { netns, ifName, index, mac };
    return { key: { containerId, network, ifName }, link, wayOut, options, lease };
  } catch {
    return undefined;
  }
}

/** The bytes of a MAC. */
export function macBytes(mac: string): Uint8Array {
  return bytes((canonicalMac(mac) ?? '').replaceAll(':', ''));
}

function hex(data: Uint8Array): string {
  return Buffer.from(data).toString('hex');
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

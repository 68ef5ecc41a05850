import type { RecordedPod } from '../../pkg/record/record.ts';
import type { Attachment } from '../../pkg/types/attachment.ts';
import { podText } from '../terminal.ts';

/** A port of the host that leads to a container. */
export interface PortOf {
  readonly protocol: string;
  readonly hostPort: number;
  readonly containerPort: number;
  /** The host's address that counts; '' for all. */
  readonly hostIp: string;
}

/** One attachment of a container, as it is and as it was noted. */
export interface ShownAttachment extends Attachment {
  readonly pod?: RecordedPod;
  readonly netns: string;
  readonly state: 'alive' | 'dead' | 'unknown';
  /** When it was made, ISO 8601. */
  readonly since?: string;
  /** The host's end; '' when there is none or it is not known. */
  readonly hostLink: string;
  readonly hostLinkUp: boolean;
  /** The link of the host that a macvlan, an ipvlan or a VLAN is on top of. */
  readonly master?: string;
  /** What the interface in the container has now; what was noted where it cannot be looked at. */
  readonly addresses: readonly string[];
  readonly mac: string;
  readonly ports: readonly PortOf[];
  /** Plugins that noted something about it. */
  readonly plugins: readonly string[];
  /** What is not as it was noted, one line each. */
  readonly problems: readonly string[];
}

/** A bridge and who is on it. */
export interface ShownBridge {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly isUp: boolean;
  readonly mtu: number;
  readonly attachments: readonly ShownAttachment[];
  /** Ports that this suite knows nothing of. */
  readonly otherPorts: readonly string[];
}

/** A link of the host that leads outside, or that containers' links are on top of. */
export interface ShownMaster {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly isUp: boolean;
  readonly mtu: number;
  /** Whether a default route leaves by it. */
  readonly isUplink: boolean;
  readonly attachments: readonly ShownAttachment[];
}

/** A node's attachments. */
export interface NodePicture {
  readonly host: string;
  readonly bridges: readonly ShownBridge[];
  /** The uplinks, and what macvlans, ipvlans and VLANs are on top of. */
  readonly masters: readonly ShownMaster[];
  /** Those that are on no bridge and no other link of this host. */
  readonly others: readonly ShownAttachment[];
}

/** What a container is called: its pod, else the beginning of its id. */
export function nameOf({ pod, containerId }: Pick<ShownAttachment, 'pod' | 'containerId'>): string {
  return pod === undefined ? shortId(containerId) : podText(pod);
}

/** As much of an id as people compare. */
export function shortId(containerId: string): string {
  return /^[\da-f]{64}$/.test(containerId) ? containerId.slice(0, 12) : containerId;
}

/** `8080/tcp → 80`, with the host's address when only one counts. */
export function portText({ protocol, hostPort, containerPort, hostIp }: PortOf): string {
  const address = hostIp.includes(':') ? `[${hostIp}]` : hostIp;
  return `${address === '' ? '' : `${address}:`}${hostPort}/${protocol} → ${containerPort}`;
}

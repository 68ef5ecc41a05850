import { DBUS_TARGETS } from './dbus.ts';
import { DHCP_TARGETS } from './dhcp.ts';
import { FILE_TARGETS } from './files.ts';
import { GOB_TARGETS } from './gob.ts';
import { JSON_TARGETS } from './json.ts';
import { NETFILTER_TARGETS } from './netfilter.ts';
import { NETLINK_TARGETS } from './netlink.ts';
import { KERNEL_TARGETS } from './sockets.ts';
import type { Target } from './target.ts';

/** Every reader of something that others wrote. */
export const TARGETS: readonly Target[] = [
  ...NETLINK_TARGETS,
  ...NETFILTER_TARGETS,
  ...KERNEL_TARGETS,
  ...DHCP_TARGETS,
  ...GOB_TARGETS,
  ...DBUS_TARGETS,
  ...JSON_TARGETS,
  ...FILE_TARGETS,
];

/** What a driver is told. */
export interface CodecRun {
  readonly seed: number;
  readonly first: number;
  readonly last: number;
  /** How many times the usual an input may take: the sanitized engine is slow. */
  readonly slower: number;
  /** The places of targets among {@link TARGETS}. */
  readonly targets: readonly number[];
}

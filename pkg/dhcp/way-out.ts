import type { ShownLink } from '../rtnl/link-show.ts';
import { showLink } from '../rtnl/link-show.ts';
import { askByIndex, ifThere } from '../rtnl/names.ts';
import { type Door, LinkGone } from './client.ts';
import { linkNamed, onSocket } from './container-link.ts';
import { openWire } from './system.ts';

/** The host's link that leads to a container's server: for when the container is gone, and its address is not. */
export interface WayOut {
  readonly name: string;
  readonly index: number;
}

/** Kinds of links that stand on one of the host. */
const ON_TOP: readonly unknown[] = ['macvlan', 'ipvlan', 'vlan'];

/** The way out of a container's link; `undefined` when it has none through this host. */
export function wayOutOf(shown: ShownLink): WayOut | undefined {
  const { link_index: index, ifindex } = shown;
  if (index === undefined) return undefined;
  return onSocket((socket) => {
    const body = ifThere(() => askByIndex(socket, index));
    const other = body && showLink(socket, body, { alias: false, details: true });
    if (other === undefined) return undefined;
    if (ON_TOP.includes(shown.linkinfo?.info_kind)) return { name: other.ifname, index };
    // The host's end of a pair is gone with the container, but not the bridge that it is a port of.
    if (other.link_index !== ifindex || other.master === undefined) return undefined;
    const bridge = linkNamed(socket, other.master);
    return bridge && { name: bridge.ifname, index: bridge.ifindex };
  });
}

/** The door to a host's link. */
export function hostDoor({ name, index }: WayOut): Door {
  const isThere = (): boolean => onSocket((socket) => linkNamed(socket, name)?.ifindex === index);
  return {
    isThere,
    async open() {
      if (!isThere()) throw new LinkGone(`${name} is not there any more`);
      return openWire(index)();
    },
  };
}

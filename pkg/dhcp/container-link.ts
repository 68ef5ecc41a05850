import { NetnsError } from '../netns/error.ts';
import type { Netns } from '../netns/netns.ts';
import { openNetns } from '../netns/open.ts';
import { ownNetns } from '../netns/own.ts';
import { exchangeAsync } from '../rtnl/async-exchange.ts';
import { IFF, IFINFO_BYTES, IFLA, INFO, LINK, linkHeader, WITHOUT_STATISTICS } from '../rtnl/link/message.ts';
import { macText } from '../rtnl/link/show.ts';
import { attributesOf, bodiesOf, bytesOf, FLAG, numberOf, request, textBytes, textOf } from '../rtnl/message.ts';
import { namespaceId } from '../rtnl/namespace-id.ts';
import { RtnlError } from '../rtnl/socket.ts';
import { type Door, LinkGone, type Wire } from './client.ts';
import { openWire } from './system.ts';

/** A link of a container, however its path or name may be used again. */
export interface ContainerLink {
  readonly netns: { readonly path: string; readonly dev: string; readonly ino: string };
  readonly ifName: string;
  readonly index: number;
  readonly mac: string;
}

/** A link that was found, as it is now. */
export interface FoundLink {
  readonly link: ContainerLink;
  readonly isUp: boolean;
  /** What it stands on or leads to, where that is in the host's namespace and nowhere else. */
  readonly hostLink: HostLink | undefined;
}

/** How a container's link and one of the host belong together. */
export interface HostLink {
  /** That of the host's. */
  readonly index: number;
  /** Kind and index of the container's. */
  readonly kind: string;
  readonly innerIndex: number;
}

/** Looks for a link; throws in the reference's words when it is not there. */
export async function findLink(path: string, ifName: string): Promise<FoundLink> {
  return inside(path, async (netns) => {
    const seen = await linkNamed(netns, ifName);
    if (seen === undefined) throw new Error(`error looking up "${ifName}": Link not found`);
    const { index, mac, isUp } = seen;
    const { dev, ino } = netns.identity;
    const link = { netns: { path, dev: String(dev), ino: String(ino) }, ifName, index, mac };
    return { link, isUp, hostLink: await hostLinkOf(netns, seen) };
  });
}

/** The door to a link, for as long as it is that very link. */
export function doorOf(link: ContainerLink): Door {
  return {
    async isThere() {
      try {
        await enter(link, async () => undefined);
        return true;
      } catch (thrown) {
        if (thrown instanceof LinkGone) return false;
        // What cannot be looked at now may be there all the same.
        return true;
      }
    },
    async open(): Promise<Wire> {
      return enter(link, async (netns) => {
        const opened: (() => Promise<Wire>)[] = [];
        netns.run(() => void opened.push(openWire(link.index)));
        return (opened[0] as () => Promise<Wire>)();
      });
    },
  };
}

/** Sets a link up or down; throws a {@link LinkGone} when it is not there any more. */
export async function setLink(link: ContainerLink, state: 'up' | 'down'): Promise<void> {
  const header = linkHeader(link.index, state === 'up' ? IFF.up : 0, IFF.up);
  await enter(link, (netns) => exchangeAsync(netns, request(LINK.add, FLAG.ack, header, [])));
}

/** Works in the namespace of a link, if both are still the same. */
async function enter<T>(link: ContainerLink, work: (netns: Netns) => Promise<T>): Promise<T> {
  const { netns: known, ifName, index, mac } = link;
  try {
    return await inside(known.path, async (netns) => {
      const { dev, ino } = netns.identity;
      if (String(dev) !== known.dev || String(ino) !== known.ino) throw new LinkGone('the namespace is another one');
      const seen = await linkNamed(netns, ifName);
      if (seen?.index !== index || seen.mac !== mac) throw new LinkGone(`${ifName} is not there any more`);
      return work(netns);
    });
  } catch (thrown) {
    if (thrown instanceof NetnsError && thrown.kind !== 'other') throw new LinkGone(thrown.message);
    throw thrown;
  }
}

async function inside<T>(path: string, work: (netns: Netns) => Promise<T>): Promise<T> {
  const netns = openNetns(path);
  try {
    return await work(netns);
  } finally {
    // One that stays open would keep its namespace alive.
    netns.close();
  }
}

/** What the daemon needs to know of a link. */
export interface SeenLink {
  readonly index: number;
  readonly mac: string;
  readonly isUp: boolean;
  readonly kind: string;
  readonly lower: number | undefined;
  readonly lowerNamespace: number | undefined;
}

async function linkNamed(netns: Netns, name: string): Promise<SeenLink | undefined> {
  const question = request(LINK.get, 0, linkHeader(0), [[IFLA.ifname, textBytes(name)], WITHOUT_STATISTICS]);
  try {
    const [body] = bodiesOf(await exchangeAsync(netns, question), IFINFO_BYTES);
    return body && seenLink(body);
  } catch (thrown) {
    if (thrown instanceof RtnlError && thrown.code === 'ENODEV') return undefined;
    throw thrown;
  }
}

/** Reads what the kernel says of a link. */
export function seenLink(body: DataView): SeenLink {
  const attributes = attributesOf(body, IFINFO_BYTES);
  const address = attributes.get(IFLA.address);
  const info = attributes.get(IFLA.linkinfo);
  return {
    index: body.getInt32(4, true),
    mac: address === undefined ? '' : macText(bytesOf(address)),
    isUp: (body.getUint32(8, true) & IFF.up) !== 0,
    kind: info === undefined ? '' : textOf(attributesOf(info, 0).get(INFO.kind)),
    lower: numberOf(attributes.get(IFLA.link), 4),
    lowerNamespace: numberOf(attributes.get(IFLA.linkNetnsid), 4),
  };
}

/** The index of a link below says nothing without its namespace: whoever is in a container may have made others. */
async function hostLinkOf(netns: Netns, seen: SeenLink): Promise<HostLink | undefined> {
  const { lower, lowerNamespace, kind, index: innerIndex } = seen;
  if (lower === undefined || lowerNamespace === undefined) return undefined;
  const isOnHost = (await namespaceId(netns, ownNetns())) === lowerNamespace;
  return isOnHost ? { index: lower, kind, innerIndex } : undefined;
}

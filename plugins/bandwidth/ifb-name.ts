import { sha512 } from '../../pkg/netfilter/sha512.ts';

/** The link through which all goes that a container sends into a network; all its interfaces there share the name. */
export function ifbName(network: string, containerId: string): string {
  return `bwp${sha512(network + containerId).slice(0, 12)}`;
}

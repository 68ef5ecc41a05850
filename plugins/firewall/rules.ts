import type { Family } from '../../pkg/addr/address.ts';
import type { Command } from '../../pkg/netfilter/restore.ts';
import type { HostAddress, IngressPolicy } from './settings.ts';

/** The chains of the plugin's own. */
export const CHAIN = {
  forward: 'CNI-FORWARD',
  stage1: 'CNI-ISOLATION-STAGE-1',
  stage2: 'CNI-ISOLATION-STAGE-2',
} as const;

/** What of a family's filter table all containers share. */
export interface SharedRule {
  readonly chain: string;
  /** What a packet has to be like; '' for any. */
  readonly match: Command;
  readonly comment: string;
  readonly target: string;
  /** Whether it has to come before what is there. */
  readonly first: boolean;
}

const LENGTH: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** The rules of one container, behind `-A` or `-D`. */
export function containerRules(address: HostAddress): readonly [inbound: Command, outbound: Command] {
  const host = `${address.text}/${LENGTH[address.family]}`;
  return [
    [CHAIN.forward, '-d', host, '-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED', '-j', 'ACCEPT'],
    [CHAIN.forward, '-s', host, '-j', 'ACCEPT'],
  ];
}

/** A rule that all share, as it is listed. */
export function listedRule({ chain, match, comment, target }: SharedRule): string {
  return `-A ${[chain, ...match].join(' ')} -m comment --comment "${comment}" -j ${target}\n`;
}

/** The command that makes a rule that all share. */
export function sharedCommand(shared: SharedRule): Command {
  const [chain = '', ...rule] = sharedWords(shared);
  return shared.first ? ['-I', chain, '1', ...rule] : ['-A', chain, ...rule];
}

/** The words of a rule that all share, behind `-A`. */
export function sharedWords({ chain, match, comment, target }: SharedRule): Command {
  return [chain, ...match, '-m', 'comment', '--comment', comment, '-j', target];
}

/** What leads packets to the containers' rules, and before them to the administrator's. */
export function sharedRules(adminChain: string): readonly SharedRule[] {
  return [
    { chain: 'FORWARD', match: [], comment: 'CNI firewall plugin rules', target: CHAIN.forward, first: true },
    {
      chain: CHAIN.forward,
      match: [],
      comment: 'CNI firewall plugin admin overrides',
      target: adminChain,
      first: true,
    },
  ];
}

/** What keeps networks apart, in the order in which it is made. */
export function policyRules(policy: NonNullable<IngressPolicy>, bridge: string): readonly SharedRule[] {
  const { stage1, stage2 } = CHAIN;
  const comment = 'CNI firewall plugin rules (ingressPolicy: same-bridge|isolated)';
  const ofPolicy = `CNI firewall plugin rules (ingressPolicy: ${policy})`;
  const toOthers = ['-i', bridge, '!', '-o', bridge];
  const rules: SharedRule[] = [
    { chain: 'FORWARD', match: [], comment, target: stage1, first: true },
    { chain: stage1, match: toOthers, comment: ofPolicy, target: stage2, first: true },
  ];
  if (policy === 'isolated') {
    const within = ['-i', bridge, '-o', bridge];
    rules.push({ chain: stage1, match: within, comment: ofPolicy, target: 'DROP', first: true });
  }
  rules.push(
    { chain: stage1, match: [], comment, target: 'RETURN', first: false },
    { chain: stage2, match: ['-o', bridge], comment, target: 'DROP', first: true },
    { chain: stage2, match: [], comment, target: 'RETURN', first: false },
  );
  return rules;
}

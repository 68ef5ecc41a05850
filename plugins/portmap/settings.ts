import { configError } from '../../pkg/config/config-error.ts';
import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { CniError, ErrorCode } from '../../pkg/types/error.ts';
import { quote } from '../../pkg/types/quote.ts';
import type { PortmapConf } from './schema.ts';

/** What the configuration asks for, besides the mappings. */
export interface PortmapSettings {
  /** `undefined` when the choice is left. */
  readonly backend: MasqueradeBackend | undefined;
  readonly snat: boolean;
  readonly masqAll: boolean;
  readonly markBit: number;
  /** Somebody else's chain; '' for the plugin's own. */
  readonly externalSetMarkChain: string;
  readonly conditionsV4: readonly string[];
  readonly conditionsV6: readonly string[];
  /** Whether a port that a living container has is mapped all the same. */
  readonly allowsConflicts: boolean;
}

/** The bit of the packet mark that the reference takes. */
const DEFAULT_MARK_BIT = 13;

/** Reads the configuration, or refuses it; `failure` is how an error begins. */
export function settingsOf(conf: PortmapConf, failure: string): PortmapSettings {
  const { markMasqBit, externalSetMarkChain = '', conditionsV4 = [], conditionsV6 = [] } = conf;
  if (markMasqBit !== undefined && externalSetMarkChain !== '') {
    const message = `${failure}Cannot specify externalSetMarkChain and markMasqBit`;
    throw configError(message, 'markMasqBit', markMasqBit, 'no such key where another chain sets the mark');
  }
  const markBit = markMasqBit ?? DEFAULT_MARK_BIT;
  if (markBit < 0 || markBit > 31) {
    throw configError(`${failure}MasqMarkBit must be between 0 and 31`, 'markMasqBit', markBit, '0 to 31');
  }
  refuseUnsafe(conditionsV4, 'conditionsV4', failure);
  refuseUnsafe(conditionsV6, 'conditionsV6', failure);
  return {
    backend: backendOf(conf, failure),
    snat: conf.snat ?? true,
    masqAll: conf.masqAll ?? false,
    markBit,
    externalSetMarkChain,
    conditionsV4,
    conditionsV6,
    allowsConflicts: allowsConflicts(conf, failure),
  };
}

function allowsConflicts({ conflicts = 'refuse' }: PortmapConf, failure: string): boolean {
  if (conflicts === 'allow' || conflicts === 'refuse') return conflicts === 'allow';
  throw configError(`${failure}unknown value of "conflicts"`, 'conflicts', conflicts, '"refuse" or "allow"');
}

/** The backend that is named, else the one that the other keys are written for. */
function backendOf(conf: PortmapConf, failure: string): MasqueradeBackend | undefined {
  const { backend: named = '' } = conf;
  if (named !== '' && named !== 'iptables' && named !== 'nftables') {
    const message = `${failure}unrecognized backend ${quote(named)}`;
    throw configError(message, 'backend', named, '"iptables", "nftables", or no such key: then what works is used');
  }
  const specific: Record<MasqueradeBackend, string[]> = { iptables: [], nftables: [] };
  if ((conf.externalSetMarkChain ?? '') !== '') specific.iptables.push('externalSetMarkChain');
  for (const key of ['conditionsV4', 'conditionsV6'] as const) {
    const [first] = conf[key] ?? [];
    if (first !== undefined) specific[isForIptables(first) ? 'iptables' : 'nftables'].push(key);
  }
  const backend = named !== '' ? named : specific.nftables.length > 0 ? 'nftables' : undefined;
  const other = backend === 'nftables' ? 'iptables' : 'nftables';
  if (specific[other].length > 0) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${failure}${backend ?? 'iptables'} backend was requested but configuration contains ${other}-specific options ` +
        `[${specific[other].join(' ')}]`,
      'conditions for iptables begin with "-" or "!", those for nftables do not; all keys have to be for one backend',
    );
  }
  return backend ?? (specific.iptables.length > 0 ? 'iptables' : undefined);
}

/** As the reference tells them apart. */
function isForIptables(condition: string): boolean {
  return condition[0] === '-' || condition[0] === '!';
}

/** A line break or a semicolon would begin another statement. */
const SAFE_CONDITION = /^[ -:<-\uffff]+$/;

function refuseUnsafe(conditions: readonly string[], key: string, failure: string): void {
  for (const condition of conditions) {
    if (SAFE_CONDITION.test(condition)) continue;
    throw configError(`${failure}invalid condition ${quote(condition)}`, key, condition, 'one word of a condition');
  }
}

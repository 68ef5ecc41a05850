import type { MasqueradeBackend } from '../../pkg/netfilter/backend-name.ts';
import { isMissing, missingProgram, Site } from '../../pkg/netfilter/program.ts';
import { allOf } from '../../pkg/netfilter/together.ts';
import { ownNetns } from '../../pkg/netns/own.ts';
import { onlyFilterPrograms } from '../../pkg/plan/options.ts';
import type { AttachmentRecord } from '../../pkg/record/record.ts';
import type { AttachmentCall } from '../../pkg/skel/plugin.ts';
import { CniError, ErrorCode, missingPrevResult } from '../../pkg/types/error.ts';
import { compareIptables } from './check-iptables.ts';
import { compareNft } from './check-nft.ts';
import { type Forwarding, familiesIn, forwardingOf } from './forwarding.ts';
import { mappingsOf } from './mapping.ts';
import { notesOf } from './notes.ts';
import type { PortmapConf } from './schema.ts';
import { settingsOf } from './settings.ts';

type CheckCall = AttachmentCall<PortmapConf>;

/** What a backend has of an attachment's rules in one family. */
export interface Comparison {
  /** How many of its own rules are there. */
  readonly present: number;
  readonly differences: readonly string[];
}

const TIMEOUT_MS = 30_000;
/** Of thousands the first ones tell enough. */
const MOST_NAMED = 20;

/** Fails with all rules that are missing, and all that others have put in front of them. */
export async function check(call: CheckCall): Promise<void> {
  const result = call.prevResult;
  const settings = settingsOf(call.conf, '');
  const mappings = mappingsOf(call.conf, '');
  if (result === undefined) throw missingPrevResult();
  if (mappings.length === 0) return;
  const forwarding = forwardingOf(settings, mappings, result, call.ifName);
  const needsPrograms = onlyFilterPrograms(call.environment);
  const site = new Site({ place: ownNetns(), timeoutMs: TIMEOUT_MS, onlyFilterPrograms: needsPrograms });
  const record = call.records.find(call, 'portmap');
  const backends = backendsOf(record, settings.backend);
  const isOurs = record !== undefined;
  const found = await allOf(backends.map((backend) => compareWith(site, call, forwarding, backend, isOurs)));
  // The backend that was used is the one that has most of the rules.
  const [best] = found.toSorted((a, b) => b.present - a.present || a.differences.length - b.differences.length);
  const [first, ...others] = best?.differences ?? [];
  if (first === undefined) return;
  const more = others.length > MOST_NAMED ? [`and ${others.length - MOST_NAMED} more`] : [];
  throw new CniError(
    ErrorCode.internal,
    first,
    [...others.slice(0, MOST_NAMED), ...more, 'DEL and ADD put it right'].join('; '),
  );
}

async function compareWith(
  site: Site,
  call: CheckCall,
  forwarding: Forwarding,
  backend: MasqueradeBackend,
  isOurs: boolean,
): Promise<Comparison> {
  const compare = backend === 'iptables' ? compareIptables : compareNft;
  const parts = await allOf(
    familiesIn(forwarding).map(async (own): Promise<Comparison> => {
      try {
        return await compare(site, call, forwarding, own, isOurs);
      } catch (thrown) {
        if (!isMissing(thrown)) throw thrown;
        const program = backend === 'nftables' ? 'nft' : own.family === 4 ? 'iptables' : 'ip6tables';
        return { present: 0, differences: [missingProgram(program, thrown, 'open').toString()] };
      }
    }),
  );
  return {
    present: parts.reduce((sum, { present }) => sum + present, 0),
    differences: parts.flatMap(({ differences }) => differences),
  };
}

/** Who made the rules: what was noted, else what is configured, else either. */
function backendsOf(
  own: AttachmentRecord | undefined,
  configured: MasqueradeBackend | undefined,
): readonly MasqueradeBackend[] {
  if (own !== undefined) return notesOf(own.data).backends;
  return configured === undefined ? ['iptables', 'nftables'] : [configured];
}

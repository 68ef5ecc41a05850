import { HolderSearch } from '../../pkg/libcni/holder.ts';
import { recordFolder } from '../../pkg/record/store.ts';
import { toCniError } from '../../pkg/types/error.ts';
import { PortClaims } from '../../plugins/portmap/claims.ts';
import { releaseDeadPorts } from '../../plugins/portmap/dead.ts';
import { unnotedPorts } from '../../plugins/portmap/foreign.ts';
import type { Command, CommandCall } from '../command.ts';
import { collect, partsOf } from './collect.ts';
import { type Judgement, judgeWith, type KnownAttachment, knownAttachments } from './known.ts';
import { readValid } from './valid.ts';

/** `cni gc`: takes away what is left of containers that are gone, and of no others. */
export const gc: Command = {
  usage: '[--dry-run] [--json] [--valid SOURCE] [<network>]',
  help: `Takes away what is left of containers that are proven dead, in one network or in all: links, rules, addresses, ports
of the host, notes. A container is dead when its network namespace is gone or its address was given before this boot.

  --dry-run       says what would be done, and does nothing
  --json          as a JSON document
  --valid SOURCE  which containers live, so that those of plugins that keep no records can be told from dead ones: a file,
                  "-" for stdin, "crictl" or "podman" to ask these. Read are what "crictl pods -o json" and "podman ps
                  --format json" print, or an id on each line. What is not named and yet found alive is left alone.

A path behind the network is allowed, as cnitool wants one, and means nothing. Under the name cnitool, gc deletes every
attachment of the network, the living ones too. The exit status is 1 when something could not be taken away.
`,
  options: { 'dry-run': { type: 'boolean' }, json: { type: 'boolean' }, valid: { type: 'string' } },
  most: 2,
  needsRoot: true,
  run,
};

/** What was found of an attachment. */
interface Found {
  readonly one: KnownAttachment;
  readonly judgement: Judgement;
}

async function run({ positionals, values, environment, terminal }: CommandCall): Promise<number> {
  const [network] = positionals;
  const isDry = values['dry-run'] === true;
  const failures: string[] = [];
  try {
    const isValid = values['valid'] === undefined ? undefined : await readValid(String(values['valid']), environment);
    const judge = judgeWith(new HolderSearch(environment), isValid);
    const found: Found[] = [];
    for (const one of await knownAttachments(environment, network)) found.push({ one, judgement: await judge(one) });
    const collected: Found[] = [];
    for (const dead of found.filter(({ judgement }) => judgement.state === 'dead')) {
      try {
        if (!isDry) await collect(dead.one, environment);
        collected.push(dead);
      } catch (thrown) {
        failures.push(`${nameOf(dead.one)}: ${toCniError(thrown)}`);
      }
    }
    const ports = await collectPorts(environment, network, isDry, failures);
    const unknown = found.filter(({ judgement }) => judgement.state === 'unknown');
    if (values['json'] === true) {
      const document = { dryRun: isDry, collected: collected.map(documentOf), ports, unknown: unknown.map(documentOf) };
      await terminal.out(`${JSON.stringify({ ...document, failures }, null, 2)}\n`);
    } else await terminal.out(shown(found, collected, ports, isDry));
  } catch (thrown) {
    failures.push(`${toCniError(thrown)}`);
  }
  for (const failure of failures) await terminal.err(`cni: ${failure}\n`);
  return failures.length === 0 ? 0 : 1;
}

/** Ports of the reference's: no attachment has a note of them. */
async function collectPorts(
  environment: CommandCall['environment'],
  network: string | undefined,
  isDry: boolean,
  failures: string[],
): Promise<readonly string[]> {
  const isWanted = (claim: { readonly network: string }) => network === undefined || claim.network === network;
  if (isDry) {
    const noted = new PortClaims(recordFolder(environment)).listed();
    const unnoted = await unnotedPorts(noted, new HolderSearch(environment));
    return unnoted
      .filter(({ claim }) => isWanted(claim) && claim.netns.ino === '')
      .map(({ port, claim }) => textOf(port, claim));
  }
  const outcome = await releaseDeadPorts(environment, (line) => void failures.push(line), isWanted);
  failures.push(...outcome.failures);
  return outcome.released.map(({ port, claim }) => textOf(port, claim));
}

function textOf(port: string, { containerId }: { readonly containerId: string }): string {
  const [protocol, number] = port.split('-');
  return `${number}/${protocol} of container ${containerId}`;
}

function documentOf({ one, judgement }: Found): object {
  const { network, containerId, ifName } = one;
  return { network, containerId, ifName, because: judgement.because, parts: partsOf(one) };
}

function nameOf({ network, containerId, ifName }: KnownAttachment): string {
  return `container ${containerId} (${ifName === '' ? '' : `${ifName}, `}network ${network})`;
}

function shown(found: readonly Found[], collected: readonly Found[], ports: readonly string[], isDry: boolean): string {
  const verb = isDry ? 'would collect' : 'collected';
  const lines = collected.map(({ one, judgement }) => {
    return `${verb} ${partsOf(one).join(', ')} of ${nameOf(one)}: ${judgement.because}`;
  });
  lines.push(...ports.map((port) => `${verb} the host port ${port}: no namespace of it is left`));
  const count = (state: Judgement['state']) => found.filter(({ judgement }) => judgement.state === state).length;
  if (lines.length === 0) lines.push('nothing to collect');
  const unknown = count('unknown');
  const advice = unknown === 0 ? '' : `, and ${unknown} of which nothing is proven: "--valid" says which of those live`;
  lines.push(`left alone: ${count('alive')} alive${advice}`);
  return `${lines.join('\n')}\n`;
}

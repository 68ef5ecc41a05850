import { toCniError } from '../../pkg/types/error.ts';
import { CONF_FOLDER, PLUGIN_FOLDER, pluginPath } from '../cnitool.ts';
import type { Command, CommandCall } from '../command.ts';
import type { Severity } from '../lint/finding.ts';
import type { Style, Terminal } from '../terminal.ts';
import type { Diagnosis } from './check.ts';
import { CHECKS } from './checks.ts';
import { lookAtNode, type Node, type NodePlaces } from './node.ts';

/** `cni doctor`: what is wrong on this node. */
export const doctor: Command = {
  usage: '[--fix] [--json] [--conf-dir FOLDER] [--bin-dir FOLDER]',
  help: `Looks at this node: which configuration wins, the plugins, the kernel's settings, bridges, leases, records, rules.
For each finding it says what it means and what mends it.

The exit status is 1 when there are errors or warnings that were not mended; notes are good to know.

  --fix              mends what cannot hit anything that is in use: what is left of containers that are proven dead,
                     damaged records and leases, forwarding that was switched off, rules that were flushed
  --json             as a JSON document: {"conflist", "findings": [{check, severity, found, means, mend, fixable}], "fixed"}
  --conf-dir FOLDER  where the runtime has its configurations; ${CONF_FOLDER}
  --bin-dir FOLDER   where it has its plugins; ${PLUGIN_FOLDER}
`,
  options: {
    fix: { type: 'boolean' },
    json: { type: 'boolean' },
    'conf-dir': { type: 'string' },
    'bin-dir': { type: 'string' },
  },
  needsRoot: true,
  run,
};

/** A diagnosis and whose it is. */
interface Finding extends Diagnosis {
  readonly check: string;
}

async function run({ values, environment, terminal, version }: CommandCall): Promise<number> {
  const places: NodePlaces = {
    environment,
    confFolder: String(values['conf-dir'] ?? CONF_FOLDER),
    pluginPath: String(values['bin-dir'] ?? pluginPath(environment)),
    version,
  };
  let node: Node;
  try {
    node = await lookAtNode(places);
  } catch (thrown) {
    await terminal.err(`cni: this node cannot be looked at: ${toCniError(thrown)}; run it as root, with iproute2\n`);
    return 1;
  }
  let findings = await examine(node);
  const fixed: string[] = [];
  if (values['fix'] === true && findings.some(({ fix }) => fix !== undefined)) {
    fixed.push(...(await mend(findings, terminal)));
    node = await lookAtNode(places);
    findings = await examine(node);
  }
  await terminal.out(values['json'] === true ? asJson(node, findings, fixed) : asText(node, findings, fixed, terminal));
  return findings.some(({ severity }) => severity !== 'note') ? 1 : 0;
}

async function examine(node: Node): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const check of CHECKS) {
    try {
      for (const diagnosis of await check.run(node)) found.push({ ...diagnosis, check: check.name });
    } catch (thrown) {
      // One thing that cannot be looked at must not hide the others.
      const what = `this could not be looked at: ${toCniError(thrown)}`;
      const mend = 'run it as root, on the node itself';
      found.push({
        check: check.name,
        severity: 'warning',
        found: what,
        means: 'something may be wrong with it',
        mend,
      });
    }
  }
  return found;
}

async function mend(findings: readonly Finding[], terminal: Terminal): Promise<readonly string[]> {
  const fixed: string[] = [];
  for (const { fix, found } of findings) {
    if (fix === undefined) continue;
    try {
      fixed.push(await fix());
    } catch (thrown) {
      await terminal.err(`cni: not mended: ${found}: ${toCniError(thrown)}\n`);
    }
  }
  return fixed;
}

function asJson(node: Node, findings: readonly Finding[], fixed: readonly string[]): string {
  const shown = findings.map(({ fix, ...finding }) => ({ ...finding, fixable: fix !== undefined }));
  const conflist = node.configurations.winner?.file ?? null;
  return `${JSON.stringify({ conflist, findings: shown, fixed }, null, 2)}\n`;
}

const COLOURS: Readonly<Record<Severity, Style>> = { error: 'red', warning: 'yellow', note: 'cyan' };

function asText(node: Node, findings: readonly Finding[], fixed: readonly string[], { style }: Terminal): string {
  const { winner } = node.configurations;
  const head = winner === undefined ? [] : [`network ${winner.name}, from ${winner.file}`];
  const done = fixed.map((line) => `${style('green', 'mended:')} ${line}`);
  const lines = findings.flatMap(({ check, severity, found, means, mend: what, fix }) => [
    `${style(COLOURS[severity], `${severity}:`)} ${style('bold', found)} ${style('dim', `[${check}]`)}`,
    `  ${means}`,
    `  ${style('dim', fix === undefined ? '→' : '→ --fix, or:')} ${what}`,
  ]);
  const verdict = findings.length === 0 ? [style('green', 'nothing is wrong')] : [];
  return [...head, ...done, ...lines, ...verdict, ''].join('\n');
}

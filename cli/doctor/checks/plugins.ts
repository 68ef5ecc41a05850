import { decodeJson, isObject } from '../../../pkg/json/decode.ts';
import { fs } from '../../../pkg/sys/files/files.ts';
import { runProcess } from '../../../pkg/sys/process/process.ts';
import { PLUGIN_NAMES } from '../../../plugins/names.ts';
import type { LintDocument } from '../../lint/document.ts';
import type { Check, Diagnosis } from '../check.ts';
import type { Node } from '../node.ts';
import { foreignNames } from './installation.ts';

const OF_SUITE: readonly string[] = PLUGIN_NAMES;

/** Whether the executables that the lists name are there, run, and speak the lists' versions. */
export const plugins: Check = {
  name: 'plugins',
  async run(node) {
    const found: Diagnosis[] = [];
    const seen = new Set<string>();
    for (const document of node.configurations.documents) {
      for (const { type, ipamType } of document.entries) {
        for (const name of [type, ipamType]) {
          if (name === '' || name.includes('/') || seen.has(name)) continue;
          seen.add(name);
          // One of the suite calls another without a file.
          if (name === ipamType && OF_SUITE.includes(type) && OF_SUITE.includes(name)) continue;
          found.push(...(await lookAtPlugin(name, document, node)));
        }
      }
    }
    return found;
  },
};

async function lookAtPlugin(name: string, document: LintDocument, node: Node): Promise<readonly Diagnosis[]> {
  const folders = node.pluginPath.split(':');
  const file = folders.map((folder) => `${folder}/${name}`).find((path) => fs().existsSync(path));
  const isWinner = document === node.configurations.winner;
  const severity = isWinner ? 'error' : 'warning';
  const means = `calls for the network ${document.name} fail`;
  const install = OF_SUITE.includes(name) ? `cni install --dest ${folders[0]}` : `put it into ${folders[0]}`;
  if (file === undefined) {
    return [{ severity, found: `the plugin ${name} is not in ${folders.join(', ')}`, means, mend: install }];
  }
  const versions = await versionsOf(file, node);
  if (typeof versions === 'string') {
    return [{ severity, found: `${file} does not answer VERSION: ${versions}`, means, mend: install }];
  }
  if (document.cniVersion !== '' && !versions.includes(document.cniVersion)) {
    const what = `${file} does not speak version ${document.cniVersion} of ${document.file}`;
    const mend = `write the list in one of ${versions.join(', ')}, or update the plugin`;
    return [{ severity, found: what, means, mend }];
  }
  // One that was written over is an error of the installation's.
  const isForeign = foreignNames(file.slice(0, file.lastIndexOf('/'))).includes(name);
  return OF_SUITE.includes(name) && !isForeign ? await compareVersion(name, file, node) : [];
}

async function versionsOf(file: string, node: Node): Promise<readonly string[] | string> {
  const environment = { ...node.environment, CNI_COMMAND: 'VERSION', CNI_PATH: node.pluginPath };
  try {
    const answer = await runProcess({ argv: [file], environment, stdin: '{"cniVersion":"1.1.0"}', timeoutMs: 10_000 });
    const document = await decodeJson(answer.stdout);
    const versions = isObject(document) ? document['supportedVersions'] : undefined;
    return Array.isArray(versions) ? versions.map(String) : `exit status ${answer.status ?? answer.signal}`;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** A plugin of the suite whose file is of another one, or of another release. */
async function compareVersion(name: string, file: string, node: Node): Promise<readonly Diagnosis[]> {
  const { CNI_COMMAND: _, ...environment } = node.environment;
  const { stdout, stderr } = await runProcess({ argv: [file, '--version'], environment, timeoutMs: 10_000 });
  const own = `CNI ${name} plugin ${node.version}`;
  const said = (stdout === '' ? stderr : stdout).trim().split('\n')[0] ?? '';
  if (said === own) return [];
  return [
    {
      severity: 'note',
      found: `${file} says "${said}", this tool is of ${node.version}`,
      means: 'what it makes is understood, but it keeps no records that this tool could go by',
      mend: `cni install --dest ${file.slice(0, file.lastIndexOf('/'))}`,
    },
  ];
}

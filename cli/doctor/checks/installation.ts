import { fs } from '../../../pkg/sys/files/files.ts';
import { isOfSuite, isSameBuild } from '../../../pkg/sys/process/same-build.ts';
import { hasBytes } from '../../install/executable.ts';
import { readLedger } from '../../install/ledger.ts';
import { INSTALLED_NAMES } from '../../install/names.ts';
import type { Check, Diagnosis } from '../check.ts';

/** Whether a name of this suite leads to somebody else's file, where the suite is installed: a copy has gone over it. */
export const installation: Check = {
  name: 'installation',
  run: ({ pluginPath }) => [...new Set(pluginPath.split(':'))].flatMap(overwritten),
};

/** The names of this suite in a folder that lead to somebody else's file; none in a folder that is not this suite's. */
export function foreignNames(folder: string): readonly string[] {
  const present = INSTALLED_NAMES.filter((name) => fs().existsSync(`${folder}/${name}`));
  const foreign = present.filter((name) => !isOfSuite(`${folder}/${name}`));
  if (foreign.length < present.length) return foreign;
  const { installed } = readLedger(folder);
  return foreign.filter((name) => installed.includes(name));
}

function overwritten(folder: string): readonly Diagnosis[] {
  const broken = [
    ...foreignNames(folder).map((name) => ({ name, what: 'not of this suite: somebody has written over it' })),
    ...damagedNames(folder).map((name) => ({ name, what: 'damaged: its content is not that of its build' })),
  ];
  const tool = broken.some(({ name }) => name === 'cni') ? fs().readlinkSync('/proc/self/exe') : 'cni';
  return broken.map(({ name, what }) => ({
    severity: 'error',
    found: `${folder}/${name} is ${what}`,
    means: name === 'cni' ? 'this name is not the tool any more' : `calls of ${name} run another program`,
    mend: `${tool} install --dest ${folder}`,
  }));
}

/** Of this very build by their beginning, and yet other bytes. */
function damagedNames(folder: string): readonly string[] {
  const suspects = INSTALLED_NAMES.filter((name) => isOfSuite(`${folder}/${name}`));
  if (suspects.length === 0) return [];
  const own = fs().readFileSync('/proc/self/exe');
  return suspects.filter((name) => isSameBuild(`${folder}/${name}`) && !hasBytes(`${folder}/${name}`, own));
}

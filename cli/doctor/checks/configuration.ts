import { lint } from '../../lint/lint.ts';
import type { Check, Diagnosis } from '../check.ts';

/** Which list runtimes take, and whether they can. */
export const configuration: Check = {
  name: 'configuration',
  async run({ configurations: { documents, unreadable, winner }, confFolder }) {
    const found: Diagnosis[] = unreadable.map(({ file, line, column, message, help }) => ({
      severity: 'error',
      found: `${file}:${line}:${column}: ${message}`,
      means: 'runtimes leave the file out, or stop at it',
      mend: `${help === '' ? 'correct' : help} in ${file}`,
    }));
    if (winner === undefined) {
      const means = 'the node is not ready, and no container gets a network';
      const mend = `put a list into ${confFolder}: cni install --conf FILE`;
      return [
        ...found,
        { severity: 'error', found: `there is no network configuration in ${confFolder}`, means, mend },
      ];
    }
    const inputs = documents.map(({ file, text }) => ({ file, text }));
    for (const { severity, file, line, column, message, help } of await lint(inputs)) {
      if (severity === 'note' || (severity === 'warning' && file !== winner.file)) continue;
      const means =
        severity === 'error' ? 'calls with this configuration fail' : 'something else happens than was meant';
      found.push({ severity, found: `${file}:${line}:${column}: ${message}`, means, mend: help || `cni lint ${file}` });
    }
    const others = documents.filter((document) => document !== winner && document.entries[0]?.type !== 'loopback');
    if (others.length > 0) {
      found.push({
        severity: 'note',
        found: `${winner.file} (network ${winner.name}) sorts first; also there: ${others.map(({ file }) => file).join(', ')}`,
        means: 'Kubernetes runtimes take only the first file in the order of names',
        mend: 'rename or remove files where that is the wrong one',
      });
    }
    return found;
  },
};

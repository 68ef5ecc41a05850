import { isIpAction, type WorkAction, type WorkContext } from '../../pkg/plan/action.ts';
import { sysctlAction } from '../../pkg/plan/sysctl.ts';
import { CniError, toCniError } from '../../pkg/types/error.ts';
import type { Sysctl } from './sysctl.ts';

/** Makes all settings; when some cannot be made, all that fail are named and the others are taken back. */
export function sysctlsAction(sysctls: readonly Sysctl[]): WorkAction {
  const actions: WorkAction[] = [];
  for (const { path, value } of sysctls)
    actions.push(sysctlAction(path.slice('/proc/sys/'.length), value, { restore: true }));
  return {
    kind: 'sysctls',
    print: (place) => actions.flatMap((action) => [...action.print(place)]),
    async run(context) {
      const undo: WorkAction[] = [];
      const failures: CniError[] = [];
      for (const action of actions) {
        try {
          const done = await action.run(context);
          for (const one of done.undo ?? []) if (!isIpAction(one)) undo.unshift(one);
        } catch (thrown) {
          failures.push(toCniError(thrown));
        }
      }
      if (failures.length === 0) return { undo };
      throw together(failures, await takenBack(undo, context));
    },
  };
}

/** What could not be taken back, one line each. */
async function takenBack(undo: readonly WorkAction[], context: WorkContext): Promise<readonly string[]> {
  const left: string[] = [];
  for (const action of undo) {
    try {
      await action.run(context);
    } catch (thrown) {
      left.push(`could not be taken back: ${toCniError(thrown)}`);
    }
  }
  return left;
}

function together(failures: readonly CniError[], left: readonly string[]): CniError {
  const [first, ...others] = failures;
  const also = others.map((failure) => `also: ${failure}`);
  const why = 'a key of "sysctl" names a setting that this kernel does not have, or a value that it does not take';
  return new CniError(first?.code ?? 999, first?.message ?? '', [why, ...also, ...left].join('; '));
}

import { ownNetns } from '../../netns/own.ts';
import { runOptions } from '../../plan/options.ts';
import type { Call } from '../../skel/plugin.ts';
import { notAvailable } from '../../types/error.ts';
import type { InnerKind, InnerSettings } from './kind.ts';
import { findMaster } from './master.ts';

/** Fails for what makes every ADD fail. */
export async function statusInner<Conf>(call: Call<Conf>, kind: InnerKind<Conf>): Promise<void> {
  const settings = readSettings(call, kind);
  const { ipam, below } = settings;
  if (ipam !== '') await call.delegate.run({ type: ipam, verb: 'STATUS', config: call.configText });
  if (below?.inContainer === true) return;
  try {
    await findMaster(kind, settings, ownNetns(), await runOptions(call.environment, kind.name));
  } catch (thrown) {
    throw notAvailable(kind.name, thrown);
  }
}

function readSettings<Conf>(call: Call<Conf>, kind: InnerKind<Conf>): InnerSettings {
  try {
    // CNI_ARGS belong to an attachment, and there is none.
    return kind.settingsOf({ ...call, args: '' });
  } catch (thrown) {
    throw notAvailable(kind.name, thrown);
  }
}

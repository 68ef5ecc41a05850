import type { WorkAction } from '../plan/action.ts';
import { sysctlAction, sysctlPath } from '../plan/sysctl.ts';
import { type LinkState, linkGroups } from '../rtnl/link/state.ts';
import type { RtnlSocket } from '../rtnl/socket.ts';
import type { Listener } from './announce.ts';
import { groupReport } from './frames.ts';

/** What the kernel's default stands for: the newest version that all understand. */
const NEWEST = '0';
const OLDEST = '1';

/**
 * Has a new link tell of the groups that it listens to at once, when its frames lead nowhere yet. By itself it would
 * tell 8 ms later, when it is part of a bridge whose ports all get to hear it. The oldest version of the protocol tells
 * at once; it is used for that moment only. What was said is to be said again when there is time: {@link unheard}.
 */
export class EarlyMldReport implements Listener {
  readonly #setting: string;
  readonly #mac: string;
  #isEarly = false;
  #unheard: readonly Uint8Array[] = [];

  constructor(link: string, mac: string) {
    this.#setting = `net/ipv6/conf/${link}/force_mld_version`;
    this.#mac = mac;
  }

  /** The frames that nobody has heard. */
  get unheard(): readonly Uint8Array[] {
    return this.#unheard;
  }

  /** Before the link is up. */
  begin(): WorkAction {
    const change = sysctlAction(this.#setting, OLDEST);
    const path = sysctlPath(this.#setting);
    return {
      ...change,
      run: async ({ place }) => {
        // A version that somebody wants stays, and without IPv6 there is nothing to be told.
        const version = await place.readFile(path).catch(() => undefined);
        if (version?.trim() !== NEWEST) return {};
        await place.writeFile(path, OLDEST);
        this.#isEarly = true;
        return {};
      },
    };
  }

  /** When the kernel has told. */
  end(): WorkAction {
    const change = sysctlAction(this.#setting, NEWEST, { fresh: true });
    return { ...change, run: (context) => (this.#isEarly ? change.run(context) : {}) };
  }

  /** Finds out what nobody has heard. */
  hear(socket: RtnlSocket, { index, hasEui64Address }: LinkState): void {
    if (!this.#isEarly) return;
    try {
      const report = groupReport(this.#mac, hasEui64Address, linkGroups(socket, index));
      this.#unheard = report === undefined ? [] : [report];
    } catch {
      // The kernel itself says it once more within ten seconds, and the container works without that.
    }
  }
}

import { ip } from '../ip/command.ts';
import type { Netns } from '../netns/netns.ts';
import { openNetns } from '../netns/open.ts';
import { ipAction } from '../plan/action.ts';
import { runPlan } from '../plan/executor.ts';
import { runOptions } from '../plan/options.ts';
import { Plan } from '../plan/plan.ts';
import { podFrom, type RecordedPod } from '../record/record.ts';
import { namespaceAt, type SeenNetns, seenNamespaces } from '../record/seen.ts';
import type { Environment } from '../skel/plugin.ts';
import { argsText } from './attachment.ts';
import { type CachedAttachment, readCaches } from './cache.ts';

/** Finds out where containers live that other plugins have attached: nothing but the kernel and libcni's cache tells. */
export class HolderSearch {
  readonly #environment: Environment;
  #cached: readonly CachedAttachment[] | undefined;
  #seen: readonly SeenNetns[] | undefined;
  readonly #known = new Map<string, Promise<SeenNetns | undefined>>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** What runtimes have noted about a container. */
  cached(containerId: string): readonly CachedAttachment[] {
    this.#cached ??= readCaches().attachments;
    return this.#cached.filter((one) => one.containerId === containerId);
  }

  /** What a runtime called the pod of a container. */
  podOf(containerId: string): RecordedPod | undefined {
    for (const cached of this.cached(containerId)) {
      const pod = podFrom(argsText(cached));
      if (pod !== undefined) return pod;
    }
    return undefined;
  }

  /**
   * The namespace of a container: the one that a runtime has noted, else one that has one of the addresses. `undefined`
   * when there is none any more.
   */
  async find(containerId: string, addresses: readonly string[]): Promise<SeenNetns | undefined> {
    for (const { netns } of this.cached(containerId)) {
      const noted = namespaceAt(netns);
      if (noted !== undefined) return noted;
    }
    for (const address of addresses) {
      const found = await this.#withAddress(address);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #withAddress(address: string): Promise<SeenNetns | undefined> {
    const known = this.#known.get(address) ?? this.#search(address);
    this.#known.set(address, known);
    return known;
  }

  async #search(address: string): Promise<SeenNetns | undefined> {
    this.#seen ??= seenNamespaces();
    for (const seen of this.#seen) if (await this.#has(seen, address)) return seen;
    return undefined;
  }

  /** One question for one address: a container may have made ten thousand of them. */
  async #has({ path }: SeenNetns, address: string): Promise<boolean> {
    let netns: Netns | undefined;
    try {
      netns = openNetns(path);
      const options = await runOptions(this.#environment, 'look');
      const plan = new Plan().do(netns, ipAction(ip`route get ${address}`), { capture: 'route', tolerate: 'any' });
      const route = (await runPlan(plan, options)).captures.get('route');
      return Array.isArray(route) && (route[0] as { readonly type?: string } | undefined)?.type === 'local';
    } catch {
      // It has gone meanwhile, or its container keeps it from being asked.
      return false;
    } finally {
      netns?.close();
    }
  }
}

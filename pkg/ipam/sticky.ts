import { folderName } from '../record/names.ts';
import { makeFolders, readTextFile, removeFile, writeFile } from '../sys/files/files.ts';

/**
 * Which addresses a pod had last, kept after it is gone. It only states a preference, so nothing here ever fails.
 *
 * An address remembers one pod and a pod only addresses that remember it, so there are never more notes than addresses.
 */
export class StickyMemory {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The addresses that the pod had last. */
  recall(pod: string): readonly string[] {
    return this.#read(podFile(pod))?.split('\n').filter(Boolean) ?? [];
  }

  /** Notes the addresses that a pod has now. */
  remember(pod: string, addresses: readonly string[]): void {
    try {
      makeFolders(this.#folder, 0o755);
      for (const address of addresses) {
        const previous = this.#read(addressFile(address));
        if (previous !== undefined && previous !== pod) this.#remove(podFile(previous));
        this.#write(addressFile(address), pod);
      }
      for (const address of this.recall(pod)) if (!addresses.includes(address)) this.#remove(addressFile(address));
      this.#write(podFile(pod), addresses.join('\n'));
    } catch {
      // The pod may get another address next time: that is all that is lost.
    }
  }

  #read(name: string): string | undefined {
    try {
      return readTextFile(`${this.#folder}/${name}`);
    } catch {
      return undefined;
    }
  }

  #write(name: string, text: string): void {
    writeFile(`${this.#folder}/${name}`, text);
  }

  #remove(name: string): void {
    removeFile(`${this.#folder}/${name}`);
  }
}

function podFile(pod: string): string {
  return folderName(`pod:${pod}`);
}

function addressFile(address: string): string {
  return folderName(`at:${address}`);
}

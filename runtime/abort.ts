/** The part of the web's `AbortSignal` that the program uses. */
export class Signal {
  aborted = false;
  readonly #listeners = new Set<() => void>();

  addEventListener(_event: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_event: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** For its controller. */
  tell(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const listener of [...this.#listeners]) listener();
  }
}

/** The web's `AbortController`. */
export class Controller {
  readonly signal = new Signal();

  abort(): void {
    this.signal.tell();
  }
}

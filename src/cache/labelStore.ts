/**
 * Labels a person wrote, kept between visits in IndexedDB (one entry a label) and held in memory, where all reading
 * happens. Without storage, or without room, they work until the page is closed, and `problem` says so.
 */
import { createStore, delMany, entries, setMany, type UseStore } from 'idb-keyval';
import { labelKey, readLabel, type Label } from '../core/formats/labels.ts';
import { reasonOf } from './refusals.ts';

export interface LabelStore {
  all(): Promise<ReadonlyMap<string, Label>>;
  /** Writes and removes; what cannot be kept still holds until the page is closed. */
  change(write: readonly Label[], remove?: readonly string[]): Promise<void>;
  /** Those of them that will be here at the next visit. */
  kept(): Promise<Label[]>;
  /** Reads again what is kept, after another tab changed it. */
  reload(): Promise<void>;
  /** Why labels do not outlast the page, as a sentence; null while they do. */
  problem(): string | null;
}

export function createLabelStore(name = 'featurescope', now: () => number = Date.now): LabelStore {
  return new BrowserLabelStore(name, now);
}

class BrowserLabelStore implements LabelStore {
  readonly #name: string;
  readonly #now: () => number;
  readonly #labels = new Map<string, Label>();
  /** Changed here but not (yet) kept: tried again with the next change, and a reload must not lose them. */
  readonly #unkept = new Set<string>();
  #problem: string | null = null;
  #opened: UseStore | undefined;
  #loading: Promise<void> | undefined;
  // One change after the other, so that the last one given is the one kept.
  #turn: Promise<void> = Promise.resolve();

  constructor(name: string, now: () => number) {
    this.#name = name;
    this.#now = now;
  }

  async all(): Promise<ReadonlyMap<string, Label>> {
    await this.#loaded();
    return this.#labels;
  }

  async change(write: readonly Label[], remove: readonly string[] = []): Promise<void> {
    await this.#loaded();
    for (const label of write) this.#labels.set(labelKey(label), label);
    for (const key of remove) this.#labels.delete(key);
    for (const key of [...write.map(labelKey), ...remove]) this.#unkept.add(key);
    await this.#inTurn(() => this.#keep());
  }

  async kept(): Promise<Label[]> {
    await this.#loaded();
    await this.#turn;
    return [...this.#labels.values()].filter((label) => !this.#unkept.has(labelKey(label)));
  }

  reload(): Promise<void> {
    return this.#inTurn(() => this.#load());
  }

  problem(): string | null {
    return this.#problem;
  }

  #store(): UseStore {
    return (this.#opened ??= createStore(`${this.#name}-labels`, 'kv'));
  }

  #loaded(): Promise<void> {
    return (this.#loading ??= this.#load());
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    return (this.#turn = this.#turn.then(work));
  }

  async #load(): Promise<void> {
    const labels = this.#labels;
    try {
      const found = await entries<string, unknown>(this.#store());
      for (const key of labels.keys()) if (!this.#unkept.has(key)) labels.delete(key);
      for (const [key, value] of found) {
        const label = readLabel(value, this.#now());
        if (label && labelKey(label) === key && !this.#unkept.has(key)) labels.set(key, label);
      }
    } catch (error) {
      this.#problem = sentence(error);
    }
  }

  async #keep(): Promise<void> {
    const keys = [...this.#unkept];
    this.#unkept.clear();
    const write = keys.flatMap((key) => this.#labels.get(key) ?? []);
    const remove = keys.filter((key) => !this.#labels.has(key));
    try {
      if (write.length > 0)
        await setMany(
          write.map((label) => [labelKey(label), label]),
          this.#store(),
        );
      if (remove.length > 0) await delMany(remove, this.#store());
      this.#problem = null;
    } catch (error) {
      keys.forEach((key) => this.#unkept.add(key));
      this.#problem = sentence(error);
    }
  }
}

function sentence(error: unknown): string {
  return `Labels are not kept for the next visit: ${reasonOf(error)}. They work until the page is closed; export them to keep them.`;
}

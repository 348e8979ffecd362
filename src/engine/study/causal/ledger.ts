/** What is left out of a tree, counted by reason. */
import type { Tree } from '../../../api/causal.ts';
import type { Drawn } from '../../../core/interp/causal/drawing.ts';
import { nodeId } from './edges.ts';
import type { Candidate } from './expansion.ts';
import type { Source } from './sources.ts';

export class Ledger {
  readonly #inactive = new Map<string, number>();
  readonly #drawn = new Set<string>();
  readonly #below = new Set<string>();
  readonly #beyond = new Set<string>();
  readonly #byChild: Tree['left_out']['by_child'] = [];

  inactive(source: Source, count: number): void {
    this.#inactive.set(String(source.id), count);
  }

  add(child: string, sources: readonly Source[], { drawn, below, beyond }: Drawn<Candidate>): void {
    const names = ({ source, latent }: Candidate) => nodeId(sources[source].id, latent);
    for (const one of drawn) this.#drawn.add(names(one));
    for (const one of below) this.#below.add(names(one));
    for (const one of beyond) this.#beyond.add(names(one));
    this.#byChild.push({ child, below: below.length, beyond: beyond.length });
  }

  /** Of candidates of several nodes each is counted once, and as beyond where it is that of any. */
  finish(): Tree['left_out'] {
    const beyond = [...this.#beyond].filter((name) => !this.#drawn.has(name));
    const below = [...this.#below].filter((name) => !this.#drawn.has(name) && !this.#beyond.has(name));
    const inactive = [...this.#inactive.values()].reduce((sum, count) => sum + count, 0);
    return { inactive, below: below.length, beyond: beyond.length, by_child: [...this.#byChild] };
  }
}

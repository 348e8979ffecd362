/**
 * Causal trees (Cunningham et al. 2023, section 5.3): which earlier latents make one fire, each edge the share of the
 * child's activation that goes with the parent, measured on contexts (docs/decisions/causal.md).
 */
import { throwIfStopped, UsageError } from '../../core/errors.ts';
import type { Tree, TreeEdge, TreeNode } from '../../api/causal.ts';
import { drawParents, expandedOf } from '../../core/interp/causal/drawing.ts';
import { hookOrder } from '../../core/lm/hooks.ts';
import { cleanTargets } from './causal/targets.ts';
import { controlsOf, edgeOf, nodeId } from './causal/edges.ts';
import { expandAll, type Child, type Expansion } from './causal/expansion.ts';
import { Ledger } from './causal/ledger.ts';
import { Meter } from './causal/meter.ts';
import { tokenColumns } from './causal/sources.ts';
import { openTree, type OpenTree, type TreeJob } from './causal/treeJob.ts';

/** Between two reports of what is measured. */
const REPORT_MS = 150;

/** @throws UsageError; AbortedError; EngineError */
export async function growTree(job: TreeJob): Promise<Tree> {
  const started = performance.now();
  job.store?.begin();
  const open = await openTree(job);
  return new Growth(open, started).finish();
}

interface Grown extends Child {
  node: TreeNode;
  /** Levels below the root. */
  level: number;
  isPending: boolean;
}

class Growth {
  readonly #open: OpenTree;
  readonly #started: number;
  readonly #meter: Meter;
  readonly #ledger = new Ledger();
  readonly #nodes = new Map<string, TreeNode>();
  readonly #grown = new Map<string, Grown>();
  readonly #edges: TreeEdge[] = [];
  readonly #errors: Tree['error'] = [];
  #reported = 0;

  constructor(open: OpenTree, started: number) {
    const { job, bases, memoryBytes } = open;
    this.#open = open;
    this.#started = started;
    this.#meter = new Meter({
      machine: job,
      bases,
      memoryBytes,
      sharePrefix: job.sharePrefix ?? true,
      ...(job.batchSize !== undefined && { batchSize: job.batchSize }),
      ...(job.store && { store: job.store }),
    });
  }

  async finish(): Promise<Tree> {
    const { target, job, bases, settings } = this.#open;
    const clean = await cleanTargets(job, [target], target.hook, bases);
    if (clean.every(([a]) => a === 0)) {
      throw new UsageError(
        'The feature fires at the last token of none of the contexts. Choose other contexts, or the position where it fires.',
      );
    }
    this.#addLatent(target, 0, settings.depth > 0);
    for (;;) {
      throwIfStopped(job.stop);
      const next = this.#next();
      if (next.length === 0) break;
      await this.#expand(next);
    }
    return this.#tree(this.#edges);
  }

  /** The nodes to expand at the highest hook: all that may yet lead to them have been measured. */
  #next(): Grown[] {
    const pending = [...this.#grown.values()].filter(({ isPending }) => isPending);
    const highest = Math.max(...pending.map(({ hook }) => hookOrder(hook)));
    return pending.filter(({ hook }) => hookOrder(hook) === highest);
  }

  async #expand(children: readonly Grown[]): Promise<void> {
    const expansion = await expandAll(this.#open, children, this.#meter, (share, part) => this.#report(children, share, part));
    expansion.sources.forEach((source, s) => this.#ledger.inactive(source, expansion.inactive[s]));
    for (const [c, child] of children.entries()) {
      child.isPending = false;
      await this.#draw(child, c, expansion);
      for (const { source, effects } of expansion.errors) {
        this.#errors.push({ child: child.node.id, dictionary: expansion.sources[source].id!, effect: effects[c] });
      }
    }
    this.#meter.letGo();
  }

  async #draw(child: Grown, c: number, expansion: Expansion): Promise<void> {
    const { parents, threshold, expand, controls, positions, seed, depth } = this.#open.settings;
    const { sources, sweeps, measured } = expansion;
    const found = drawParents(measured[c], parents, threshold);
    this.#ledger.add(child.node.id, sources, found);
    const isExpanded = expandedOf(expand, child.level === 0);
    for (const [rank, candidate] of found.drawn.entries()) {
      throwIfStopped(this.#open.job.stop);
      const source = sources[candidate.source];
      const edge = edgeOf(source, candidate, child, seed);
      if (controls) edge.controls = await controlsOf(expansion, candidate, c, seed);
      if (positions) edge.positions = (await sweeps[candidate.source].positions(candidate.latent))[c];
      this.#edges.push(edge);
      const parent = this.#open.parents.find(({ id }) => id === source.id);
      const level = child.level + 1;
      if (parent) this.#addLatent({ ...parent, latent: candidate.latent }, level, rank < isExpanded && level < depth);
      else this.#addToken(candidate.latent);
    }
  }

  /** A node that is reached twice is one, as near to the root as its nearest way, and expanded if any says so. */
  #addLatent(child: Child, level: number, isExpanded: boolean): void {
    const { bases } = this.#open;
    const id = nodeId(child.id, child.latent);
    const known = this.#grown.get(id);
    if (known) {
      known.level = Math.min(known.level, level);
      known.isPending ||= isExpanded;
      return;
    }
    const columns = bases.map(({ codes }) => codes.get(child.dictionary)!.columns);
    const activation = columns.map((column) => column.valueAt(child.latent, column.length - 1));
    const node = { id, dictionary: child.id, latent: child.latent, hook: child.hook.name, activation };
    this.#nodes.set(id, node);
    this.#grown.set(id, { ...child, node, level, isPending: isExpanded });
  }

  #addToken(token: number): void {
    const id = nodeId(null, token);
    if (this.#nodes.has(id)) return;
    const activation = this.#open.contexts.map(({ ids }) => tokenColumns(ids).of(token).positions.length);
    this.#nodes.set(id, { id, dictionary: null, latent: token, hook: 'hook_embed', activation });
  }

  /** What is known while nodes are measured: their strongest parents so far are drawn, without parents of their own. */
  #report(children: readonly Grown[], share: number, { sources, measured }: Expansion): void {
    const { job, parents: dictionaries, settings, target } = this.#open;
    if (!job.onProgress || performance.now() - this.#reported < REPORT_MS) return;
    const nodes = new Map(this.#nodes);
    const edges = [...this.#edges];
    children.forEach((child, c) => {
      for (const candidate of drawParents(measured[c], settings.parents, settings.threshold).drawn) {
        const edge = edgeOf(sources[candidate.source], candidate, child, settings.seed);
        edges.push(edge);
        if (!nodes.has(edge.parent)) nodes.set(edge.parent, this.#provisional(edge.parent, sources[candidate.source].id, candidate.latent));
      }
    });
    const orders = [...new Set([target, ...dictionaries].map(({ hook }) => hookOrder(hook)))].sort((a, b) => b - a);
    const at = orders.indexOf(hookOrder(children[0].hook));
    const features = children.length === 1 ? 'a feature' : `${children.length} features`;
    job.onProgress({
      done: Math.round(100 * (at + share)),
      total: 100 * Math.min(orders.length, Math.max(1, settings.expand === 'none' ? 1 : settings.depth)),
      message: `Measuring what makes ${features} of ${children[0].hook.name} fire.`,
      tree: this.#tree(edges, nodes),
    });
    this.#reported = performance.now();
  }

  #provisional(id: string, dictionary: string | null, latent: number): TreeNode {
    const { contexts, bases, parents } = this.#open;
    const own = parents.find((parent) => parent.id === dictionary);
    const activation = contexts.map(({ ids }, i) => {
      if (!own) return tokenColumns(ids).of(latent).positions.length;
      return bases[i].codes.get(own.dictionary)!.columns.valueAt(latent, ids.length - 1);
    });
    return { id, dictionary, latent, hook: own?.hook.name ?? 'hook_embed', activation };
  }

  #tree(edges: readonly TreeEdge[], nodes: ReadonlyMap<string, TreeNode> = this.#nodes): Tree {
    const { target, settings, contexts } = this.#open;
    const { continuations, naive, peakBytes } = this.#meter;
    return {
      target: { dictionary: target.id, latent: target.latent },
      mode: settings.mode,
      contexts,
      nodes: [...nodes.values()],
      edges: [...edges],
      left_out: this.#ledger.finish(),
      error: [...this.#errors],
      continuations,
      naive,
      bytes: peakBytes,
      seconds: (performance.now() - this.#started) / 1000,
    };
  }
}

/** Grows trees: the whole, the parents of one node anew, one edge on other contexts; one of these at a time. */
import type { StoreApi } from 'zustand/vanilla';
import type { CausalContexts, Tree, TreeOptions } from '../../api/causal.ts';
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import { createLatest } from '../shared/latest.ts';
import type { SharedState } from '../shared/state.ts';
import { FIRST_LOOK, type Look } from './address.ts';
import { stepped, type Travel } from './history.ts';
import type { Naming } from './naming.ts';
import { chosenFrom, contextsOf, linesOf, usualContexts, type ContextChoice } from './settings.ts';
import type { Again, CircuitsApi, CircuitsStore, Snapshot } from './state.ts';
import { readTree } from './treeFile.ts';
import { growthOf, regrown, rekeyed, type GrownTree, type Growth } from './trees.ts';
import { choiceWords } from './words.ts';

interface TreeNeeds {
  api: CircuitsApi;
  store: CircuitsStore;
  page: StoreApi<SharedState>;
  naming: Naming;
  /** What is asked for, or what is seen of it, has changed. */
  changed: () => void;
}

/** Output tokens above the target. */
const WRITES = 5;
const LIST_EMPTY = 'The list of contexts is empty. Paste one to a line; the target is watched at the last token of each.';

/** The dictionary of an id among those at hand. */
export function dictionaryOf(page: Pick<SharedState, 'dictionaries'>, id: string): DictionaryInfo | undefined {
  return page.dictionaries.status === 'done' ? page.dictionaries.list.find((d) => d.id === id) : undefined;
}

export class TreeGrower {
  readonly #needs: TreeNeeds;
  readonly #task = createLatest();
  readonly #again = createLatest();
  #written = false;

  constructor(needs: TreeNeeds) {
    this.#needs = needs;
  }

  /** Nothing that is on its way is waited for: another target, or another model. */
  drop(): void {
    this.#task.cancel();
    this.#again.cancel();
    this.#written = false;
    this.#needs.store.setState({
      grown: null,
      contexts: [],
      writes: [],
      treeTask: null,
      chosen: null,
      again: new Map(),
      history: { past: [], future: [] },
    });
  }

  stop(): void {
    this.#task.cancel();
    if (this.#needs.store.getState().treeTask?.status === 'running') this.#needs.store.setState({ treeTask: { status: 'stopped' } });
  }

  async grow(): Promise<void> {
    const { store } = this.#needs;
    const { place, fires } = store.getState();
    const choice = place.tree.contexts ?? usualContexts(fires === true);
    const before = this.#snapshot();
    const done = await this.#run('Growing the tree', async (signal, onTree) => {
      const { options, asked } = await this.#options(choice);
      const show = (tree: Tree) => this.#put({ tree: rekeyed(tree), growths: new Map(), asked });
      const tree = await this.#call(options, signal, (part) => onTree(() => show(part)));
      return () => show(tree);
    });
    const { grown } = store.getState();
    if (grown && grown !== before.grown) {
      const history = before.grown ? stepped(store.getState().history, 'growing the tree anew', before) : store.getState().history;
      const said = done ? `The tree has ${grown.tree.nodes.length} nodes and ${grown.tree.edges.length} edges.` : '';
      store.setState({ history, chosen: null, again: new Map(), said });
    }
  }

  async regrow(node: string, how: { parents?: number; threshold?: number; mode?: Growth['mode'] }): Promise<void> {
    const { store } = this.#needs;
    const before = this.#snapshot();
    const { grown } = before;
    const child = grown?.tree.nodes.find(({ id }) => id === node);
    if (!grown || !child || child.dictionary === null || store.getState().treeTask?.status === 'running') return;
    const growth: Growth = { ...growthOf(grown, node), ...how };
    const { dictionary, latent } = child;
    await this.#run('Measuring its parents', async (signal) => {
      const part = rekeyed(
        await this.#call(
          {
            target: { dictionary, latent },
            dictionaries: [...grown.asked.dictionaries],
            contexts: { ids: grown.tree.contexts.map(({ ids }) => [...ids]) },
            ...growth,
            depth: 1,
            expand: 'all',
            controls: grown.asked.controls,
            seed: grown.asked.seed,
          },
          signal,
        ),
      );
      return () => {
        this.#put({ ...grown, tree: regrown(grown.tree, node, part), growths: new Map([...grown.growths, [node, growth]]) });
        const { length } = part.edges.filter(({ child: of }) => of === node);
        this.#look({ closed: store.getState().place.look.closed.filter((id) => id !== node) });
        store.setState((s) => ({
          history: stepped(s.history, 'the parents of a node', before),
          said: `${length} ${length === 1 ? 'parent' : 'parents'} shown.`,
          // They were measured in the mode that was.
          again: new Map([...s.again].filter(([key]) => !key.endsWith(`→ ${node}`))),
        }));
      };
    });
  }

  async askAgain(key: string, parent: string, child: string, choice: ContextChoice): Promise<void> {
    const { store } = this.#needs;
    const { grown } = store.getState();
    const [from, to] = [parent, child].map((id) => grown?.tree.nodes.find((node) => node.id === id));
    if (!grown || !from || !to || to.dictionary === null) return;
    const put = (again: Again) => store.setState((s) => ({ again: new Map([...s.again, [key, again]]) }));
    put({ status: 'running' });
    const target = { dictionary: to.dictionary, latent: to.latent };
    const answer = await this.#again.run(async (signal) => {
      const { contexts } = await this.#contexts(choice, target.dictionary);
      const dictionaries = from.dictionary === null ? [...grown.asked.dictionaries] : [from.dictionary];
      const { mode } = growthOf(grown, child);
      const only = [{ dictionary: from.dictionary, latent: from.latent }];
      return rekeyed(await this.#call({ target, dictionaries, contexts, mode, only, controls: true, seed: grown.asked.seed }, signal));
    });
    if (answer.status === 'stale') return store.setState((s) => ({ again: without(s.again, key) }));
    if (answer.status === 'failed') return put(answer);
    const edge = answer.value.edges.find((one) => one.parent === parent && one.child === child) ?? null;
    put({ status: 'done', edge, contexts: answer.value.contexts.length, words: choiceWords(choice) });
  }

  /** One step that undo takes back. */
  arrange(words: string, patch: Partial<Look>): void {
    const before = this.#snapshot();
    this.#look(patch);
    this.#needs.store.setState((s) => ({ history: stepped(s.history, words, before), said: '' }));
  }

  travel(way: Travel, verb: string): void {
    const { store } = this.#needs;
    const moved = way(store.getState().history, this.#snapshot());
    if (!moved || store.getState().treeTask?.status === 'running') return;
    const { grown, look } = moved.step.value;
    store.setState({ history: moved.history, said: `${verb}: ${moved.step.words}.` });
    this.#look(look);
    if (grown !== store.getState().grown && grown) this.#put(grown);
  }

  async openFile(file: File): Promise<void> {
    const { store, page } = this.#needs;
    const { model } = page.getState();
    if (!model) return;
    const text = await file.text().catch(() => '');
    const opened = readTree(text, file.name, model);
    if (opened.status === 'refused') return store.setState({ treeTask: { status: 'failed', message: opened.message } });
    const { dictionary, latent } = opened.grown.tree.target;
    this.drop();
    store.setState((s) => ({
      place: { ...s.place, tab: 'tree', tree: { ...s.place.tree, dictionary, latent }, look: opened.look },
      said: `${file.name} is open.`,
    }));
    this.#needs.changed();
    this.#put(opened.grown);
  }

  #snapshot(): Snapshot {
    const { grown, place } = this.#needs.store.getState();
    return { grown, look: place.look };
  }

  #look(patch: Partial<Look>): void {
    const { store, changed } = this.#needs;
    store.setState((s) => ({ place: { ...s.place, look: { ...FIRST_LOOK, ...s.place.look, ...patch } } }));
    changed();
  }

  /** Shows a tree, with what its nodes are called and its contexts as text. */
  #put(grown: GrownTree): void {
    const { store, api, naming } = this.#needs;
    const { contexts } = grown.tree;
    void this.#learnWrites(grown.tree.target);
    const isSame = store.getState().grown?.tree.contexts === contexts && store.getState().contexts.length === contexts.length;
    store.setState({ grown, ...(!isSame && { contexts: [] }) });
    void naming.learn(grown.tree.nodes).catch(() => undefined);
    if (isSame || contexts.length === 0) return;
    api.detokenize(contexts.map(({ ids }) => [...ids])).then(
      (rows) => store.getState().grown?.tree.contexts === contexts && store.setState({ contexts: rows }),
      () => undefined,
    );
  }

  /** Once for each target. */
  async #learnWrites({ dictionary, latent }: Tree['target']): Promise<void> {
    const { api, store, naming } = this.#needs;
    if (this.#written) return;
    this.#written = true;
    const asked = store.getState().place.tree;
    const weights = await api.weights(dictionary, latent, { k: WRITES }).catch(() => null);
    const writes = weights?.writes.top.map(({ id }) => id) ?? [];
    await naming.learnTokens(writes).catch(() => undefined);
    const { tree } = store.getState().place;
    if (tree.dictionary === asked.dictionary && tree.latent === asked.latent) store.setState({ writes });
  }

  async #call(options: TreeOptions, signal: AbortSignal, onTree?: (tree: Tree) => void): Promise<Tree> {
    const { api, store } = this.#needs;
    return api.tree(options, {
      signal,
      onProgress({ done, total, message, tree }) {
        if (signal.aborted) return;
        const { treeTask } = store.getState();
        if (treeTask?.status === 'running') store.setState({ treeTask: { ...treeTask, done, total, message } });
        onTree?.(tree);
      },
    });
  }

  /** @returns whether it came to its end */
  async #run(what: string, job: (signal: AbortSignal, onTree: (show: () => void) => void) => Promise<() => void>): Promise<boolean> {
    const { store } = this.#needs;
    store.setState({ treeTask: { status: 'running', what, done: 0, total: 0, message: '', began: Date.now() } });
    const answer = await this.#task.run((signal) => job(signal, (show) => !signal.aborted && show()));
    if (answer.status === 'stale') return false;
    store.setState({ treeTask: answer.status === 'failed' ? { status: 'failed', message: answer.message } : null });
    if (answer.status === 'done') answer.value();
    return answer.status === 'done';
  }

  async #options(choice: ContextChoice): Promise<{ options: TreeOptions; asked: GrownTree['asked'] }> {
    const { store, page } = this.#needs;
    const { tree } = store.getState().place;
    const { dictionaries } = page.getState();
    const list = dictionaries.status === 'done' ? dictionaries.list : [];
    const from = chosenFrom(list, dictionaryOf(page.getState(), tree.dictionary), tree.from);
    const { contexts, words } = await this.#contexts(choice, tree.dictionary);
    const growth = { mode: tree.mode, parents: tree.parents, threshold: tree.threshold / 100 };
    const { expand, controls, seed } = tree;
    return {
      options: {
        target: { dictionary: tree.dictionary, latent: tree.latent },
        dictionaries: from,
        contexts,
        ...growth,
        expand,
        controls,
        seed,
        ...(tree.depth !== null && { depth: tree.depth }),
      },
      asked: { ...growth, dictionaries: from, expand, controls, seed, contexts: words },
    };
  }

  /** The contexts as the call takes them: those of an index say of which corpus. */
  async #contexts(choice: ContextChoice, dictionary: string): Promise<{ contexts: CausalContexts; words: string }> {
    const { api, store } = this.#needs;
    const { explore } = store.getState();
    const lines = choice.kind === 'list' ? linesOf(choice.lines) : [];
    if (choice.kind === 'list' && lines.length === 0) throw new Error(LIST_EMPTY);
    const ids = await Promise.all(lines.map(async (line) => (await api.tokenize(line)).ids));
    const contexts = contextsOf(choice, explore, ids);
    if (!('kind' in contexts)) return { contexts, words: choiceWords(choice) };
    // Asked before they were listed: the corpus is named all the same.
    const indices = store.getState().indices.length > 0 ? store.getState().indices : await api.index.list().catch(() => []);
    const own = indices.filter((info) => info.dictionary === dictionary && info.tokens === info.total);
    const [best] = own.sort((a, b) => Number(a.source === 'built-in') - Number(b.source === 'built-in') || b.tokens - a.tokens);
    return {
      contexts: { ...contexts, ...(best && { corpus: best.corpus }) },
      words: `${choiceWords(choice)}${best ? `, of ${best.corpus}` : ''}`,
    };
  }
}

function without<K, V>(map: ReadonlyMap<K, V>, key: K): Map<K, V> {
  return new Map([...map].filter(([one]) => one !== key));
}

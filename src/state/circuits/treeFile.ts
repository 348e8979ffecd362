/** A tree as a file that this page reads again. What comes in is hostile until checked. */
import * as v from 'valibot';
import type { Tree } from '../../api/causal.ts';
import type { ModelInfo } from '../../api/model.ts';
import { FIRST_LOOK, type Look } from './address.ts';
import { MODES } from './settings.ts';
import { keyOf, rekeyed, type GrownTree } from './trees.ts';

const KIND = 'featurescope tree';
const VERSION = 1;
const MOST_BYTES = 30_000_000;

const name = v.pipe(v.string(), v.maxLength(300));
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 31));
const real = v.pipe(v.number(), v.finite());
const share = v.pipe(v.number(), v.finite(), v.minValue(-1e6), v.maxValue(1e6));
const mode = v.picklist(MODES);
const list = <T extends v.GenericSchema>(item: T, most: number) => v.pipe(v.array(item), v.maxLength(most));
const CONTEXTS = 1000;
const interval = v.tuple([share, share]);

const treeSchema = v.object({
  target: v.object({ dictionary: name, latent: count }),
  mode,
  contexts: list(v.object({ ids: list(count, 4096), document: v.optional(count), position: v.optional(count) }), CONTEXTS),
  nodes: list(v.object({ id: name, dictionary: v.nullable(name), latent: count, hook: name, activation: list(real, CONTEXTS) }), 5000),
  edges: list(
    v.object({
      parent: name,
      child: name,
      effect: share,
      interval,
      cosine: share,
      each: list(v.nullable(share), CONTEXTS),
      controls: v.optional(
        list(v.object({ kind: v.picklist(['latent', 'direction']), latent: v.optional(count), effect: share, interval }), 10),
      ),
      positions: v.optional(list(v.nullable(list(share, 4096)), CONTEXTS)),
    }),
    50_000,
  ),
  left_out: v.object({
    inactive: count,
    below: count,
    beyond: count,
    by_child: list(v.object({ child: name, below: count, beyond: count }), 5000),
  }),
  error: list(v.object({ child: name, dictionary: name, effect: share }), 50_000),
  continuations: count,
  naive: v.pipe(v.number(), v.finite(), v.minValue(0)),
  bytes: v.pipe(v.number(), v.finite(), v.minValue(0)),
  seconds: v.pipe(v.number(), v.finite(), v.minValue(0)),
});

const growth = { mode, parents: count, threshold: share };
const keys = list(name, 5000);

const fileSchema = v.object({
  kind: v.literal(KIND),
  version: v.number(),
  model: v.object({ id: name, hash: name }),
  tree: treeSchema,
  asked: v.object({
    ...growth,
    dictionaries: list(name, 200),
    expand: v.picklist(['paper', 'all']),
    controls: v.boolean(),
    seed: count,
    contexts: v.pipe(v.string(), v.maxLength(1000)),
  }),
  growths: list(v.tuple([name, v.object(growth)]), 5000),
  look: v.object({
    closed: keys,
    pinned: keys,
    hidden: keys,
    least: share,
    groups: list(v.object({ name, members: keys }), 26),
  }),
});

export function treeJson({ tree, growths, asked }: GrownTree, look: Look, model: Pick<ModelInfo, 'id' | 'hash'>): string {
  const file = { kind: KIND, version: VERSION, model: { id: model.id, hash: model.hash }, tree, asked, growths: [...growths], look };
  return JSON.stringify(file);
}

type Opened = { status: 'opened'; grown: GrownTree; look: Look } | { status: 'refused'; message: string };

/** @param model the one that is open: token ids of another are other words */
export function readTree(text: string, fileName: string, model: Pick<ModelInfo, 'id' | 'hash'>): Opened {
  const refused = (why: string): Opened => ({ status: 'refused', message: `${fileName} was not opened. ${why} What is on screen stays.` });
  if (text.length > MOST_BYTES) return refused('It is larger than any tree this page writes.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused('It is not JSON, or is cut off.');
  }
  if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== KIND) {
    return refused('It is not a tree that this page has written.');
  }
  if ('version' in value && typeof value.version === 'number' && value.version > VERSION) {
    return refused('It was written by a newer version of this page: reload the page to update it, then open the file again.');
  }
  const read = v.safeParse(fileSchema, value);
  if (!read.success) {
    const [issue] = read.issues;
    return refused(`It is damaged at “${v.getDotPath(issue) ?? 'its beginning'}”.`);
  }
  const { tree, asked, growths, look, model: made } = read.output;
  if (made.hash !== model.hash) return refused(`It was made on another model, ${made.id}: open that one first.`);
  const wrong = disagreement(tree);
  if (wrong) return refused(wrong);
  const grown: GrownTree = { tree: rekeyed(tree), asked, growths: new Map(growths), file: fileName };
  return { status: 'opened', grown, look: { ...FIRST_LOOK, ...look, least: Math.min(1, Math.max(0, look.least)) } };
}

/** What of it does not fit together, as a sentence; '' when it does. */
function disagreement({ target, nodes, edges, contexts, error }: Tree): string {
  const ids = new Set(nodes.map(({ id }) => id));
  if (ids.size < nodes.length) return 'Two of its nodes have the same name.';
  if (!nodes[0] || keyOf(nodes[0]) !== keyOf(target)) return 'Its first node is not its target.';
  const stray = [...edges.flatMap(({ parent, child }) => [parent, child]), ...error.map(({ child }) => child)].find((id) => !ids.has(id));
  if (stray !== undefined) return `An edge leads to “${stray}”, which is no node of it.`;
  const isWhole = (values: readonly unknown[]) => values.length === contexts.length;
  if (!nodes.every(({ activation }) => isWhole(activation)) || !edges.every(({ each }) => isWhole(each))) {
    return 'It does not have a number for each of its contexts.';
  }
  return '';
}

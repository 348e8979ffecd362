/** Trees, their files and addresses of the Circuits screen, by value. */
import { describe, expect, it } from 'vitest';
import { FIRST_LOOK, parsePlace, placeHash, type Place } from '../../../src/state/circuits/address.ts';
import { treeCsv } from '../../../src/state/circuits/files.ts';
import { groupMarks, suggestGroups } from '../../../src/state/circuits/groups.ts';
import { FIRST_PROMPT, FIRST_TREE, chosenFrom, rankOf } from '../../../src/state/circuits/settings.ts';
import { readTree, treeJson } from '../../../src/state/circuits/treeFile.ts';
import { differences, edgeKey, regrown, rekeyed, seenTree, type GrownTree } from '../../../src/state/circuits/trees.ts';
import { controlWords, curveAt, ledger } from '../../../src/state/circuits/words.ts';
import { leftWords } from '../../../src/state/shared/leftWords.ts';
import { fakeTree } from '../../helpers/fakeCausal.ts';
import { fakeDictionaries } from '../../helpers/fakeDictionaries.ts';

const dictionary = (layer: number) => `bookworm-9m/blocks.${layer}.hook_resid_post/r4`;
const OPTIONS = { target: { dictionary: dictionary(3), latent: 7 }, dictionaries: [0, 1, 2].map(dictionary) };
const MODEL = { id: 'bookworm-9m', hash: 'abc' };
const tree = rekeyed(fakeTree(OPTIONS));
const asked = {
  mode: 'zero' as const,
  parents: 3,
  threshold: 0.01,
  dictionaries: OPTIONS.dictionaries,
  expand: 'paper' as const,
  controls: false,
  seed: 0,
  contexts: 'its 20 highest contexts',
};
const grown: GrownTree = { tree, growths: new Map(), asked };
const root = tree.nodes[0].id;

describe('addresses', () => {
  const place = (patch: Partial<Place>): Place => ({
    tab: 'tree',
    tree: FIRST_TREE,
    look: FIRST_LOOK,
    prompt: FIRST_PROMPT,
    shown: null,
    ...patch,
  });

  it.each<[string, Place]>([
    ['nothing', place({})],
    ['a target', place({ tree: { ...FIRST_TREE, dictionary: 'a/b c?&#é', latent: 12 } })],
    [
      'all settings',
      place({
        tree: {
          ...FIRST_TREE,
          dictionary: 'a/b',
          latent: 12,
          from: ['x y', 'z'],
          contexts: { kind: 'spread', count: 7 },
          mode: 'restore',
          parents: 9,
          threshold: 2.5,
          depth: 3,
          expand: 'all',
          controls: true,
          seed: 5,
        },
        look: {
          closed: ['12 a/b'],
          pinned: ['3 x y', 'token 8'],
          hidden: ['4 z'],
          least: 0.05,
          groups: [{ name: 'of the', members: ['3 x y', '4 z'] }],
        },
      }),
    ],
    ['a text', place({ tree: { ...FIRST_TREE, dictionary: 'a', latent: 1, contexts: { kind: 'text', text: 'the sea\n & so' } } })],
    ['a list', place({ tree: { ...FIRST_TREE, dictionary: 'a', latent: 1, contexts: { kind: 'list', lines: 'a\nb' } } })],
    [
      'a prompt',
      place({
        tab: 'prompt',
        prompt: { text: 'the sea', position: 1, plus: 5, minus: 6, from: ['q'], nodes: 12, edges: 3, seed: 1 },
        shown: 4,
      }),
    ],
  ])('say %s, and are read again', (_, one) => {
    expect(parsePlace(placeHash(one))).toEqual(one);
  });

  it('leave defaults out, and texts that are too long', () => {
    expect(placeHash(place({ tree: { ...FIRST_TREE, dictionary: 'a/b', latent: 1 } }))).toBe('#/circuits/tree/a/b/1');
    expect(placeHash(place({ tab: 'prompt', prompt: { ...FIRST_PROMPT, text: 'x'.repeat(5000) } }))).toBe('#/circuits/prompt');
  });

  it('never take what is out of limits or unknown', () => {
    const { tree: read, look } = parsePlace(
      '#/circuits/tree/a/1?mode=evil&parents=-4&threshold=NaN&depth=1e9&seed=x&contexts=top+1e9&least=7&hidden=9.9+t3+x&what=1&group=%20',
    );
    expect(read).toEqual({ ...FIRST_TREE, dictionary: 'a', latent: 1, contexts: { kind: 'top', count: 20 } });
    expect(look).toEqual({ ...FIRST_LOOK, hidden: ['token 3'] });
    expect(parsePlace('#/circuits/tree/%E0%A4%A/7').tree.dictionary).toBe('%E0%A4%A');
    expect(parsePlace('#/circuits/tree/a/x').tree.latent).toBeNaN();
    expect(parsePlace('#/circuits/nonsense/a')).toEqual(parsePlace('#/circuits'));
  });
});

describe('trees', () => {
  it('have one node for what is reached twice, and say which by what it is', () => {
    expect(new Set(tree.nodes.map(({ id }) => id)).size).toBe(tree.nodes.length);
    expect(root).toBe(`7 ${dictionary(3)}`);
    expect(tree.nodes.some(({ id }) => id === 'token 12')).toBe(true);
    expect(tree.left_out.by_child[0].child).toBe(root);
  });

  it('lose with the parents of a node what these alone led to', () => {
    const part = rekeyed(fakeTree({ ...OPTIONS, parents: 1, depth: 1 }));
    const one = regrown(tree, root, part);
    expect(one.edges.filter(({ child }) => child === root)).toHaveLength(1);
    expect(one.nodes.every(({ id }) => id === root || one.edges.some(({ parent }) => parent === id))).toBe(true);
    expect(one.nodes.length).toBeLessThan(tree.nodes.length);
    expect([one.continuations, one.naive]).toEqual([80, 800]);
    expect(one.left_out).toMatchObject({ below: 12, beyond: 4 });
  });

  it('show what a person left to be seen, and count the rest by reason', () => {
    const [first] = tree.edges;
    expect(seenTree(tree, FIRST_LOOK).unseen).toEqual({ hidden: 0, closed: 0, weak: 0 });
    const hidden = seenTree(tree, { ...FIRST_LOOK, hidden: [first.parent, root] });
    expect(hidden.nodes.some(({ id }) => id === first.parent)).toBe(false);
    expect(hidden.nodes[0].id).toBe(root);
    expect(hidden.unseen.hidden).toBe(1);
    const closed = seenTree(tree, { ...FIRST_LOOK, closed: [root] });
    expect(closed.nodes.map(({ id }) => id)).toEqual([root]);
    expect(closed.unseen.closed).toBe(tree.nodes.length - 1);
    const pinned = seenTree(tree, { ...FIRST_LOOK, closed: [root], pinned: [first.parent] });
    expect(pinned.nodes.map(({ id }) => id)).toEqual([root, first.parent]);
    expect(pinned.edges.map(edgeKey)).toEqual([edgeKey(first)]);
    const strong = seenTree(tree, { ...FIRST_LOOK, least: 0.5 });
    expect(strong.edges.every(({ effect }) => effect >= 0.5)).toBe(true);
    expect(strong.unseen.weak).toBe(tree.nodes.length - strong.nodes.length);
  });

  it('say what the child did with and without the parent', () => {
    const child = { ...tree.nodes[0], activation: [2, 4] };
    const edge = { ...tree.edges[0], each: [0.25, null] };
    expect(differences(child, edge, 'zero').map(({ before, after }) => [before, after])).toEqual([
      [2, 1.5],
      [4, null],
    ]);
    expect(differences(child, edge, 'restore')[0].after).toBe(0.5);
  });

  it('suggest groups, and only those that are not there', () => {
    const [a, b] = tree.nodes.filter((node) => node.dictionary !== null && node.id !== root).map(({ id }) => id);
    const named = (id: string) => (id === a || id === b ? { text: 'of', from: 'label' as const } : { text: '1', from: 'number' as const });
    const groups = suggestGroups({ ...tree, edges: [] }, named, []);
    expect(groups).toEqual([{ name: 'of', members: [a, b], why: 'the same label' }]);
    expect(suggestGroups({ ...tree, edges: [] }, named, groups)).toEqual([]);
    expect(groupMarks(groups).get(a)).toEqual({ letter: 'A', slot: 0 });
    const near = suggestGroups({ ...tree, edges: [{ ...tree.edges[0], cosine: 0.9 }] }, named, groups);
    expect(near[0].why).toContain('cosine');
  });
});

describe('dictionaries of parents', () => {
  const list = fakeDictionaries();
  it('are usually one of each lower residual stream, nearest first', () => {
    const other = { ...list[1], id: 'bookworm-9m/blocks.1.hook_resid_post/wide' };
    expect(chosenFrom([...list, other], list[3], null)).toEqual([2, 1, 0].map(dictionary));
    expect(chosenFrom(list, list[3], [dictionary(4), dictionary(1), 'gone'])).toEqual([dictionary(1)]);
  });
  it('stand where the model computes them', () => {
    const hooks = [
      '',
      'hook_embed',
      'blocks.0.hook_mlp_out',
      'blocks.0.hook_resid_post',
      'blocks.1.hook_attn_out',
      'blocks.1.hook_resid_post',
    ];
    expect([...hooks].sort((a, b) => rankOf(a) - rankOf(b))).toEqual(hooks);
    expect(rankOf('blocks.1.hook_attn_out')).toBe(rankOf('blocks.1.hook_mlp_out'));
  });
});

/** What the file holds, as far as tests change it. */
interface Written {
  kind: string;
  version: number;
  model: { hash: string };
  tree: {
    target: { latent: number };
    contexts: unknown[];
    nodes: { id: string; latent: unknown }[];
    edges: { parent: string; effect: unknown }[];
  };
}

describe('files', () => {
  const json = treeJson(grown, { ...FIRST_LOOK, pinned: [root] }, MODEL);
  const read = (change: (file: Written) => void) => {
    const file = JSON.parse(json) as Written;
    change(file);
    return readTree(JSON.stringify(file), 'a.json', MODEL);
  };

  it('are read as they were written', () => {
    expect(readTree(json, 'a.json', MODEL)).toEqual({
      status: 'opened',
      grown: { ...grown, tree, file: 'a.json' },
      look: { ...FIRST_LOOK, pinned: [root] },
    });
  });

  it.each<[string, string, (file: Written) => void]>([
    ['another kind', 'not a tree', (file) => (file.kind = 'other')],
    ['a newer version', 'newer version', (file) => (file.version = 9)],
    ['another model', 'another model', (file) => (file.model.hash = 'zzz')],
    ['a node that is no number', 'damaged at', (file) => (file.tree.nodes[0].latent = '7')],
    ['an effect that is no number', 'damaged at', (file) => (file.tree.edges[0].effect = null)],
    ['an edge to nowhere', 'no node of it', (file) => (file.tree.edges[0].parent = 'nowhere')],
    ['contexts left out', 'each of its contexts', (file) => void file.tree.contexts.pop()],
    ['another root', 'not its target', (file) => (file.tree.target.latent = 8)],
    ['two nodes of one name', 'the same name', (file) => (file.tree.nodes[1].id = file.tree.nodes[0].id)],
    ['far too many nodes', 'damaged at', (file) => (file.tree.nodes = Array.from({ length: 6000 }, () => file.tree.nodes[0]))],
    ['no nodes', 'not its target', (file) => (file.tree.nodes = [])],
  ])('with %s are refused by a sentence', (_, words, change) => {
    const opened = read(change);
    expect(opened.status === 'refused' && opened.message).toContain(words);
    expect(opened.status === 'refused' && opened.message).toMatch(/^a\.json was not opened\. .*What is on screen stays\.$/);
  });

  it.each(['', '{', 'null', '[]', '"featurescope tree"', `{"kind":"featurescope tree"}`])('that are %j are refused', (text) => {
    expect(readTree(text, 'a.json', MODEL).status).toBe('refused');
  });

  it('as values have a row for each edge, with each context', () => {
    const rows = treeCsv(grown, seenTree(tree, FIRST_LOOK), (id) => id)
      .trim()
      .split('\r\n');
    expect(rows).toHaveLength(tree.edges.length + 1);
    expect(rows[0].split(',').slice(-2)).toEqual(['context 0', 'context 1']);
  });
});

describe('words', () => {
  it('count what is not drawn, each by its reason', () => {
    const lines = ledger(seenTree(tree, { ...FIRST_LOOK, closed: [root] }), tree, 0.01);
    expect(lines.map(({ id }) => id)).toEqual(['closed', 'below', 'beyond', 'inactive']);
    expect(lines[1].words).toBe('12 under 1\u202F%');
  });

  it('say what controls say', () => {
    expect(controlWords(tree.edges)).toBe('');
    const controlled = rekeyed(fakeTree({ ...OPTIONS, controls: true })).edges;
    expect(controlWords(controlled)).toContain(`${controlled.length} of ${controlled.length} edges`);
  });

  it('read a curve between what was measured', () => {
    const points = [
      { nodes: 0, kept: 0, random: 0 },
      { nodes: 10, kept: 1, random: 0.2 },
    ];
    expect(curveAt(points, 5)).toEqual({ kept: 0.5, random: 0.1 });
    expect(curveAt(points, 50)).toEqual({ kept: 1, random: 0.2 });
    expect(curveAt([], 1)).toBeNull();
  });

  it('tell how long it takes once that can be told', () => {
    expect([leftWords(1, 2, 1), leftWords(1, 3, 10), leftWords(1, 100, 10)]).toEqual(['', ', about 20 s left', ', about 17 min left']);
  });
});

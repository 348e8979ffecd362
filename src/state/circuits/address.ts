/**
 * What the Circuits screen shows, as an address that a person can read and change: `#/circuits/tree/<dictionary>/<number>?…`
 * and `#/circuits/prompt?…`. Defaults are left out, what is not known is passed over, what is out of its limits is not taken.
 */
import { causesHash } from '../shared/causesAddress.ts';
import { FIRST_PROMPT, FIRST_TREE, LIMITS, MODES, type ContextChoice, type PromptSettings, type TreeSettings } from './settings.ts';

/** What of a tree is seen. Nodes are said by key. */
export interface Look {
  /** Their parents are not shown. */
  closed: readonly string[];
  pinned: readonly string[];
  hidden: readonly string[];
  /** Edges below are not drawn; a share. */
  least: number;
  groups: readonly Group[];
}

export interface Group {
  name: string;
  members: readonly string[];
}

export const FIRST_LOOK: Look = { closed: [], pinned: [], hidden: [], least: 0, groups: [] };

export interface Place {
  tab: 'tree' | 'prompt';
  tree: TreeSettings;
  look: Look;
  prompt: PromptSettings;
  /** Nodes of the prompt circuit that are drawn; null: all. */
  shown: number | null;
}

/** Texts longer than this stay out of the address. */
const MOST_TEXT = 2000;
const MOST_LISTED = 200;
const MOST_NAME = 300;
const START = '#/circuits';

export function placeHash({ tab, tree, look, prompt, shown }: Place): string {
  return tab === 'tree' ? treeHash(tree, look) : promptHash(prompt, shown);
}

function treeHash(tree: TreeSettings, look: Look): string {
  const { dictionary, latent } = tree;
  if (dictionary === '') return `${START}/tree`;
  const marks = [...look.closed, ...look.pinned, ...look.hidden, ...look.groups.flatMap(({ members }) => members)];
  const ids = [...new Set([dictionary, ...marks.flatMap((key) => dictionaryOf(key) ?? [])])];
  const keys = (list: readonly string[]) => (list.length > 0 ? list.map((key) => shortKey(key, ids)).join(' ') : undefined);
  const query = queryOf([
    ...many('from', tree.from ?? []),
    ...contextFields(tree.contexts),
    ['mode', unless(tree.mode, FIRST_TREE.mode)],
    ['parents', unless(tree.parents, FIRST_TREE.parents)],
    ['threshold', unless(tree.threshold, FIRST_TREE.threshold)],
    ['depth', tree.depth ?? undefined],
    ['expand', unless(tree.expand, FIRST_TREE.expand)],
    ['controls', tree.controls ? 1 : undefined],
    ['seed', unless(tree.seed, FIRST_TREE.seed)],
    ['least', unless(look.least, 0)],
    ['closed', keys(look.closed)],
    ['pinned', keys(look.pinned)],
    ['hidden', keys(look.hidden)],
    ...look.groups.map(({ name, members }) => ['group', `${name.replaceAll(' ', '_')} ${keys(members)}`] as Field),
    ...many('of', ids.slice(1)),
  ]);
  return `${causesHash({ dictionary, latent })}${query}`;
}

function contextFields(contexts: ContextChoice | null): Field[] {
  if (!contexts) return [];
  switch (contexts.kind) {
    case 'text':
      return [
        ['contexts', 'text'],
        ['text', contexts.text === null ? undefined : fitting(contexts.text)],
      ];
    case 'list':
      return [
        ['contexts', 'list'],
        ['lines', fitting(contexts.lines)],
      ];
    default:
      return [['contexts', `${contexts.kind} ${contexts.count}`]];
  }
}

function promptHash(prompt: PromptSettings, shown: number | null): string {
  const query = queryOf([
    ['text', prompt.text === null ? undefined : fitting(prompt.text)],
    ['position', prompt.position ?? undefined],
    ['plus', prompt.plus ?? undefined],
    ['minus', prompt.minus ?? undefined],
    ...many('from', prompt.from ?? []),
    ['nodes', unless(prompt.nodes, FIRST_PROMPT.nodes)],
    ['edges', unless(prompt.edges, FIRST_PROMPT.edges)],
    ['seed', unless(prompt.seed, FIRST_PROMPT.seed)],
    ['shown', shown ?? undefined],
  ]);
  return `${START}/prompt${query}`;
}

type Field = readonly [name: string, value: string | number | undefined];

function many(name: string, values: readonly string[]): Field[] {
  return values.map((value) => [name, value]);
}

function queryOf(fields: readonly Field[]): string {
  const query = new URLSearchParams();
  for (const [name, value] of fields) if (value !== undefined) query.append(name, String(value).toWellFormed());
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function unless<T extends string | number>(value: T, usual: T): T | undefined {
  return value === usual ? undefined : value;
}

function fitting(text: string): string | undefined {
  return text.length <= MOST_TEXT ? text : undefined;
}

/** Whether a text is too long for the address, so that a link loses it. */
export function isLongForAddress(text: string): boolean {
  return text.length > MOST_TEXT;
}

/** @param hash hostile until checked; whatever it is, the place is one the screen can show */
export function parsePlace(hash: string): Place {
  const match = /^#\/circuits(?:\/(tree|prompt))?(?:\/([^?]*))?(?:\?(.*))?$/s.exec(hash);
  const query = new URLSearchParams(match?.[3] ?? '');
  const isPrompt = match?.[1] === 'prompt';
  const place = { tab: 'tree', tree: FIRST_TREE, look: FIRST_LOOK, prompt: FIRST_PROMPT, shown: null } as const;
  if (isPrompt) return { ...place, tab: 'prompt', prompt: promptOf(query), shown: numberIn(query.get('shown'), LIMITS.nodes) };
  const [, id = '', number = ''] = /^(.*)\/([^/]*)$/.exec(match?.[2] ?? '') ?? [];
  if (id === '' || match?.[1] !== 'tree') return place;
  const dictionary = decoded(id);
  return { ...place, tree: treeOf(dictionary, number, query), look: lookOf(dictionary, query) };
}

function treeOf(dictionary: string, number: string, query: URLSearchParams): TreeSettings {
  const mode = MODES.find((one) => one === query.get('mode'));
  return {
    dictionary,
    latent: /^\d{1,9}$/.test(number) ? Number(number) : NaN,
    from: listOf(query, 'from'),
    contexts: choiceOf(query),
    mode: mode ?? FIRST_TREE.mode,
    parents: numberIn(query.get('parents'), LIMITS.parents) ?? FIRST_TREE.parents,
    threshold: numberIn(query.get('threshold'), LIMITS.threshold, false) ?? FIRST_TREE.threshold,
    depth: numberIn(query.get('depth'), LIMITS.depth),
    expand: query.get('expand') === 'all' ? 'all' : 'paper',
    controls: query.get('controls') === '1',
    seed: numberIn(query.get('seed'), LIMITS.seed) ?? FIRST_TREE.seed,
  };
}

function choiceOf(query: URLSearchParams): ContextChoice | null {
  const [kind, count] = (query.get('contexts') ?? '').split(' ');
  if (kind === 'text') return { kind, text: query.get('text') };
  if (kind === 'list') return { kind, lines: query.get('lines') ?? '' };
  if (kind !== 'top' && kind !== 'spread') return null;
  return { kind, count: numberIn(count ?? null, LIMITS.count) ?? LIMITS.count.usual };
}

function lookOf(dictionary: string, query: URLSearchParams): Look {
  const ids = [dictionary, ...(listOf(query, 'of') ?? [])];
  const keys = (list: readonly string[]) => list.slice(0, MOST_LISTED).flatMap((key) => longKey(key, ids) ?? []);
  const listed = (name: string) => keys((query.get(name) ?? '').split(' '));
  const groups = query.getAll('group').flatMap((value) => {
    const [name, ...members] = value.split(' ');
    const known = keys(members);
    return known.length > 0 ? [{ name: name.replaceAll('_', ' ').slice(0, 100), members: known }] : [];
  });
  return {
    closed: listed('closed'),
    pinned: listed('pinned'),
    hidden: listed('hidden'),
    least: numberIn(query.get('least'), { min: 0, max: 1 }, false) ?? 0,
    groups: groups.slice(0, 26),
  };
}

function promptOf(query: URLSearchParams): PromptSettings {
  const any = { min: 0, max: 2 ** 31 };
  return {
    text: query.get('text'),
    position: numberIn(query.get('position'), any),
    plus: numberIn(query.get('plus'), any),
    minus: numberIn(query.get('minus'), any),
    from: listOf(query, 'from'),
    nodes: numberIn(query.get('nodes'), LIMITS.nodes) ?? FIRST_PROMPT.nodes,
    edges: numberIn(query.get('edges'), LIMITS.edges) ?? FIRST_PROMPT.edges,
    seed: numberIn(query.get('seed'), LIMITS.seed) ?? FIRST_PROMPT.seed,
  };
}

function numberIn(text: string | null, { min, max }: { min: number; max: number }, whole = true): number | null {
  if (text === null || text.trim() === '') return null;
  const value = Number(text);
  return Number.isFinite(value) && value >= min && value <= max && (!whole || Number.isInteger(value)) ? value : null;
}

/** null where none is named. */
function listOf(query: URLSearchParams, name: string): string[] | null {
  const list = query
    .getAll(name)
    .filter((id) => id !== '' && id.length <= MOST_NAME)
    .slice(0, MOST_LISTED);
  return list.length > 0 ? list : null;
}

/** `12 <dictionary>` as `12.1`, by the place of its dictionary in a list; a token as `t12`. */
function shortKey(key: string, ids: readonly string[]): string {
  const [number, id] = splitKey(key);
  return id === undefined ? `t${number}` : `${number}.${ids.indexOf(id)}`;
}

function longKey(key: string, ids: readonly string[]): string | null {
  const token = /^t(\d{1,9})$/.exec(key);
  if (token) return `token ${token[1]}`;
  const [, latent, place] = /^(\d{1,9})\.(\d{1,3})$/.exec(key) ?? [];
  const id = ids[Number(place)];
  return id === undefined ? null : `${latent} ${id}`;
}

function dictionaryOf(key: string): string | undefined {
  return splitKey(key)[1];
}

function splitKey(key: string): [number: string, dictionary: string | undefined] {
  if (key.startsWith('token ')) return [key.slice(6), undefined];
  const at = key.indexOf(' ');
  return [key.slice(0, at), key.slice(at + 1)];
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return id;
  }
}

/** Groups of nodes that may be one thing: suggested, never imposed. */
import type { Tree } from '../../api/causal.ts';
import type { Group } from './address.ts';

/** What a node is called, and by what. */
export interface NodeName {
  text: string;
  from: 'label' | 'token' | 'number';
}

interface Suggestion extends Group {
  why: string;
}

/** Cosine of decoder rows from which two directions are taken for near. */
const NEAR_COSINE = 0.7;

/** Groups of at least two nodes that are not all in one group already. */
export function suggestGroups(
  { nodes, edges }: Pick<Tree, 'nodes' | 'edges'>,
  nameOf: (id: string) => NodeName | undefined,
  taken: readonly Group[],
): Suggestion[] {
  const features = nodes.filter(({ dictionary }) => dictionary !== null);
  const by = (from: NodeName['from'], why: string): Suggestion[] => {
    const lists = new Map<string, string[]>();
    for (const { id } of features) {
      const name = nameOf(id);
      if (name?.from === from) lists.set(name.text, [...(lists.get(name.text) ?? []), id]);
    }
    return [...lists].map(([name, members]) => ({ name, members, why }));
  };
  const isToken = new Set(nodes.filter(({ dictionary }) => dictionary === null).map(({ id }) => id));
  const close = edges.filter((edge) => edge.cosine > NEAR_COSINE && !isToken.has(edge.parent));
  const all = [...by('label', 'the same label'), ...by('token', 'the same commonest token'), ...alongEdges(close, nameOf)];
  return all.filter(
    ({ members }) => members.length > 1 && !taken.some((group) => members.every((member) => group.members.includes(member))),
  );
}

/** Nodes that near directions join. */
function alongEdges(edges: Tree['edges'], nameOf: (id: string) => NodeName | undefined): Suggestion[] {
  const groups: Set<string>[] = [];
  for (const { parent, child } of edges) {
    const touched = groups.filter((group) => group.has(parent) || group.has(child));
    const joined = new Set([parent, child, ...touched.flatMap((group) => [...group])]);
    for (const group of touched) groups.splice(groups.indexOf(group), 1);
    groups.push(joined);
  }
  return groups.map((group) => {
    const members = [...group];
    return { name: nameOf(members[0])?.text ?? '', members, why: `cosine over ${NEAR_COSINE} along an edge` };
  });
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const COLOURS = 6;

/** Letter and colour of each node that is in a group. */
export function groupMarks(groups: readonly Group[]): Map<string, { letter: string; slot: number }> {
  const marks = new Map<string, { letter: string; slot: number }>();
  groups.forEach(({ members }, g) => members.forEach((id) => marks.set(id, { letter: LETTERS[g % LETTERS.length], slot: g % COLOURS })));
  return marks;
}

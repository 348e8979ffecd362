import { useMemo } from 'react';
import { suggestGroups } from '../../state/circuits/groups.ts';
import type { GrownTree } from '../../state/circuits/trees.ts';
import { Panel } from '../shared/Panel.tsx';
import { useCircuits, useCircuitsActions } from './CircuitsContext.tsx';
import type { NameOf } from './treeWords.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Nodes that may be one thing: groups that were made, and such as might be. */
export function Groups({ grown, nameOf }: { grown: GrownTree; nameOf: NameOf }) {
  const { group, ungroup } = useCircuitsActions();
  const groups = useCircuits((s) => s.place.look.groups);
  const suggestions = useMemo(() => {
    const byId = new Map(grown.tree.nodes.map((node) => [node.id, node]));
    const named = (id: string) => {
      const node = byId.get(id);
      return node && nameOf(node);
    };
    return suggestGroups(grown.tree, named, groups);
  }, [grown.tree, nameOf, groups]);
  if (groups.length + suggestions.length === 0) return null;
  return (
    <Panel title="Groups">
      {groups.length > 0 && (
        <ul className="tree-groups">
          {groups.map(({ name, members }, g) => (
            <li key={g} data-line={g % 6}>
              <span>
                <b className="group-letter">{LETTERS[g % LETTERS.length]}</b> “{name}”, {members.length} nodes
              </span>
              <button type="button" className="button-small" onClick={() => ungroup(g)}>
                Take apart
              </button>
            </li>
          ))}
        </ul>
      )}
      {suggestions.length > 0 && (
        <>
          <p className="hint">Nodes that may be one thing. A group is a letter on its nodes; nothing is merged.</p>
          <ul className="tree-groups">
            {suggestions.map((one, i) => (
              <li key={i}>
                <span>
                  “{one.name}”, {one.members.length} nodes: {one.why}
                </span>
                <button type="button" className="button-small" onClick={() => group({ name: one.name, members: one.members })}>
                  Group
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

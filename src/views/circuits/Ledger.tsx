import { formatInteger } from '../../charts/format.ts';
import { growthOf, type GrownTree, type SeenTree } from '../../state/circuits/trees.ts';
import { ledger, type LedgerLine } from '../../state/circuits/words.ts';
import { useCircuits, useCircuitsActions } from './CircuitsContext.tsx';
import { nodeWords } from './treeWords.ts';
import { useNames } from './useNames.ts';

/** Weaker parents that come in at one press. */
const MORE = 5;

/** Everything that is not drawn, counted by reason, with what shows it. */
export function Ledger({ grown, seen }: { grown: GrownTree; seen: SeenTree }) {
  const actions = useCircuitsActions();
  const lines = ledger(seen, grown.tree, grown.asked.threshold);
  if (lines.length === 0) return null;
  const shows: Partial<Record<LedgerLine['id'], () => void>> = {
    hidden: actions.showHidden,
    closed: actions.openAll,
    weak: () => actions.setLeast(0),
  };
  return (
    <div className="tree-ledger">
      <ul aria-label="Not drawn">
        {lines.map(({ id, words }) => (
          <li key={id}>
            {words}
            {shows[id] && (
              <button type="button" className="button-small" onClick={shows[id]}>
                Show
              </button>
            )}
          </li>
        ))}
      </ul>
      <ByChild grown={grown} />
    </div>
  );
}

/** Of which node how many parents are left out. */
function ByChild({ grown }: { grown: GrownTree }) {
  const { regrow } = useCircuitsActions();
  const busy = useCircuits((s) => s.treeTask?.status === 'running');
  const nameOf = useNames();
  const { tree } = grown;
  const left = tree.left_out.by_child.filter(({ below, beyond }) => below + beyond > 0);
  if (left.length === 0) return null;
  return (
    <details className="fold">
      <summary>Left out, node by node</summary>
      <ul className="tree-left">
        {left.map(({ child, below, beyond }) => {
          const node = tree.nodes.find(({ id }) => id === child);
          const { parents } = growthOf(grown, child);
          if (!node || node.dictionary === null) return null;
          return (
            <li key={child}>
              <span>
                {nodeWords(node, nameOf)}: {formatInteger(below)} under the weakest effect, {formatInteger(beyond)} beyond the {parents}{' '}
                strongest
              </span>
              <button
                type="button"
                className="button-small"
                disabled={busy}
                onClick={() => void regrow(child, { parents: parents + MORE, ...(beyond === 0 && { threshold: 0 }) })}
              >
                Show {Math.min(MORE, below + beyond)} more
              </button>
            </li>
          );
        })}
      </ul>
    </details>
  );
}

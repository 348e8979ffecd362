import type { Tree } from '../../api/causal.ts';
import { formatPercent } from '../../charts/format.ts';
import { edgeKey, type GrownTree, type SeenTree } from '../../state/circuits/trees.ts';
import { Empty, Panel } from '../shared/Panel.tsx';
import { useCircuits } from './CircuitsContext.tsx';
import { EdgeDetail } from './EdgeDetail.tsx';
import { NodeDetail } from './NodeDetail.tsx';
import { nodeWords, type NameOf } from './treeWords.ts';

export interface DetailProps {
  grown: GrownTree;
  seen: SeenTree;
  nameOf: NameOf;
}

/** What a dictionary does not explain: how much of the child goes with it, of each dictionary. */
function ErrorDetail({ error, grown, nameOf }: { error: Tree['error'][number] } & DetailProps) {
  const child = grown.tree.nodes.find(({ id }) => id === error.child);
  if (!child) return null;
  const all = grown.tree.error.filter((one) => one.child === error.child).sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
  return (
    <Panel title={`Errors under ${nodeWords(child, nameOf)}`} className="circuits-detail">
      <p>
        What a dictionary’s features do not explain of the activation is kept when they are taken out. Taken out by itself at every
        position, this goes of {nodeWords(child, nameOf)}:
      </p>
      <table className="edge-figures">
        <tbody>
          {all.map(({ dictionary, effect }) => (
            <tr key={dictionary}>
              <th scope="row">{dictionary}</th>
              <td className="numeric">{formatPercent(effect)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="hint">The larger it is, the less the tree tells: no feature stands for it.</p>
    </Panel>
  );
}

/** What is known of the node or the edge that was clicked. */
export function Detail(props: DetailProps) {
  const chosen = useCircuits((s) => s.chosen);
  const { tree } = props.grown;
  const edge = tree.edges.find((one) => edgeKey(one) === chosen);
  if (edge) return <EdgeDetail key={edgeKey(edge)} edge={edge} {...props} />;
  const node = tree.nodes.find(({ id }) => id === chosen);
  if (node) return <NodeDetail key={node.id} node={node} {...props} />;
  const error = tree.error.find((one) => chosen?.startsWith(`error ${one.dictionary} of ${one.child}`));
  if (error) return <ErrorDetail error={error} {...props} />;
  return (
    <Panel title="Detail">
      <Empty>Click a node or an edge: a node shows its parents and can be grown, an edge shows what the target did in each context.</Empty>
    </Panel>
  );
}

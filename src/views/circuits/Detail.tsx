import { edgeKey, type GrownTree, type SeenTree } from '../../state/circuits/trees.ts';
import { Empty, Panel } from '../shared/Panel.tsx';
import { useCircuits } from './CircuitsContext.tsx';
import { EdgeDetail } from './EdgeDetail.tsx';
import { NodeDetail } from './NodeDetail.tsx';
import type { NameOf } from './treeWords.ts';

export interface DetailProps {
  grown: GrownTree;
  seen: SeenTree;
  nameOf: NameOf;
}

/** What is known of the node or the edge that was clicked. */
export function Detail(props: DetailProps) {
  const chosen = useCircuits((s) => s.chosen);
  const { tree } = props.grown;
  const edge = tree.edges.find((one) => edgeKey(one) === chosen);
  if (edge) return <EdgeDetail key={edgeKey(edge)} edge={edge} {...props} />;
  const node = tree.nodes.find(({ id }) => id === chosen);
  if (node) return <NodeDetail key={node.id} node={node} {...props} />;
  return (
    <Panel title="Detail">
      <Empty>Click a node or an edge: a node shows its parents and can be grown, an edge shows what the target did in each context.</Empty>
    </Panel>
  );
}

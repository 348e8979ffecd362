import type { CausalMode, TreeEdge, TreeNode } from '../../api/causal.ts';
import { formatNumber, formatPercent } from '../../charts/format.ts';
import { MODES } from '../../state/circuits/settings.ts';
import { edgeKey, growthOf } from '../../state/circuits/trees.ts';
import { hookWords, MODE_NAMES } from '../../state/circuits/words.ts';
import { FeatureLink } from '../shared/FeatureLink.tsx';
import { Field } from '../shared/fields.tsx';
import { Panel } from '../shared/Panel.tsx';
import { useCircuits, useCircuitsActions } from './CircuitsContext.tsx';
import type { DetailProps } from './Detail.tsx';
import { MORE } from './treeKeys.ts';
import { capital, meanActivation, nodeWords } from './treeWords.ts';

/** A node: what it is, what is done with it, and its edges. */
export function NodeDetail({ node, grown, nameOf }: { node: TreeNode } & DetailProps) {
  const { tree } = grown;
  const byId = (id: string) => tree.nodes.find((one) => one.id === id);
  const parents = tree.edges.filter(({ child }) => child === node.id);
  const effects = tree.edges.filter(({ parent }) => parent === node.id);
  const words = (id: string) => {
    const other = byId(id);
    return other ? nodeWords(other, nameOf) : id;
  };
  return (
    <Panel title={capital(nodeWords(node, nameOf))} className="circuits-detail">
      {node.dictionary === null ? (
        <p className="hint">In the contexts {formatNumber(meanActivation(node))} times each, on average.</p>
      ) : (
        <>
          <p>
            <FeatureLink dictionary={node.dictionary} latent={node.latent}>
              Its feature page
            </FeatureLink>{' '}
            <span className="hint">
              {hookWords(node.hook)}; {formatNumber(meanActivation(node))} at the last token, on average over the contexts
            </span>
          </p>
          <NodeActions node={node} grown={grown} hasParents={parents.length > 0} />
        </>
      )}
      {parents.length > 0 && <EdgeList title="What makes it fire" edges={parents} wordsOf={(edge) => words(edge.parent)} />}
      {effects.length > 0 && <EdgeList title="What it makes fire" edges={effects} wordsOf={(edge) => words(edge.child)} />}
    </Panel>
  );
}

type ActionsProps = { node: TreeNode; hasParents: boolean } & Pick<DetailProps, 'grown'>;

function NodeActions({ node, grown, hasParents }: ActionsProps) {
  const { close, pin, hide, regrow } = useCircuitsActions();
  const look = useCircuits((s) => s.place.look);
  const busy = useCircuits((s) => s.treeTask?.status === 'running');
  const { id } = node;
  const growth = growthOf(grown, id);
  const isClosed = look.closed.includes(id);
  const isRoot = grown.tree.nodes[0]?.id === id;
  return (
    <>
      <div className="panel-foot" role="group" aria-label="What is done with it">
        {hasParents ? (
          <button type="button" className="button-small" onClick={() => close(id)}>
            {isClosed ? 'Open' : 'Close'}
          </button>
        ) : (
          <button type="button" className="button-small" disabled={busy} onClick={() => void regrow(id, {})}>
            Find its parents
          </button>
        )}
        {hasParents && (
          <button
            type="button"
            className="button-small"
            disabled={busy}
            onClick={() => void regrow(id, { parents: growth.parents + MORE })}
          >
            More parents
          </button>
        )}
        <button type="button" className="button-small" aria-pressed={look.pinned.includes(id)} onClick={() => pin(id)}>
          {look.pinned.includes(id) ? 'Pinned' : 'Pin'}
        </button>
        {!isRoot && (
          <button type="button" className="button-small" aria-pressed={look.hidden.includes(id)} onClick={() => hide(id)}>
            {look.hidden.includes(id) ? 'Hidden' : 'Hide'}
          </button>
        )}
      </div>
      <Field label="How its parents are taken out">
        <select value={growth.mode} disabled={busy} onChange={(e) => void regrow(id, { mode: e.target.value as CausalMode })}>
          {MODES.map((mode) => (
            <option key={mode} value={mode}>
              {MODE_NAMES[mode]}
            </option>
          ))}
        </select>
      </Field>
    </>
  );
}

function EdgeList({ title, edges, wordsOf }: { title: string; edges: readonly TreeEdge[]; wordsOf: (edge: TreeEdge) => string }) {
  const { choose } = useCircuitsActions();
  return (
    <>
      <h3>{title}</h3>
      <ul className="circuits-edges">
        {edges.map((edge) => (
          <li key={edgeKey(edge)}>
            <button type="button" className="button-quiet" onClick={() => choose(edgeKey(edge))}>
              <span className="num">{formatPercent(edge.effect)}</span> <span>{capital(wordsOf(edge))}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

import { useEffect } from 'react';
import type { TreeNode } from '../../api/causal.ts';
import type { Detokenized } from '../../api/model.ts';
import { formatNumber } from '../../charts/format.ts';
import { glyphText } from '../../core/lm/glyphs.ts';
import type { Step } from '../../charts/walk.ts';
import type { GrownTree, SeenTree } from '../../state/circuits/trees.ts';
import { keyOf } from '../../state/circuits/trees.ts';
import { FeatureLink } from '../shared/FeatureLink.tsx';
import { useCircuits, useCircuitsActions } from './CircuitsContext.tsx';
import { describeNode, type NameOf } from './treeWords.ts';

interface ReadingProps {
  step: Step | null;
  grown: GrownTree;
  seen: SeenTree;
  nameOf: NameOf;
  /** Names of the output tokens that are drawn. */
  outputs: readonly string[];
}

/** The node that is pointed at or focused, with the context in which it fires most. What it says is the node's name to those who hear it. */
export function Reading({ step, grown, seen, nameOf, outputs }: ReadingProps) {
  const node = step && grown.tree.nodes.find(({ id }) => id === step.node);
  return (
    <div className="graph-reading" data-at={step ? '' : undefined}>
      {step ? (
        <>
          <p>{describeNode(step, grown, seen, nameOf, outputs)}</p>
          {node && node.dictionary !== null && <Top dictionary={node.dictionary} node={node} grown={grown} />}
        </>
      ) : (
        <p className="hint">
          Point at a node, or go to one with Tab and the arrow keys: its top context stands here. Ctrl and the wheel zoom.
        </p>
      )}
    </div>
  );
}

function Top({ dictionary, node, grown }: { dictionary: string; node: TreeNode; grown: GrownTree }) {
  const { askTop } = useCircuitsActions();
  const top = useCircuits((s) => s.tops.get(keyOf(node)));
  const rows = useCircuits((s) => s.contexts);
  useEffect(() => {
    // Nobody reads about a node that is passed on the way to another.
    const timer = setTimeout(() => askTop(dictionary, node.latent), 120);
    return () => clearTimeout(timer);
  }, [askTop, dictionary, node.latent]);
  return (
    <p className="graph-context">
      {top ? (
        <>
          <span className="hint">Its highest context, {formatNumber(top.value)}:</span> {clean(top.before)}
          <b>{glyphText(top.at)}</b>
          {clean(top.after)}
        </>
      ) : (
        <OwnContext node={node} rows={rows} count={grown.tree.contexts.length} />
      )}{' '}
      <FeatureLink dictionary={dictionary} latent={node.latent}>
        Feature page
      </FeatureLink>
    </p>
  );
}

/** Where no index knows better: that of the tree's contexts in which it is highest at the last token. */
function OwnContext({ node, rows, count }: { node: TreeNode; rows: readonly Detokenized[]; count: number }) {
  const best = node.activation.indexOf(Math.max(...node.activation));
  const row = rows[best];
  if (!row || !(node.activation[best] > 0)) return <span className="hint">It is off at the last token of all {count} contexts.</span>;
  return (
    <>
      <span className="hint">Highest of the contexts here, {formatNumber(node.activation[best])}:</span>{' '}
      {clean(row.tokens.slice(-9, -1).join(''))}
      <b>{glyphText(row.tokens.at(-1) ?? '')}</b>
    </>
  );
}

function clean(text: string): string {
  return text.replaceAll('\n', '↵');
}

import { useState } from 'react';
import type { TreeEdge } from '../../api/causal.ts';
import type { Detokenized } from '../../api/model.ts';
import { formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import { glyphText } from '../../core/lm/glyphs.ts';
import { LIMITS, type ContextChoice } from '../../state/circuits/settings.ts';
import type { Again } from '../../state/circuits/state.ts';
import { differences, edgeKey, growthOf, type Difference } from '../../state/circuits/trees.ts';
import { MODE_FORMULAS, MODE_NAMES } from '../../state/circuits/words.ts';
import { Field } from '../shared/fields.tsx';
import { Info } from '../shared/Info.tsx';
import { Failure, Panel } from '../shared/Panel.tsx';
import { useCircuits, useCircuitsActions } from './CircuitsContext.tsx';
import type { DetailProps } from './Detail.tsx';
import { capital, edgeWords, intervalWords, nodeWords } from './treeWords.ts';

/** An edge: its number with everything that may be doubted about it, and each context by itself. */
export function EdgeDetail({ edge, grown, nameOf }: { edge: TreeEdge } & DetailProps) {
  const { choose } = useCircuitsActions();
  const again = useCircuits((s) => s.again.get(edgeKey(edge)));
  const byId = (id: string) => grown.tree.nodes.find((node) => node.id === id);
  const [parent, child] = [byId(edge.parent), byId(edge.child)];
  if (!parent || !child) return null;
  const { mode } = growthOf(grown, edge.child);
  const [from, to] = [nodeWords(parent, nameOf), nodeWords(child, nameOf)];
  return (
    <Panel
      title={`${capital(from)} → ${to}`}
      className="circuits-detail"
      aside={
        <Info about="this edge">
          <span className="formula">{MODE_FORMULAS[mode]}</span>, a the target’s activation at the last token of a context. The interval is
          a bootstrap over contexts, 95 %. Cosine is of the directions that the two write.
        </Info>
      }
    >
      <p>
        {capital(edgeWords(edge, to, mode))}. <span className="hint">{MODE_NAMES[mode]}.</span>
      </p>
      <div className="edge-runs">
        <Figures title={grown.asked.contexts} edge={edge} contexts={grown.tree.contexts.length} />
        <Second again={again} />
      </div>
      <RunAgain edge={edge} busy={again?.status === 'running'} />
      <h3>Context by context</h3>
      <ContextTable list={differences(child, edge, mode)} restore={mode === 'restore'} />
      <div className="panel-foot">
        <button type="button" className="button-small" onClick={() => choose(edge.parent)}>
          {capital(from)}
        </button>
        <button type="button" className="button-small" onClick={() => choose(edge.child)}>
          {capital(to)}
        </button>
      </div>
    </Panel>
  );
}

/** One measurement of an edge, its controls in grey below. */
function Figures({ title, edge, contexts }: { title: string; edge: TreeEdge; contexts: number }) {
  const rows: [string, string, boolean][] = [
    ['Effect', `${formatPercent(edge.effect)} (${intervalWords(edge.interval)})`, false],
    ['Cosine', formatNumber(edge.cosine), false],
    ...(edge.controls ?? []).map(({ kind, latent, effect, interval }): [string, string, boolean] => [
      kind === 'direction' ? 'A random direction' : `Feature ${latent ?? ''}, of near-equal density`,
      `${formatPercent(effect)} (${intervalWords(interval)})`,
      true,
    ]),
  ];
  return (
    <table className="edge-figures">
      <caption>
        On {title}: {formatInteger(contexts)}
      </caption>
      <tbody>
        {rows.map(([name, value, isControl]) => (
          <tr key={name} className={isControl ? 'is-control' : undefined}>
            <th scope="row">{name}</th>
            <td className="numeric">{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Second({ again }: { again: Again | undefined }) {
  switch (again?.status) {
    case undefined:
      return null;
    case 'running':
      return <p role="status">Measuring again…</p>;
    case 'failed':
      return <Failure message={again.message} />;
    case 'done':
      if (!again.edge)
        return (
          <p role="status">
            On {again.words}: the parent is active in none of {again.contexts} contexts.
          </p>
        );
      return <Figures title={again.words} edge={again.edge} contexts={again.contexts} />;
  }
}

const CHOICES: readonly { value: string; label: string; choice: ContextChoice }[] = [
  { value: 'spread', label: 'contexts between half its maximum and its maximum', choice: { kind: 'spread', count: LIMITS.count.usual } },
  { value: 'top', label: 'its highest contexts', choice: { kind: 'top', count: LIMITS.count.usual } },
  { value: 'text', label: 'the text in Explore', choice: { kind: 'text', text: null } },
];

function RunAgain({ edge, busy }: { edge: TreeEdge; busy: boolean }) {
  const { askAgain } = useCircuitsActions();
  const [value, setValue] = useState(CHOICES[0].value);
  const { choice } = CHOICES.find((one) => one.value === value) ?? CHOICES[0];
  return (
    <form
      className="edge-again"
      onSubmit={(event) => {
        event.preventDefault();
        void askAgain(edgeKey(edge), choice);
      }}
    >
      <Field label="Other contexts">
        <select value={value} onChange={(e) => setValue(e.target.value)}>
          {CHOICES.map((one) => (
            <option key={one.value} value={one.value}>
              {one.label}
            </option>
          ))}
        </select>
      </Field>
      <button type="submit" disabled={busy}>
        Run again, with controls
      </button>
    </form>
  );
}

/** Tokens shown of a context, before and with the one at which the target is watched. */
const SHOWN = 9;

function ContextTable({ list, restore }: { list: readonly Difference[]; restore: boolean }) {
  const contexts = useCircuits((s) => s.contexts);
  const largest = list.reduce((most, { before, after }) => Math.max(most, before, after ?? 0), 1e-9);
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label="What the target did in each context">
      <table className="edge-contexts">
        <thead>
          <tr>
            <th scope="col">Context, the last token in bold</th>
            <th scope="col">As it is, and {restore ? 'with the parent alone' : 'without the parent'}</th>
            <th scope="col" className="numeric">
              {restore ? 'Kept' : 'Gone'}
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map(({ context, before, after, share }) => (
            <tr key={context}>
              <td className="edge-context">
                <ContextEnd row={contexts[context]} />
              </td>
              <td>
                <Bar value={before} largest={largest} name="before" />
                {after !== null && <Bar value={after} largest={largest} name="after" />}
              </td>
              <td className="numeric">{share === null ? 'off' : formatPercent(share)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ContextEnd({ row }: { row: Detokenized | undefined }) {
  if (!row) return <>…</>;
  const from = Math.max(0, row.tokens.length - SHOWN);
  return (
    <>
      {from > 0 && '… '}
      {row.tokens.slice(from, -1).join('').replaceAll('\n', '↵')}
      <b>{glyphText(row.tokens.at(-1) ?? '')}</b>
    </>
  );
}

function Bar({ value, largest, name }: { value: number; largest: number; name: 'before' | 'after' }) {
  return (
    <span className="edge-bar" data-bar={name}>
      <span style={{ width: `${Math.max(0, (100 * value) / largest).toFixed(1)}%` }} />
      <i>{formatNumber(value)}</i>
    </span>
  );
}

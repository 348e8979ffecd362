import { useMemo, useState } from 'react';
import { formatInteger, formatNumber, formatPercent, formatSigned } from '../../charts/format.ts';
import { Graph } from '../../charts/Graph.tsx';
import type { ChartTable } from '../../charts/TableTwin.tsx';
import { useWidth } from '../../charts/useWidth.ts';
import type { Step } from '../../charts/walk.ts';
import { glyphText } from '../../core/lm/glyphs.ts';
import { circuitCsv } from '../../state/circuits/files.ts';
import type { MadeCircuit } from '../../state/circuits/state.ts';
import { curveAt, hookWords } from '../../state/circuits/words.ts';
import { FeatureLink } from '../shared/FeatureLink.tsx';
import { Info } from '../shared/Info.tsx';
import { Panel } from '../shared/Panel.tsx';
import { Picture } from '../shared/Picture.tsx';
import { useActions } from '../shared/StoreContext.tsx';
import { useCircuits, useCircuitsActions } from './CircuitsContext.tsx';
import { circuitPicture, nodeId } from './circuitPicture.ts';
import { Curves } from './Curves.tsx';
import { EdgeLegend } from './EdgeLegend.tsx';
import { useHooks, useNames } from './useNames.ts';
import type { NameOf } from './treeWords.ts';

const NO_MARKS = new Map<string, never>();

/** The circuit, how much of the prediction its nodes explain, and how many of them are drawn. */
export function CircuitPanel({ made }: { made: MadeCircuit }) {
  const { circuit, tokens } = made;
  const { setShown } = useCircuitsActions();
  const { openFeature } = useActions();
  const wanted = useCircuits((s) => s.place.shown);
  const shown = Math.min(wanted ?? circuit.nodes.length, circuit.nodes.length);
  const nameOf = useNames();
  const hooks = useHooks();
  const [active, setActive] = useState<Step | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [place, width] = useWidth<HTMLDivElement>(900);
  const picture = useMemo(
    () => circuitPicture({ circuit, tokens, shown, hookOf: (id) => hooks.get(id) ?? '', width }),
    [circuit, tokens, shown, hooks, width],
  );
  const words = (node: number) => circuitNodeWords(made, node, nameOf, hooks);
  const title = `What carries ${measureWords(made)}`;
  const indexOf = (id: string) => circuit.nodes.findIndex((_, i) => nodeId(i) === id);
  return (
    <Panel title="The circuit" className="circuits-picture">
      <Notes made={made} />
      <Shown made={made} shown={shown} onShown={setShown} />
      <Picture name={title} title={title} csv={() => circuitCsv(circuit, tokens, shown, words)}>
        <div ref={place}>
          <Graph
            title={title}
            formula={`Effect of a node: ${measureWords(made)}, less what it is without the node. ${shown} nodes of “${tokens.join('')}”.`}
            picture={picture}
            home={nodeId(0)}
            active={active}
            chosen={chosen}
            marks={NO_MARKS}
            searching={false}
            describe={({ node }) => describe(made, indexOf(node), words)}
            onActive={setActive}
            onNode={setChosen}
            onEdge={setChosen}
            onKey={(key, { node }) => {
              const meant = circuit.nodes[indexOf(node)];
              if (key.toLowerCase() !== 'o' || meant?.latent == null) return false;
              openFeature({ dictionary: meant.dictionary, latent: meant.latent });
              return true;
            }}
            full={false}
            table={() => circuitTable(made, shown, words)}
          />
        </div>
        <EdgeLegend nodes />
      </Picture>
      <Read made={made} at={indexOf(chosen ?? active?.node ?? '')} edge={chosen} words={words} />
      <Curves made={made} shown={shown} onShown={setShown} />
    </Panel>
  );
}

/** "log p( ship)" or "logit( ship) − logit( sea)" */
function measureWords({ plus, minus }: MadeCircuit): string {
  return minus === null ? `log p(${glyphText(plus)})` : `logit(${glyphText(plus)}) − logit(${glyphText(minus)})`;
}

function Notes({ made }: { made: MadeCircuit }) {
  const { difference, none, continuations, naive, seconds, position } = made.circuit;
  return (
    <p className="hint with-info">
      <span>
        {measureWords(made)} after token {position}: {formatSigned(difference)} as it is, {formatSigned(none)} with every feature of these
        dictionaries off. {formatInteger(continuations)} continuations in place of {formatInteger(naive)} full passes, in{' '}
        {formatNumber(seconds)} s.
      </span>
      <Info about="how much the nodes explain">
        Faithfulness: all but the first so many nodes are off, errors kept; <span className="formula">(m − m none) / (m all − m none)</span>
        . 1 is the whole prediction. Completeness: only the first so many are off; near 0, nothing else carries it. In grey the same for as
        many active nodes drawn at random.
      </Info>
    </p>
  );
}

function Shown({ made, shown, onShown }: { made: MadeCircuit; shown: number; onShown: (shown: number) => void }) {
  const { nodes, faithfulness, completeness } = made.circuit;
  const [kept, left] = [curveAt(faithfulness, shown), curveAt(completeness, shown)];
  return (
    <div className="circuit-shown">
      <label>
        <span>
          <strong>{shown}</strong> of {nodes.length} nodes
        </span>
        <input
          type="range"
          min={1}
          max={nodes.length}
          step={1}
          value={shown}
          aria-valuetext={`${shown} nodes`}
          onChange={(e) => onShown(Number(e.target.value))}
        />
      </label>
      {kept && (
        <span>
          faithfulness <strong>{formatPercent(kept.kept)}</strong> <span className="is-control">random {formatPercent(kept.random)}</span>
        </span>
      )}
      {left && (
        <span>
          completeness <strong>{formatPercent(left.kept)}</strong> <span className="is-control">random {formatPercent(left.random)}</span>
        </span>
      )}
    </div>
  );
}

type WordsOf = (node: number) => string;

function circuitNodeWords({ circuit, tokens }: MadeCircuit, at: number, nameOf: NameOf, hooks: ReadonlyMap<string, string>): string {
  const { dictionary, latent, position } = circuit.nodes[at];
  const where = `${hookWords(hooks.get(dictionary) ?? '')}, at token ${position} “${glyphText(tokens[position] ?? '')}”`;
  if (latent === null) return `Error of ${dictionary}: ${where}`;
  const { text, from } = nameOf({ dictionary, latent });
  return `Feature ${latent}${from === 'number' ? '' : ` “${text}”`}, ${where}`;
}

function describe(made: MadeCircuit, at: number, words: WordsOf): string {
  const node = made.circuit.nodes[at];
  return node ? `${at + 1}. ${words(at)}: effect ${formatSigned(node.effect)}, value ${formatNumber(node.value)}.` : '';
}

/** What is pointed at or was clicked. */
function Read({ made, at, edge, words }: { made: MadeCircuit; at: number; edge: string | null; words: WordsOf }) {
  const node = made.circuit.nodes[at];
  const over = made.circuit.edges[Number(/^edge (\d+)$/.exec(edge ?? '')?.[1])];
  return (
    <div className="graph-reading" data-at={over || node ? '' : undefined}>
      {over ? (
        <p>
          {words(over.parent)} → {words(over.child)}: {formatPercent(over.effect)} of the second’s activation goes with the first.
        </p>
      ) : node ? (
        <p>
          {describe(made, at, words)}{' '}
          {node.latent !== null && (
            <FeatureLink dictionary={node.dictionary} latent={node.latent}>
              Feature page
            </FeatureLink>
          )}
        </p>
      ) : (
        <p className="hint">Point at a node, or go to one with Tab and the arrow keys; O opens its feature’s page.</p>
      )}
    </div>
  );
}

function circuitTable({ circuit }: MadeCircuit, shown: number, words: WordsOf): ChartTable {
  const edges = circuit.edges.filter(({ parent, child }) => parent < shown && child < shown).length;
  return {
    columns: ['Node', 'Effect', 'Value', 'Strongest edge into it'],
    rows: circuit.nodes.slice(0, shown).map(({ effect, value }, i) => {
      const [into] = circuit.edges
        .filter(({ child, parent }) => child === i && parent < shown)
        .sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect));
      const from = into ? `${formatPercent(into.effect)} from node ${into.parent + 1}` : '–';
      return [`${i + 1}. ${words(i)}`, formatSigned(effect), formatNumber(value), from];
    }),
    note: `${edges} edges are among these nodes; all are in the CSV.`,
  };
}

import { formatInteger, formatPercent } from '../../charts/format.ts';
import { LineChart, type ChartLine } from '../../charts/LineChart.tsx';
import type { MadeCircuit } from '../../state/circuits/state.ts';
import { curveAt } from '../../state/circuits/words.ts';

/** Grey: what is drawn at random. */
const RANDOM = 5;

/** How much is explained, by number of nodes: both measures and their controls. */
export function Curves({ made, shown, onShown }: { made: MadeCircuit; shown: number; onShown: (shown: number) => void }) {
  const { faithfulness, completeness, nodes } = made.circuit;
  const line = (name: string, points: typeof faithfulness, of: 'kept' | 'random', slot: number, dash: number): ChartLine => ({
    name,
    xs: points.map((point) => point.nodes),
    ys: points.map((point) => point[of]),
    slot,
    dash,
  });
  const lines = [
    line('faithfulness', faithfulness, 'kept', 0, 0),
    line('completeness', completeness, 'kept', 1, 0),
    line('dashed: faithfulness of as many at random', faithfulness, 'random', RANDOM, 1),
    line('dotted: completeness of as many at random', completeness, 'random', RANDOM, 2),
  ];
  const stops = faithfulness.map((point) => point.nodes);
  const end = Math.max(nodes.length, ...stops);
  const say = (x: number) => {
    const [kept, left] = [curveAt(faithfulness, x), curveAt(completeness, x)];
    return `${formatInteger(x)} nodes: faithfulness ${formatPercent(kept?.kept ?? NaN)}, completeness ${formatPercent(left?.kept ?? NaN)}`;
  };
  return (
    <div className="circuit-curves">
      <LineChart
        title="How much the nodes explain"
        formula="(m − m none) / (m all − m none), by number of nodes"
        lines={lines}
        domain={[0, end]}
        end={end}
        xName="nodes"
        marks
        fromZero
        cursor={shown}
        onCursor={(x) => x !== null && x > 0 && onShown(Math.min(nodes.length, Math.max(1, Math.round(x))))}
        stops={stops}
        format={formatPercent}
        formatX={formatInteger}
        describe={say}
      />
      <ul className="line-legend">
        {lines.map(({ name, slot }) => (
          <li key={name} data-line={slot}>
            <span className="line-swatch" />
            {name}
          </li>
        ))}
      </ul>
    </div>
  );
}

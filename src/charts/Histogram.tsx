import { useCallback, useState } from 'react';
import { binAxis, linearAxis } from './axes.ts';
import { Frame, type Box } from './Frame.tsx';
import { formatInteger } from './format.ts';
import { dashOf, stepArea, stepPath } from './lines.ts';

interface HistogramProps {
  title: string;
  formula: string;
  /** What the bins are: 'share of tokens'. */
  binName: string;
  /** One for each bin. */
  labels: readonly string[];
  series: readonly { name: string; counts: readonly number[]; slot: number; dash: number }[];
  /** "0.3 % to 1 % of tokens: α 0.004 120; …" */
  describe: (bin: number) => string;
}

/** Narrower labels touch. */
const LABEL_PX = 42;

/** Counts in bins as outlines, several over each other; one alone is filled. */
export function Histogram({ title, formula, binName, labels, series, describe }: HistogramProps) {
  const [bin, setBin] = useState<number | null>(null);
  const n = labels.length;
  const axes = useCallback((box: Box) => axesOf(labels, series, box), [labels, series]);
  return (
    <Frame
      title={title}
      formula={formula}
      reading={bin === null ? undefined : describe(bin)}
      axes={axes}
      empty="Nothing counted yet."
      count={n}
      at={bin ?? 0}
      nearest={({ x }, px) => Math.max(0, Math.min(n - 1, Math.floor(x.value(px))))}
      describe={describe}
      onRead={setBin}
      forget
      table={() => ({
        columns: [binName, ...series.map(({ name }) => name)],
        rows: labels.map((label, i) => [label, ...series.map(({ counts }) => formatInteger(counts[i]))]),
      })}
    >
      {({ x, y, box }) => (
        <>
          {bin !== null && (
            <rect
              className="chart-bin"
              x={x.place(bin)}
              width={x.place(1) - x.place(0)}
              y={box.top}
              height={box.height - box.top - box.bottom}
            />
          )}
          {series.map(({ counts, slot, dash }, i) => (
            <g key={i} data-line={slot}>
              {series.length === 1 && <path className="chart-area" d={stepArea(counts, x.place, y.place)} />}
              <path className="chart-line" d={stepPath(counts, x.place, y.place)} strokeDasharray={dashOf(dash)} />
            </g>
          ))}
        </>
      )}
    </Frame>
  );
}

function axesOf(labels: readonly string[], series: HistogramProps['series'], box: Box) {
  if (series.length === 0) return null;
  const room = box.width - box.left - box.right;
  const top = Math.max(1, ...series.flatMap(({ counts }) => counts));
  return {
    x: binAxis(labels, [box.left, box.width - box.right], Math.max(1, Math.ceil((labels.length * LABEL_PX) / room))),
    y: linearAxis([0, top], [box.height - box.bottom, box.top]),
  };
}

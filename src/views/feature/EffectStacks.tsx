import { useMemo } from 'react';
import type { Effects, Stack } from '../../api/features.ts';
import { formatInteger, formatNumber } from '../../charts/format.ts';
import { StackedHistogram } from '../../charts/StackedHistogram.tsx';
import { totals } from '../../charts/stacks.ts';
import { effectsCsv } from '../../state/feature/files.ts';
import { countOf } from '../../state/feature/words.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { Picture } from '../shared/Picture.tsx';
import { stackSeries } from './stackSeries.tsx';
import { useFeature } from './FeatureContext.tsx';
import type { Measured } from './measured.ts';

interface EffectStacksProps {
  effects: Effects;
  /** At the threshold. */
  measured: readonly Measured[];
  threshold: number;
  place: FeaturePlace;
}

const SIDES = [
  { side: 'up', title: 'Next tokens that it helped', formula: 'Δ', word: 'helped' },
  { side: 'down', title: 'Next tokens that it harmed', formula: '−Δ', word: 'harmed' },
] as const;

/** By how much, and for which next tokens; beside it the same of the controls. */
export function EffectStacks({ effects, measured, threshold, place }: EffectStacksProps) {
  const names = useFeature((s) => s.names);
  const [own, ...controls] = measured;
  return SIDES.map(({ side, title, formula, word }) => (
    <div key={side} className="effect-row">
      {countOf(own[side].series) === 0 ? (
        <p className="hint">
          {title}: none changes by more than {formatNumber(threshold)} nats.
        </p>
      ) : (
        <Picture
          name={`feature ${place.latent} effect ${side} ${place.dictionary}`}
          title={`${title}, feature ${place.latent}`}
          csv={() => effectsCsv(effects, threshold, names)}
        >
          <Bars stack={own[side]} title={title} formula={`${formula} above ${formatNumber(threshold)} nats`} />
        </Picture>
      )}
      <div className="effect-controls">
        {controls.map((control) => (
          <Grey key={control.name} stack={control[side]} title={`${control.name}, ${word}`} />
        ))}
      </div>
    </div>
  ));
}

interface BarsProps {
  stack: Stack;
  title: string;
}

function Bars({ stack: { edges, series: counted }, title, formula }: BarsProps & { formula: string }) {
  const names = useFeature((s) => s.names);
  const series = useMemo(() => stackSeries(counted, names), [counted, names]);
  return (
    <StackedHistogram
      title={title}
      formula={`${formula}: ${formatInteger(countOf(counted))} positions, by the token that comes next`}
      xName="nats"
      yName="positions"
      edges={edges}
      series={series}
      height={170}
    />
  );
}

/** A control: how many positions alone, in grey. */
function Grey({ stack: { edges, series }, title }: BarsProps) {
  const all = useMemo(() => [{ name: 'positions', counts: totals(series.map(({ counts }) => counts)) }], [series]);
  const count = countOf(series);
  return (
    <div className="chart-grey">
      {count === 0 ? (
        <p className="hint">{title}: none.</p>
      ) : (
        <StackedHistogram
          title={title}
          formula={`${formatInteger(count)} positions`}
          xName="nats"
          yName="positions"
          edges={edges}
          series={all}
          height={125}
        />
      )}
    </div>
  );
}

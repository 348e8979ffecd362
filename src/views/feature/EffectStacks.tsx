import { useMemo } from 'react';
import type { Effects, Stack } from '../../api/features.ts';
import { formatInteger, formatNumber } from '../../charts/format.ts';
import { StackedHistogram } from '../../charts/StackedHistogram.tsx';
import { totals } from '../../charts/stacks.ts';
import { TokenSample } from '../../charts/TokenText.tsx';
import { effectsCsv, seriesName } from '../../state/feature/files.ts';
import { countOf, fromThreshold } from '../../state/feature/words.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { Picture } from '../shared/Picture.tsx';
import { useFeature } from './FeatureContext.tsx';

interface EffectStacksProps {
  effects: Effects;
  threshold: number;
  place: FeaturePlace;
}

const SIDES = [
  { side: 'up', title: 'Next tokens that it helped', formula: 'Δ above the threshold' },
  { side: 'down', title: 'Next tokens that it harmed', formula: '−Δ above the threshold' },
] as const;

/** By how much, and for which next tokens; beside it the same of the controls. */
export function EffectStacks({ effects, threshold, place }: EffectStacksProps) {
  const names = useFeature((s) => s.names);
  return SIDES.map(({ side, title, formula }) => (
    <div key={side} className="effect-row">
      <Picture
        name={`feature ${place.latent} effect ${side} ${place.dictionary}`}
        title={`${title}, feature ${place.latent}`}
        csv={() => effectsCsv(effects, names)}
      >
        <Bars stack={effects[side]} threshold={threshold} title={title} formula={formula} />
      </Picture>
      <div className="effect-controls">
        {effects.controls.map((control) => (
          <Grey
            key={control.kind}
            stack={control[side]}
            threshold={threshold}
            title={`${control.kind === 'direction' ? 'Random direction' : 'Another feature'}, ${side === 'up' ? 'helped' : 'harmed'}`}
          />
        ))}
      </div>
    </div>
  ));
}

interface BarsProps {
  stack: Stack;
  threshold: number;
  title: string;
}

function Bars({ stack, threshold, title, formula }: BarsProps & { formula: string }) {
  const names = useFeature((s) => s.names);
  const { edges, series: counted } = useMemo(() => fromThreshold(stack, threshold), [stack, threshold]);
  const series = useMemo(
    () =>
      counted
        .filter(({ counts }) => counts.some((n) => n > 0))
        .map((one) => ({
          name: seriesName(names, one),
          counts: one.counts,
          isRest: one.id === null,
          ...(one.id !== null && { face: <TokenSample name={{ text: names.get(one.id) ?? `[${one.id}]`, part: 1, of: 1 }} /> }),
        })),
    [counted, names],
  );
  const count = countOf(counted);
  if (count === 0)
    return (
      <p className="hint">
        {title}: none changes by more than {formatNumber(threshold)} nats.
      </p>
    );
  return (
    <StackedHistogram
      title={title}
      formula={`${formula}: ${formatInteger(count)} positions, by the token that comes next`}
      xName="nats"
      yName="positions"
      edges={edges}
      series={series}
      height={170}
    />
  );
}

/** A control: how many positions alone, in grey. */
function Grey({ stack, threshold, title }: BarsProps) {
  const { edges, series } = useMemo(() => fromThreshold(stack, threshold), [stack, threshold]);
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
          height={110}
        />
      )}
    </div>
  );
}

import { useMemo } from 'react';
import type { Domain } from '../../charts/axes.ts';
import { formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import { StackedHistogram, type StackSeries } from '../../charts/StackedHistogram.tsx';
import { TokenSample } from '../../charts/TokenText.tsx';
import { READ_CHARACTERS } from '../../state/feature/jobs.ts';
import { histogramCsv, stackCsv } from '../../state/feature/files.ts';
import type { Firing, InText, Part } from '../../state/feature/state.ts';
import { firingsIn, firingsOf, restWords, shareBelow, stackEdges } from '../../state/feature/words.ts';
import type { FeaturePlace } from '../../state/shared/featureAddress.ts';
import { Choice } from '../shared/fields.tsx';
import { Empty, Panel } from '../shared/Panel.tsx';
import { Picture } from '../shared/Picture.tsx';
import type { Choices, Choose } from './choices.ts';
import { stackSeries } from './stackSeries.tsx';
import { useFeature } from './FeatureContext.tsx';

const BARS = [
  { value: 'tokens', label: 'By token', title: '10 bins, divided by the nine tokens that it fires on most often' },
  { value: 'bins', label: '50 bins', title: 'All firings, in finer bins' },
] as const;
const COUNTS = [
  { value: 'linear', label: 'Linear' },
  { value: 'log', label: 'Log', title: 'A bar is as high as the logarithm of its count; its parts divide it by their share' },
] as const;

interface FiringProps {
  firing: Firing;
  inText: Part<InText>;
  place: FeaturePlace;
  choices: Choices;
  onChoose: Choose;
  /** Values whose contexts are shown. */
  range: Domain | null;
  onRange: (range: Domain | null) => void;
}

/** How large its values are where it fires, and on which tokens. */
export function FiringPanel(props: FiringProps) {
  const { firing, choices, onChoose } = props;
  const { record, index } = firing;
  if (firingsOf(record) === 0) {
    return (
      <Panel title="When it fires" className="panel-firing">
        <Empty>
          It fired on none of {restWords(index)}, so there is no histogram, and no context but those that came near. In other text it may
          fire. What it writes, what is near it and what it does on your own text are shown below.
        </Empty>
      </Panel>
    );
  }
  return (
    <Panel
      title="When it fires"
      className="panel-firing"
      aside={
        <>
          <Choice legend="Bars" options={BARS} value={choices.bars} onChange={(bars) => onChoose({ bars })} />
          <Choice
            legend="Counts"
            options={COUNTS}
            value={choices.log ? 'log' : 'linear'}
            onChange={(to) => onChoose({ log: to === 'log' })}
          />
        </>
      }
    >
      <Bars {...props} />
      <InTextLine {...props} />
    </Panel>
  );
}

function Bars({ firing, inText, place, choices, range, onRange }: FiringProps) {
  const names = useFeature((s) => s.names);
  const { record, index } = firing;
  const byToken = choices.bars === 'tokens';
  const edges = useMemo(() => (byToken ? stackEdges(record) : record.histogram.edges), [record, byToken]);
  const series = useMemo<StackSeries[]>(() => {
    if (!byToken) return [{ name: 'tokens', counts: record.histogram.counts }];
    return stackSeries(record.by_bin, names);
  }, [record, byToken, names]);
  const here = inText.status === 'done' && inText.value.count > 0 ? inText.value.max : null;
  const marks = useMemo(() => (here === null ? [] : [{ value: here, words: `in your text ${formatNumber(here)}` }]), [here]);
  const all = firingsOf(record);
  const sampled = byToken && record.by_bin_firings < all;
  const title = `Values of feature ${place.latent} where it fires`;
  return (
    <>
      <Picture
        name={`feature ${place.latent} values ${place.dictionary}`}
        title={title}
        csv={() => (byToken ? stackCsv(edges, record.by_bin, names) : histogramCsv(firing))}
      >
        <StackedHistogram
          title={title}
          formula={`${sampled ? `${formatInteger(record.by_bin_firings)} of its ${formatInteger(all)} firings, drawn at random,` : `${formatInteger(all)} firings`} on ${restWords(index)}${choices.log ? '; logarithmic: parts divide a bar by their share' : ''}`}
          xName="value"
          yName="tokens"
          edges={edges}
          series={series}
          log={choices.log}
          marks={marks}
          range={range}
          onRange={onRange}
        />
      </Picture>
      <p className="hint" role="status">
        {range ? (
          <>
            Values {formatNumber(range[0])} to {formatNumber(range[1])} are chosen: {formatInteger(firingsIn(record, range))} firings. The
            contexts below are theirs.{' '}
            <button type="button" className="button-small" onClick={() => onRange(null)}>
              All values
            </button>
          </>
        ) : (
          'Drag over the bars, or press Space at two of them, to see only the contexts of those values.'
        )}
      </p>
    </>
  );
}

/** Where the person's own text stands among these values. */
function InTextLine({ firing, inText }: FiringProps) {
  const text = useFeature((s) => s.text);
  if (inText.status === 'failed') return <p className="hint">Your text in Explore could not be read for it. {inText.message}</p>;
  if (inText.status !== 'done') {
    if (text === '') return null;
    const isLong = text.length > READ_CHARACTERS;
    const words = isLong ? `is longer than ${formatInteger(READ_CHARACTERS)} characters, so it is not read here` : 'is being read…';
    return <p className="hint">Your text in Explore {words}</p>;
  }
  const { max, token, count, tokens } = inText.value;
  if (count === 0) return <p className="hint">In your text in Explore it fires on none of {formatInteger(tokens)} tokens.</p>;
  return (
    <p className="hint">
      In your text in Explore it fires on {formatInteger(count)} of {formatInteger(tokens)} tokens, most on{' '}
      <TokenSample name={{ text: token, part: 1, of: 1 }} />: {formatNumber(max)}, above {formatPercent(shareBelow(firing.record, max))} of
      the firings counted here.
    </p>
  );
}

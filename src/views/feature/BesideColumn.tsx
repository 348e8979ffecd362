import { useMemo } from 'react';
import type { Effects } from '../../api/features.ts';
import { formatInteger, formatNumber, formatPercent } from '../../charts/format.ts';
import { StackedHistogram } from '../../charts/StackedHistogram.tsx';
import { TokenSample } from '../../charts/TokenText.tsx';
import { BESIDE_KINDS } from '../../state/feature/beside.ts';
import { fullColour } from '../../state/feature/contexts.ts';
import { stackCsv } from '../../state/feature/files.ts';
import type { BesideColumn as Column, BesideKind } from '../../state/feature/state.ts';
import { countOf, densityWords, restWords, stackEdges } from '../../state/feature/words.ts';
import { FeatureLink } from '../shared/FeatureLink.tsx';
import { Picture } from '../shared/Picture.tsx';
import type { OpenContext } from './choices.ts';
import { ContextRow } from './ContextRow.tsx';
import { useFeature } from './FeatureContext.tsx';
import { stackSeries } from './stackSeries.tsx';

/** Contexts shown of each. */
const MOST = 5;

interface BesideColumnProps {
  /** `kind` null: the feature itself, which is compared with nothing. */
  column: Omit<Column, 'kind'> & { kind: BesideKind | null };
  effects: Effects | undefined;
  onOpen: OpenContext;
}

/** One of them: in figures, when it fires, where it is strongest, and what it does. */
export function BesideColumn({ column, effects, onOpen }: BesideColumnProps) {
  const { kind, dictionary, latent } = column;
  const name = BESIDE_KINDS.find((one) => one.kind === kind)?.one ?? 'This feature';
  return (
    <section className="beside-column" aria-label={`${name}, ${latent}`}>
      <h3>
        {name}, {kind === null ? latent : <FeatureLink {...{ dictionary, latent }}>{latent}</FeatureLink>}
      </h3>
      <Figures column={column} />
      <Values column={column} name={name} />
      <Contexts column={column} onOpen={onOpen} />
      {effects && <Does effects={effects} column={column} name={name} />}
    </section>
  );
}

type OfColumn = Pick<BesideColumnProps, 'column'>;

function Figures({ column: { kind, correlation, cosine, firing, token } }: OfColumn) {
  const names = useFeature((s) => s.names);
  const { record, index } = firing;
  return (
    <div>
      <dl className="beside-figures">
        <dt>Correlation of values</dt>
        <dd>{kind === null ? '–' : formatNumber(correlation)}</dd>
        <dt>Cosine of what it writes</dt>
        <dd>{kind === null ? '–' : formatNumber(cosine)}</dd>
        <dt>Density</dt>
        <dd>{densityWords(record.density)}</dd>
        <dt>Maximum</dt>
        <dd>{formatNumber(record.maximum)}</dd>
        <dt>Commonest token</dt>
        <dd>
          {token ? (
            <>
              <TokenSample name={{ text: names.get(token.id) ?? `[${token.id}]`, part: 1, of: 1 }} /> {formatPercent(token.share)}
            </>
          ) : (
            '–'
          )}
        </dd>
        <dt>Entropy over tokens</dt>
        <dd>{token ? `${formatNumber(token.entropy)} bits` : '–'}</dd>
      </dl>
      <p className="hint">On {restWords(index)}.</p>
    </div>
  );
}

function Values({ column: { dictionary, latent, firing }, name }: OfColumn & { name: string }) {
  const names = useFeature((s) => s.names);
  const { record } = firing;
  const edges = useMemo(() => stackEdges(record), [record]);
  const series = useMemo(() => stackSeries(record.by_bin, names), [record, names]);
  if (record.density === 0) return <p className="hint">It fired on none of them.</p>;
  const title = `Values of ${name.toLowerCase()} ${latent}`;
  return (
    <Picture name={`${title} ${dictionary}`} title={title} csv={() => stackCsv(edges, record.by_bin, names)}>
      <StackedHistogram
        title="When it fires"
        formula={`${formatInteger(record.by_bin_firings)} firings by token; logarithmic: parts divide a bar by their share`}
        xName="value"
        yName="tokens"
        edges={edges}
        series={series}
        log
        height={150}
      />
    </Picture>
  );
}

function Contexts({ column: { dictionary, latent, firing }, onOpen }: OfColumn & Pick<BesideColumnProps, 'onOpen'>) {
  const { record, texts } = firing;
  return (
    <div>
      <h4>Highest</h4>
      <ul className="contexts">
        {record.top.slice(0, MOST).map((context) => (
          <ContextRow
            key={`${context.document} ${context.position}`}
            context={context}
            spelled={texts.get(context)}
            full={fullColour(record)}
            near={false}
            length="short"
            breaks={false}
            scale="feature"
            stop
            onReach={NOTHING}
            onOpen={(text) => onOpen({ text, position: context.at, dictionary, latent })}
          />
        ))}
      </ul>
    </div>
  );
}

const NOTHING = () => undefined;

function Does({ effects, column: { latent, dictionary }, name }: OfColumn & { effects: Effects; name: string }) {
  const names = useFeature((s) => s.names);
  const { up, down, mean_delta, kl, positions, threshold = 0 } = effects;
  const series = useMemo(() => stackSeries(up.series, names), [up, names]);
  const title = `Next tokens that ${name.toLowerCase()} ${latent} helped`;
  return (
    <div className="beside-does">
      <h4>Taken out, on {formatInteger(positions)} positions</h4>
      <dl className="beside-figures">
        <dt>Mean Δ, nats</dt>
        <dd>{formatNumber(mean_delta)}</dd>
        <dt>KL, nats</dt>
        <dd>{formatNumber(kl)}</dd>
        <dt>Helped, harmed</dt>
        <dd>
          {formatInteger(countOf(up.series))}, {formatInteger(countOf(down.series))}
        </dd>
      </dl>
      {countOf(up.series) === 0 ? (
        <p className="hint">It helped no next token by more than {formatNumber(threshold)} nats.</p>
      ) : (
        <Picture name={`${title} ${dictionary}`} title={title} csv={() => stackCsv(up.edges, up.series, names)}>
          <StackedHistogram
            title="Next tokens that it helped"
            formula={`Δ above ${formatNumber(threshold)} nats, by the token that comes next`}
            xName="nats"
            yName="positions"
            edges={up.edges}
            series={series}
            height={130}
          />
        </Picture>
      )}
    </div>
  );
}

import { memo, useId, useMemo, useState } from 'react';
import { formatFull, formatInteger, formatSigned } from '../../charts/format.ts';
import { Num } from '../../charts/Num.tsx';
import type { SecondReading } from '../../state/explore/compareFacts.ts';
import { COMPARE_FORMULAS, comparedCsv, compareFeatures, type CompareBy, type ComparedFeature } from '../../state/explore/comparing.ts';
import { densitiesOf, pinsOf, shownLabels, tallyOf, type FeatureReading } from '../../state/explore/featureFacts.ts';
import { CopyButton, DownloadButton } from '../shared/CopyButton.tsx';
import { densityWords } from './densityWords.ts';
import { FeatureNumber } from './FeatureNumber.tsx';
import { Choice } from '../shared/fields.tsx';
import { Info } from '../shared/Info.tsx';
import { Empty, Panel, Skeleton } from '../shared/Panel.tsx';
import { useActions, useApp } from './store.ts';
import { rowAttributes, VirtualGrid, type RowPlace } from './VirtualGrid.tsx';

const BY: { value: CompareBy; label: string; title: string }[] = [
  { value: 'max', label: 'Maximum', title: COMPARE_FORMULAS.max },
  { value: 'mean', label: 'Mean', title: COMPARE_FORMULAS.mean },
  { value: 'rare', label: 'Rarity', title: COMPARE_FORMULAS.rare },
  { value: 'share', label: 'Share of tokens', title: COMPARE_FORMULAS.share },
];

type Side = 'both' | 'first' | 'second';

const SIDES: { value: Side; label: string; title: string }[] = [
  { value: 'both', label: 'Both', title: 'Whichever text has more of it' },
  { value: 'first', label: 'More in first', title: 'Only features with more in the first text' },
  { value: 'second', label: 'More in second', title: 'Only features with more in the second text' },
];

/** The features that differ most between the two texts. */
export function DifferencesPanel() {
  const open = useApp((s) => s.compare !== null && s.compare.text !== '');
  const busy = useApp((s) => s.compareTask.status === 'running');
  const failed = useApp((s) => s.compareTask.status === 'failed');
  const features = useApp((s) => s.features);
  const compared = useApp((s) => s.compared);
  if (!open) return null;
  const ready = features && compared && features.dictionary.id === compared.dictionary.id;
  return (
    <Panel title="What differs" className="panel-differences panel-features" busy={busy}>
      {ready ? (
        <Differences first={features} second={compared} />
      ) : failed || !features ? (
        <Empty>There are no two texts to compare yet.</Empty>
      ) : (
        <Skeleton lines={5} />
      )}
    </Panel>
  );
}

function Differences({ first, second }: { first: FeatureReading; second: SecondReading }) {
  const by = useApp((s) => s.compareBy);
  const skip = useApp((s) => s.skipSpecial);
  const densities = useApp(densitiesOf);
  const labels = useApp(shownLabels);
  const { setCompareBy } = useActions();
  const [side, setSide] = useState<Side>('both');
  const all = useMemo(
    () => compareFeatures(tallyOf(first, skip), tallyOf(second, skip), by, densities),
    [first, second, skip, by, densities],
  );
  const listed = useMemo(() => all.filter(({ difference: d }) => side === 'both' || (side === 'first' ? d > 0 : d < 0)), [all, side]);
  const csv = () => comparedCsv(listed, by, labels);
  return (
    <>
      <div className="feature-tools">
        <div className="with-info">
          <Choice legend="Compare" options={BY} value={by} onChange={setCompareBy} />
          <Info about="the order">
            Ordered by the size of <span className="formula">{COMPARE_FORMULAS[by]}</span>
            {by === 'rare' ? `; density: ${densityWords(densities)}.` : '.'}
          </Info>
        </div>
        <Choice legend="Show" options={SIDES} value={side} onChange={setSide} />
      </div>
      {listed.length === 0 ? (
        <Empty>No feature differs this way.</Empty>
      ) : (
        <List key={`${by} ${side}`} listed={listed} full={Math.abs(all[0]?.difference ?? 0)} dictionary={first.dictionary.id} />
      )}
      <div className="panel-foot">
        <span className="hint" role="status">
          {formatInteger(listed.length)} feature{listed.length === 1 ? '' : 's'}
        </span>
        <CopyButton label="Copy list as CSV" text={csv} />
        <DownloadButton label="Download" name={`differences ${first.dictionary.id.replaceAll('/', ' ')}.csv`} text={csv} />
      </div>
    </>
  );
}

interface ListProps {
  listed: readonly ComparedFeature[];
  /** Largest difference: the whole half of the bar. */
  full: number;
  dictionary: string;
}

/** The rows, and every digit of the one pointed at. Another order starts at its top. */
function List({ listed, full, dictionary }: ListProps) {
  const pins = useApp((s) => s.pins);
  const labels = useApp(shownLabels);
  const [cursor, setCursor] = useState(0);
  const detailId = useId();
  const slots = useMemo(() => new Map(pinsOf(pins, dictionary).map((p) => [p.latent, p.slot])), [pins, dictionary]);
  const latents = useMemo(() => listed.map((c) => c.latent), [listed]);
  return (
    <>
      <VirtualGrid
        label="Features by how much they differ between the texts"
        latents={latents}
        head={<Head />}
        cursor={cursor}
        onCursor={setCursor}
        height="18rem"
      >
        {({ place, top, stop }) => {
          const compared = listed[place];
          const { latent } = compared;
          const facts = { compared, full, slot: slots.get(latent) ?? -1, label: labels.get(latent), detailId };
          return <Row key={latent} top={top} place={place} stop={stop} {...facts} />;
        }}
      </VirtualGrid>
      <Detail id={detailId} listed={listed} fallback={Math.min(cursor, listed.length - 1)} />
    </>
  );
}

function Head() {
  return (
    <>
      <span role="columnheader">Feature</span>
      <span role="columnheader" className="numeric">
        First
      </span>
      <span role="columnheader" className="numeric">
        Second
      </span>
      <span role="columnheader">Difference</span>
      <span role="columnheader">Label</span>
    </>
  );
}

interface RowProps extends RowPlace {
  compared: ComparedFeature;
  /** Largest difference of the list: the whole half of the bar. */
  full: number;
  slot: number;
  label: string | undefined;
  detailId: string;
}

const Row = memo(function Row({ compared, full, slot, label, detailId, place, top, stop }: RowProps) {
  const { latent, first, second, difference } = compared;
  const width = full > 0 ? (50 * Math.abs(difference)) / full : 0;
  return (
    <div className="feature-row" data-slot={slot >= 0 ? slot : undefined} {...rowAttributes(latent, place, top)}>
      <FeatureNumber latent={latent} label={label} slot={slot} stop={stop} detailId={detailId} />
      <span role="gridcell" className="numeric">
        <Num value={first} />
      </span>
      <span role="gridcell" className="numeric">
        <Num value={second} />
      </span>
      <span role="gridcell" className="difference" title={formatFull(difference)}>
        <span
          className={difference >= 0 ? 'difference-first' : 'difference-second'}
          style={{ width: `${width}%`, [difference >= 0 ? 'right' : 'left']: '50%' }}
        />
        <span className="visually-hidden">{formatSigned(difference)}</span>
      </span>
      <span role="gridcell" className="feature-label-text" title={label}>
        {label}
      </span>
    </div>
  );
});

/** Every digit of the row pointed at. */
function Detail({ id, listed, fallback }: { id: string; listed: readonly ComparedFeature[]; fallback: number }) {
  const pointed = useApp((s) => s.pointed);
  const { latent, first, second, difference } = listed.find((c) => c.latent === pointed) ?? listed[fallback];
  return (
    <p id={id} className="detail">
      Feature {latent}: {formatFull(first)} in the first text, {formatFull(second)} in the second; difference {formatFull(difference)}.
    </p>
  );
}

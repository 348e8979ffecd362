import { memo, useMemo } from 'react';
import { formatInteger } from '../../charts/format.ts';
import { Num } from '../../charts/Num.tsx';
import { MAX_BARS, TokenBars } from '../../charts/TokenBars.tsx';
import { TokenSample } from '../../charts/TokenText.tsx';
import type { NamedToken } from '../../core/lm/glyphs.ts';
import { binnedSeries, type FeatureRow as Row } from '../../state/explore/features.ts';
import { firesOn } from '../../state/explore/firesOn.ts';
import { indexNameOf } from '../../state/explore/indexNames.ts';
import type { Tally } from '../../state/explore/ranking.ts';
import { FeatureLink } from '../shared/FeatureLink.tsx';
import { FeatureNumber } from './FeatureNumber.tsx';
import { LabelCell } from './LabelCell.tsx';
import { useApp } from './store.ts';
import { rowAttributes, type RowPlace } from './VirtualGrid.tsx';

interface FeatureRowProps extends RowPlace {
  dictionary: string;
  counted: Tally;
  row: Row;
  value: number;
  /** The value is a whole number. */
  whole: boolean;
  /** Of every token of the text. */
  names: readonly NamedToken[];
  /** −1 when not pinned. */
  slot: number;
  label: string | undefined;
  /** The label is being written. */
  editing: boolean;
  onEdit: (latent: number) => void;
  onDone: (text: string | null, byKey: boolean) => void;
  detailId: string;
}

export const FeatureRow = memo(function FeatureRow(props: FeatureRowProps) {
  const { dictionary, counted, row, value, whole, names, slot, label, editing, onEdit, onDone, place, top, stop, detailId } = props;
  const { latent } = row;
  const silent = row.count === 0;
  // None while another text is being named.
  const peak = names.at(row.peak);
  const indexed = useApp((s) => (label ? undefined : indexNameOf(s, latent)));
  const fired = useMemo(() => (label || indexed ? [] : firesOn(counted, latent, names)), [counted, latent, names, label, indexed]);
  const series = useMemo(() => binnedSeries(counted.index, latent, MAX_BARS, counted.skipped), [counted, latent]);
  return (
    <div className="feature-row" data-slot={slot >= 0 ? slot : undefined} {...rowAttributes(latent, place, top)}>
      <FeatureNumber latent={latent} label={label} slot={slot} stop={stop} detailId={detailId} />
      <span role="gridcell" className="numeric">
        {silent ? <span className="silent">silent</span> : whole ? formatInteger(value) : <Num value={value} />}
      </span>
      <span role="gridcell" className="feature-bars">
        <TokenBars values={series} />
      </span>
      <span role="gridcell" className="feature-peak">
        {!silent && peak && <TokenSample name={peak} />}
      </span>
      <span role="gridcell" className="feature-label">
        <LabelCell
          latent={latent}
          label={label}
          fired={fired}
          indexed={indexed}
          editing={editing}
          onEdit={() => onEdit(latent)}
          onDone={onDone}
        />
        <FeatureLink dictionary={dictionary} latent={latent} className="row-link" inRow />
      </span>
    </div>
  );
});

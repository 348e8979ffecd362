import { memo, useMemo, type Ref } from 'react';
import type { NamedToken } from '../../core/lm/glyphs.ts';
import type { Pin } from '../../state/explore/featureFacts.ts';
import type { RankedFeature, Ranking, Tally } from '../../state/explore/ranking.ts';
import { FeatureRow } from './FeatureRow.tsx';
import { VirtualGrid, type GridHandle } from './VirtualGrid.tsx';

interface FeatureTableProps {
  dictionary: string;
  counted: Tally;
  shown: readonly RankedFeature[];
  ranking: Ranking;
  names: readonly NamedToken[];
  pins: readonly Pin[];
  labels: ReadonlyMap<number, string>;
  /** Feature whose label is being written. */
  editing: number | null;
  onEdit: (latent: number) => void;
  onDone: (text: string | null, byKey: boolean) => void;
  /** Row that Tab reaches. */
  cursor: number;
  onCursor: (row: number) => void;
  /** Element that describes the row in focus. */
  detailId: string;
  ref?: Ref<GridHandle>;
}

const VALUE_HEADS: Record<Ranking, string> = {
  max: 'Maximum',
  sum: 'Sum',
  rare: 'Rarity',
  count: 'Tokens',
  token: 'At token',
  span: 'In span',
};

/** The line below the table holds every digit. */
export const FeatureTable = memo(function FeatureTable(props: FeatureTableProps) {
  const { dictionary, counted, shown, ranking, names, pins, labels, editing, onEdit, onDone, cursor, onCursor, detailId, ref } = props;
  const latents = useMemo(() => shown.map(({ row }) => row.latent), [shown]);
  const slots = useMemo(() => new Map(pins.map((p) => [p.latent, p.slot])), [pins]);
  return (
    <VirtualGrid
      ref={ref}
      label="Features that fire, best first. Bars: each row to its own maximum."
      latents={latents}
      head={<Head value={VALUE_HEADS[ranking]} />}
      cursor={cursor}
      onCursor={onCursor}
      onEdit={onEdit}
    >
      {(at) => {
        const { row, value } = shown[at.place];
        const { latent } = row;
        return (
          <FeatureRow
            key={latent}
            dictionary={dictionary}
            counted={counted}
            row={row}
            value={value}
            whole={ranking === 'count'}
            names={names}
            slot={slots.get(latent) ?? -1}
            label={labels.get(latent)}
            editing={editing === latent}
            onEdit={onEdit}
            onDone={onDone}
            detailId={detailId}
            {...at}
          />
        );
      }}
    </VirtualGrid>
  );
});

function Head({ value }: { value: string }) {
  return (
    <>
      <span role="columnheader">Feature</span>
      <span role="columnheader" className="numeric">
        {value}
      </span>
      <span role="columnheader" title="In the order of the text. Each row fills its height at its own maximum.">
        By token
      </span>
      <span role="columnheader" className="feature-peak">
        Peak
      </span>
      <span role="columnheader">Label</span>
    </>
  );
}

import { memo, useMemo, useRef, type KeyboardEvent } from 'react';
import { formatInteger } from '../charts/format.ts';
import { Num } from '../charts/Num.tsx';
import { TokenBars } from '../charts/TokenBars.tsx';
import { TokenSample } from '../charts/TokenText.tsx';
import type { NamedToken } from '../core/lm/glyphs.ts';
import type { Pin } from '../state/featureFacts.ts';
import { featureSeries, type FeatureIndex, type FeatureRow, type RankedFeature, type Ranking } from '../state/features.ts';
import { PinBadge } from './FeaturePins.tsx';
import { useActions } from './StoreContext.tsx';

interface FeatureTableProps {
  index: FeatureIndex;
  shown: readonly RankedFeature[];
  ranking: Ranking;
  names: readonly NamedToken[];
  pins: readonly Pin[];
  /** Row that Tab reaches. */
  cursor: number;
  onCursor: (row: number) => void;
  /** Element that describes the row in focus. */
  detailId: string;
}

const VALUE_HEADS: Record<Ranking, string> = { max: 'Maximum', sum: 'Sum', count: 'Tokens', token: 'At token' };

/** One tab stop: up and down move, Enter or a click pins, the line below the table holds every digit. */
export const FeatureTable = memo(function FeatureTable({
  index,
  shown,
  ranking,
  names,
  pins,
  cursor,
  onCursor,
  detailId,
}: FeatureTableProps) {
  const { point, pin } = useActions();
  const body = useRef<HTMLTableSectionElement>(null);
  const stop = Math.min(cursor, shown.length - 1);
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = { ArrowDown: stop + 1, ArrowUp: stop - 1, Home: 0, End: shown.length - 1 };
    const next = moves[event.key];
    if (next === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const to = Math.max(0, Math.min(shown.length - 1, next));
    onCursor(to);
    body.current?.rows[to]?.querySelector('button')?.focus();
  };
  const onFocus = (target: EventTarget) => {
    const latent = latentAt(target);
    const row = shown.findIndex((r) => r.row.latent === latent);
    if (row >= 0) onCursor(row);
    point(latent);
  };
  return (
    <div className="feature-scroll">
      <table className="features">
        <caption className="visually-hidden">Features that fire, best first. Bars: each row to its own maximum.</caption>
        <thead>
          <tr>
            <th scope="col">Feature</th>
            <th scope="col" className="numeric">
              {VALUE_HEADS[ranking]}
            </th>
            <th scope="col" title="One bar a token, in the order of the text. Each row fills its height at its own maximum.">
              By token
            </th>
            <th scope="col">Peak</th>
          </tr>
        </thead>
        <tbody
          ref={body}
          onKeyDown={onKeyDown}
          onPointerOver={(e) => point(latentAt(e.target))}
          onPointerLeave={() => point(null)}
          onFocus={(e) => onFocus(e.target)}
          onBlur={() => point(null)}
          onClick={(e) => {
            const latent = latentAt(e.target);
            if (latent !== null) pin(latent);
          }}
        >
          {shown.map(({ row, value }, i) => (
            <Row
              key={row.latent}
              index={index}
              row={row}
              value={value}
              counted={ranking === 'count'}
              peak={names[row.peak]}
              slot={pins.find((p) => p.latent === row.latent)?.slot ?? -1}
              stop={i === stop}
              detailId={detailId}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
});

function latentAt(target: EventTarget): number | null {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-latent]') : null;
  return row ? Number(row.dataset.latent) : null;
}

interface RowProps {
  index: FeatureIndex;
  row: FeatureRow;
  value: number;
  counted: boolean;
  peak: NamedToken;
  /** −1 when not pinned. */
  slot: number;
  stop: boolean;
  detailId: string;
}

const Row = memo(function Row({ index, row, value, counted, peak, slot, stop, detailId }: RowProps) {
  const { latent } = row;
  const series = useMemo(() => featureSeries(index, latent), [index, latent]);
  const pinned = slot >= 0;
  return (
    <tr data-latent={latent} data-slot={pinned ? slot : undefined}>
      <th scope="row">
        <button
          type="button"
          className="feature-number"
          tabIndex={stop ? 0 : -1}
          aria-pressed={pinned}
          aria-label={`Feature ${latent}: pin`}
          aria-describedby={stop ? detailId : undefined}
        >
          {pinned && <PinBadge slot={slot} />}
          {latent}
        </button>
      </th>
      <td className="numeric">{counted ? formatInteger(value) : <Num value={value} />}</td>
      <td className="feature-bars">
        <TokenBars values={series} />
      </td>
      <td className="feature-peak">
        <TokenSample name={peak} />
      </td>
    </tr>
  );
});

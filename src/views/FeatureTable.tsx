import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual';
import { memo, useCallback, useImperativeHandle, useRef, type KeyboardEvent, type Ref } from 'react';
import { flushSync } from 'react-dom';
import type { NamedToken } from '../core/lm/glyphs.ts';
import type { Pin } from '../state/featureFacts.ts';
import type { RankedFeature, Ranking, Tally } from '../state/ranking.ts';
import { FeatureRow } from './FeatureRow.tsx';
import { useActions } from './StoreContext.tsx';

export interface FeatureTableHandle {
  /** Scrolls a row into view and puts the keyboard there. */
  focusRow: (row: number) => void;
}

interface FeatureTableProps {
  counted: Tally;
  shown: readonly RankedFeature[];
  ranking: Ranking;
  names: readonly NamedToken[];
  pins: readonly Pin[];
  /** Row that Tab reaches. */
  cursor: number;
  onCursor: (row: number) => void;
  /** Element that describes the row in focus. */
  detailId: string;
  ref?: Ref<FeatureTableHandle>;
}

/** Also --row-height in features.css. */
const ROW_PX = 32;
const OVERSCAN = 8;
/** Taken where nothing is measured yet. */
const FIRST_RECT = { width: 600, height: 480 };

export const VALUE_HEADS: Record<Ranking, string> = {
  max: 'Maximum',
  sum: 'Sum',
  rare: 'Rarity',
  count: 'Tokens',
  token: 'At token',
  span: 'In span',
};

/** One tab stop: the arrows move, Enter or a click pins, the line below the table holds every digit. Only rows in view are drawn. */
export const FeatureTable = memo(function FeatureTable(props: FeatureTableProps) {
  const { counted, shown, ranking, names, pins, cursor, onCursor, detailId, ref } = props;
  const { point, pin } = useActions();
  const scroll = useRef<HTMLDivElement>(null);
  const stop = Math.min(cursor, shown.length - 1);
  // The tab stop is drawn wherever the list is scrolled to: a row that has the focus must not go from under it.
  const rangeExtractor = useCallback((range: Range) => withRow(defaultRangeExtractor(range), stop), [stop]);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is compiled by the React compiler
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    getItemKey: (i) => shown[i].row.latent,
    initialRect: FIRST_RECT,
    overscan: OVERSCAN,
    rangeExtractor,
  });
  const focusRow = (row: number) => {
    flushSync(() => onCursor(row));
    virtual.scrollToIndex(row);
    scroll.current?.querySelector<HTMLElement>(`[data-row="${row}"] button`)?.focus({ preventScroll: true });
  };
  useImperativeHandle(ref, () => ({ focusRow }));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !isRowButton(event.target)) return;
    const page = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 0) / ROW_PX) - 1);
    const next = nextRow(event.key, stop, page, shown.length - 1);
    if (next === undefined) return;
    event.preventDefault();
    focusRow(next);
  };
  return (
    <div
      className="features"
      role="grid"
      aria-label="Features that fire, best first. Bars: each row to its own maximum."
      aria-rowcount={shown.length + 1}
    >
      <Head ranking={ranking} />
      <div
        ref={scroll}
        className="feature-scroll"
        role="rowgroup"
        style={{ height: `min(${virtual.getTotalSize()}px, 28rem, 70vh)` }}
        onKeyDown={onKeyDown}
        // Rows that pass under a resting pointer are not pointed at.
        onPointerOver={(e) => !virtual.isScrolling && point(latentAt(e.target))}
        onPointerLeave={() => point(null)}
        onFocus={(e) => {
          const row = rowAt(e.target);
          if (row !== null && row !== stop) onCursor(row);
          point(latentAt(e.target));
        }}
        onBlur={() => point(null)}
        onClick={(e) => {
          const latent = latentAt(e.target);
          if (latent !== null) pin(latent);
        }}
      >
        <div className="feature-rows" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index: i, start }) => (
            <FeatureRow
              key={shown[i].row.latent}
              counted={counted}
              row={shown[i].row}
              value={shown[i].value}
              whole={ranking === 'count'}
              peak={names[shown[i].row.peak]}
              slot={pins.find((p) => p.latent === shown[i].row.latent)?.slot ?? -1}
              place={i}
              top={start}
              stop={i === stop}
              detailId={detailId}
            />
          ))}
        </div>
      </div>
    </div>
  );
});

function Head({ ranking }: { ranking: Ranking }) {
  return (
    <div className="feature-head" role="rowgroup">
      <div className="feature-row" role="row" aria-rowindex={1}>
        <span role="columnheader">Feature</span>
        <span role="columnheader" className="numeric">
          {VALUE_HEADS[ranking]}
        </span>
        <span role="columnheader" title="In the order of the text. Each row fills its height at its own maximum.">
          By token
        </span>
        <span role="columnheader" className="feature-peak">
          Peak
        </span>
      </div>
    </div>
  );
}

function withRow(rows: number[], row: number): number[] {
  if (row < 0 || rows.includes(row)) return rows;
  return [...rows, row].sort((a, b) => a - b);
}

function nextRow(key: string, at: number, page: number, last: number): number | undefined {
  const moves: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + page,
    PageUp: at - page,
    Home: 0,
    End: last,
  };
  const next = moves[key];
  return next === undefined ? undefined : Math.max(0, Math.min(last, next));
}

function isRowButton(target: EventTarget): boolean {
  return target instanceof Element && target.matches('.feature-number');
}

function rowOf(target: EventTarget): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>('[data-latent]') : null;
}

function latentAt(target: EventTarget): number | null {
  const row = rowOf(target);
  return row ? Number(row.dataset.latent) : null;
}

function rowAt(target: EventTarget): number | null {
  const row = rowOf(target);
  return row ? Number(row.dataset.row) : null;
}

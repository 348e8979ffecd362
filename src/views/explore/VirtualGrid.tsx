import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual';
import { useCallback, useImperativeHandle, useRef, type KeyboardEvent, type ReactNode, type Ref, type RefObject } from 'react';
import { flushSync } from 'react-dom';
import { useActions } from './store.ts';

export interface GridHandle {
  /** Scrolls a row into view and puts the keyboard there. */
  focusRow: (row: number) => void;
}

/** Where a row stands, for the component that draws it. */
export interface RowPlace {
  /** From the top of the list, 0 the first. */
  place: number;
  /** Pixels from the top of the list. */
  top: number;
  /** Tab reaches it. */
  stop: boolean;
}

interface VirtualGridProps {
  label: string;
  /** The latent of each row. */
  latents: readonly number[];
  head: ReactNode;
  /** Draws one row: an element with `data-latent` and `data-row` whose button has the class feature-number. */
  children: (place: RowPlace) => ReactNode;
  /** Row that Tab reaches. */
  cursor: number;
  onCursor: (row: number) => void;
  /** The key l on a row. */
  onEdit?: (latent: number) => void;
  /** Highest it may become. */
  height?: string;
  ref?: Ref<GridHandle>;
}

/** Also --row-height in featureList.css. */
const ROW_PX = 32;
const OVERSCAN = 8;
/** Taken where nothing is measured yet. */
const FIRST_RECT = { width: 600, height: 480 };

/**
 * A long list of features of which only the rows in view are drawn. One tab stop: the arrows, Page and Home keys move;
 * Enter or a click pins, the key o opens a row's link; what is under the pointer or the keyboard is pointed at.
 */
export function VirtualGrid(props: VirtualGridProps) {
  const { label, latents, head, children, cursor, onCursor, onEdit, height = '28rem', ref } = props;
  const { point, pin } = useActions();
  const scroll = useRef<HTMLDivElement>(null);
  const last = latents.length - 1;
  const stop = Math.min(cursor, last);
  const virtual = useRows(scroll, latents.length, stop);
  const focusRow = (row: number) => {
    flushSync(() => onCursor(row));
    virtual.scrollToIndex(row);
    scroll.current?.querySelector<HTMLElement>(`[data-row="${row}"] .feature-number`)?.focus({ preventScroll: true });
  };
  useImperativeHandle(ref, () => ({ focusRow }));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !isRowButton(event.target)) return;
    const page = Math.max(1, Math.floor((scroll.current?.clientHeight ?? 0) / ROW_PX) - 1);
    const next = nextRow(event.key, stop, page, last);
    if (event.key === 'l' && onEdit) onEdit(latents[stop]);
    else if (event.key === 'o') scroll.current?.querySelector<HTMLElement>(`[data-row="${stop}"] [data-open]`)?.click();
    else if (next !== undefined) focusRow(next);
    else return;
    event.preventDefault();
  };
  const total = virtual.getTotalSize();
  return (
    <div className="features" role="grid" aria-label={label} aria-rowcount={latents.length + 1}>
      <div className="feature-head" role="rowgroup">
        <div className="feature-row" role="row" aria-rowindex={1}>
          {head}
        </div>
      </div>
      <div
        ref={scroll}
        className="feature-scroll"
        role="rowgroup"
        style={{ height: `min(${total}px, ${height}, 70vh)` }}
        onKeyDown={onKeyDown}
        // Rows that pass under a resting pointer are not pointed at.
        onPointerOver={(e) => !virtual.isScrolling && point(numberAt(e.target, 'latent'))}
        onPointerLeave={() => point(null)}
        onFocus={(e) => {
          const row = numberAt(e.target, 'row');
          if (row !== null && row !== stop) onCursor(row);
          point(numberAt(e.target, 'latent'));
        }}
        onBlur={() => point(null)}
        onClick={(e) => {
          const latent = numberAt(e.target, 'latent');
          if (latent !== null && !isLabel(e.target)) pin(latent);
        }}
      >
        <div className="feature-rows" role="presentation" style={{ height: total }}>
          {virtual.getVirtualItems().map(({ index, start }) => children({ place: index, top: start, stop: index === stop }))}
        </div>
      </div>
    </div>
  );
}

/** The rows in view, and the tab stop wherever the list is scrolled to: the focus must not go from under the keyboard. */
function useRows(scroll: RefObject<HTMLDivElement | null>, count: number, stop: number) {
  const rangeExtractor = useCallback((range: Range) => withRow(defaultRangeExtractor(range), stop), [stop]);
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is compiled by the React compiler
  return useVirtualizer({
    count,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PX,
    initialRect: FIRST_RECT,
    overscan: OVERSCAN,
    rangeExtractor,
  });
}

/** Attributes that every row has. */
export function rowAttributes(latent: number, place: number, top: number) {
  return {
    role: 'row',
    // The head is row 1.
    'aria-rowindex': place + 2,
    'data-row': place,
    'data-latent': latent,
    style: { transform: `translateY(${top}px)` },
  };
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

function isLabel(target: EventTarget): boolean {
  return target instanceof Element && target.closest('[data-label], [data-open]') !== null;
}

function isRowButton(target: EventTarget): boolean {
  return target instanceof Element && target.matches('.feature-number');
}

function numberAt(target: EventTarget, name: 'row' | 'latent'): number | null {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-latent]') : null;
  return row ? Number(row.dataset[name]) : null;
}

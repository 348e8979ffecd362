import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual';
import { useCallback, useEffect, useState, type ReactNode, type RefObject } from 'react';
import type { StripBlock } from '../../state/explore/stripBlocks.ts';
import { tokenIndex } from './stripDom.ts';
import { blockAt } from '../../state/explore/stripBlocks.ts';

/** A line of the strip, and characters on a line where nothing is measured yet. */
const LINE_PX = 32;
const CHARACTERS_PER_PX = 0.105;
/** What one token takes, about. */
const CHARACTERS_PER_TOKEN = 5.6;
const FIRST_RECT = { width: 900, height: 480 };

interface VirtualBlocksProps {
  blocks: readonly StripBlock[];
  /** Drawn wherever the strip is scrolled to, with its neighbours: it has the tab stop, and arrows lead out of it. */
  kept: number;
  scroller: RefObject<HTMLDivElement | null>;
  /** First and last block on screen. */
  onView: (from: number, to: number) => void;
  draw: (block: StripBlock) => ReactNode;
}

/** Blocks near the screen, each at its place; heights are measured as they come. */
export function VirtualBlocks({ blocks, kept, scroller, onView, draw }: VirtualBlocksProps) {
  const held = useSelectionEnds(blocks, scroller);
  const rangeExtractor = useCallback(
    (range: Range) =>
      [...new Set([...defaultRangeExtractor(range), ...around(kept, range.count), ...held])]
        .filter((i) => i < range.count)
        .sort((a, b) => a - b),
    [kept, held],
  );
  // eslint-disable-next-line react-hooks/incompatible-library -- nothing here is compiled by the React compiler
  const virtual = useVirtualizer({
    count: blocks.length,
    getScrollElement: () => scroller.current,
    estimateSize: (i) => estimate(blocks[i], scroller.current?.clientWidth ?? FIRST_RECT.width),
    getItemKey: (i) => blocks[i].first,
    initialRect: FIRST_RECT,
    overscan: 1,
    rangeExtractor,
  });
  const from = virtual.range?.startIndex ?? 0;
  const to = Math.min(virtual.range?.endIndex ?? 0, blocks.length - 1);
  useEffect(() => {
    onView(Math.min(from, to), to);
  }, [from, to, onView]);
  return (
    <div className="strip-blocks" style={{ height: virtual.getTotalSize() }} role="presentation">
      {virtual.getVirtualItems().map(({ index, key, start }) => (
        <div
          key={key}
          ref={virtual.measureElement}
          data-index={index}
          className={blocks[index].border ? 'strip-block strip-border' : 'strip-block'}
          style={{ transform: `translateY(${start}px)` }}
          role="presentation"
          dir="auto"
        >
          {draw(blocks[index])}
        </div>
      ))}
    </div>
  );
}

function around(block: number, count: number): number[] {
  return [block - 1, block, block + 1].filter((i) => i >= 0 && i < count);
}

function estimate({ first, end }: StripBlock, width: number): number {
  return LINE_PX * Math.ceil(((end - first) * CHARACTERS_PER_TOKEN) / (width * CHARACTERS_PER_PX));
}

/** The blocks in which a selection begins and ends: taken from the page, they would take the selection along. */
function useSelectionEnds(blocks: readonly StripBlock[], scroller: RefObject<HTMLElement | null>): readonly number[] {
  const [held, setHeld] = useState<readonly number[]>([]);
  useEffect(() => {
    const onChange = () => {
      const selection = getSelection();
      const ends = selection && !selection.isCollapsed ? [selection.anchorNode, selection.focusNode] : [];
      const next = ends.flatMap((node) => {
        const element = node instanceof Element ? node : (node?.parentElement ?? null);
        const token = scroller.current?.contains(element) ? tokenIndex(element) : null;
        return token === null ? [] : [blockAt(blocks, token)];
      });
      setHeld((was) => (was.join() === next.join() ? was : next));
    };
    document.addEventListener('selectionchange', onChange);
    return () => document.removeEventListener('selectionchange', onChange);
  }, [blocks, scroller]);
  return held;
}

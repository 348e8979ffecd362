import { useEffect, useRef } from 'react';
import { brushX, type D3BrushEvent } from 'd3-brush';
import { select } from 'd3-selection';
import type { Domain } from './axes.ts';
import type { Plot } from './Frame.tsx';

/** A stretch narrower than this was a click. */
const LEAST_PX = 6;

/** Dragging over the plot chooses a stretch of x (d3-brush); a double click gives all of it back. */
export function ZoomBrush({ plot, onZoom }: { plot: Plot; onZoom: (domain: Domain | null) => void }) {
  const layer = useRef<SVGGElement>(null);
  const latest = useRef({ plot, onZoom });
  useEffect(() => {
    latest.current = { plot, onZoom };
  });
  const { width, height, left, right, top, bottom } = plot.box;
  useEffect(() => {
    if (!layer.current) return;
    const place = select(layer.current);
    const brush = brushX<unknown>()
      // A finger scrolls the page.
      .touchable(() => false)
      .extent([
        [left, top],
        [width - right, height - bottom],
      ])
      .on('end', ({ selection, sourceEvent }: D3BrushEvent<unknown>) => {
        if (!selection || !sourceEvent) return;
        const [from, to] = selection as [number, number];
        brush.clear(place);
        const { x } = latest.current.plot;
        if (to - from >= LEAST_PX) latest.current.onZoom([x.value(from), x.value(to)]);
      });
    brush(place);
    place.on('dblclick.zoom', () => latest.current.onZoom(null));
    return () => void place.on('.brush', null).on('.zoom', null).selectAll('*').remove();
  }, [width, height, left, right, top, bottom]);
  return <g ref={layer} className="chart-brush" />;
}

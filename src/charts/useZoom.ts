import { useEffect, useRef, useState, type RefObject } from 'react';
import { select } from 'd3-selection';
import { zoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from 'd3-zoom';

const LEAST = 0.25;
const MOST = 6;
const STEP = 1.4;

interface Seen {
  x: number;
  y: number;
  k: number;
}

interface Zooming {
  seen: Seen;
  /** Keys and buttons: nearer, farther, all of it. */
  closer: () => void;
  farther: () => void;
  whole: () => void;
}

/**
 * Zoom and pan of an SVG (d3-zoom), moved at once. The wheel alone scrolls the page, as one finger does; with Ctrl, with two
 * fingers, or where `free`, it zooms.
 */
export function useZoom(svg: RefObject<SVGSVGElement | null>, free: boolean): Zooming {
  const [seen, setSeen] = useState<Seen>(zoomIdentity);
  const behaviour = useRef<ZoomBehavior<SVGSVGElement, unknown> | null>(null);
  useEffect(() => {
    const place = svg.current;
    if (!place) return;
    const zooming = zoom<SVGSVGElement, unknown>()
      .scaleExtent([LEAST, MOST])
      .filter((event: Event) => {
        if (event.type === 'wheel') return free || (event as WheelEvent).ctrlKey || (event as WheelEvent).metaKey;
        if ('touches' in event) return (event as TouchEvent).touches.length > 1;
        return (event as MouseEvent).button === 0;
      })
      .on('zoom', ({ transform: { x, y, k } }: D3ZoomEvent<SVGSVGElement, unknown>) => setSeen({ x, y, k }));
    behaviour.current = zooming;
    const chosen = select(place);
    chosen.call(zooming).on('dblclick.zoom', null);
    return () => void chosen.on('.zoom', null);
  }, [svg, free]);
  const by = (factor: number) => {
    if (svg.current) behaviour.current?.scaleBy(select(svg.current), factor);
  };
  return {
    seen,
    closer: () => by(STEP),
    farther: () => by(1 / STEP),
    whole: () => {
      if (svg.current) behaviour.current?.transform(select(svg.current), zoomIdentity);
    },
  };
}

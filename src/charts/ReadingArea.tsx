import type { KeyboardEvent, PointerEvent, ReactNode, Ref } from 'react';
import { moveCursor } from './keys.ts';

interface ReadingAreaProps {
  ref?: Ref<HTMLDivElement>;
  className: string;
  label: string;
  /** How many places there are to read at. */
  count: number;
  at: number;
  /** What is read at a place, for those who hear it. */
  words: string;
  /** A key has gone to another place; `null` on Escape. */
  onMove: (at: number | null) => void;
  /** Enter at the place. */
  onChoose?: () => void;
  /** Any other key, and Escape; true when it meant something. */
  onKey?: (key: string) => boolean;
  /** Keys go over so many places at once, where there are more than can be seen. */
  by?: number;
  onFocus?: () => void;
  onBlur?: () => void;
  onPointerDown?: (event: PointerEvent<Element>) => void;
  onPointerMove?: (event: PointerEvent<Element>) => void;
  onPointerLeave?: () => void;
  onClick?: () => void;
  children: ReactNode;
}

/** A picture that is read place by place: arrow keys, Home, End and Page keys go over it as over a slider. */
export function ReadingArea({
  ref,
  className,
  label,
  count,
  at,
  words,
  onMove,
  onChoose,
  onKey,
  by = 1,
  children,
  ...events
}: ReadingAreaProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') return onChoose?.();
    if (event.key === 'Escape') {
      onKey?.(event.key);
      return onMove(null);
    }
    const next = moveCursor(event.key, Math.round(at / by), Math.ceil(count / by));
    if (next === undefined) return void (onKey?.(event.key) && event.preventDefault());
    event.preventDefault();
    onMove(event.key === 'End' ? count - 1 : Math.max(0, Math.min(count - 1, next * by)));
  };
  return (
    <div
      ref={ref}
      className={className}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, count - 1)}
      aria-valuenow={Math.max(0, at)}
      aria-valuetext={words}
      onKeyDown={onKeyDown}
      {...events}
    >
      {children}
    </div>
  );
}

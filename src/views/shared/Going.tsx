import { useEffect, useState } from 'react';
import { formatInteger } from '../../charts/format.ts';
import './going.css';
import { Spoken } from './Spoken.tsx';

interface GoingProps {
  words: string;
  /** What the bar is of, where the words change as it goes. */
  name?: string;
  /** 0 of 0 while that is not known. */
  done: number;
  total: number;
  /** What there is left, in words. */
  left?: string;
  onStop: () => void;
}

/** How far something long is, and how to stop it. */
export function Going({ words, name = words, done, total, left = '', onStop }: GoingProps) {
  const isKnown = total > 0;
  const said = `${words}${isKnown ? `: ${formatInteger(done)} of ${formatInteger(total)}${left}` : ''}`;
  return (
    <div className="going">
      <span>{said}</span>
      <Spoken words={said} />
      <progress max={1} value={isKnown ? done / total : undefined} aria-label={name} />
      <button type="button" className="button-small" onClick={onStop}>
        Cancel
      </button>
    </div>
  );
}

/** Seconds since it began, anew each second. @param began ms since 1970 */
export function useSeconds(began: number): number {
  const [now, setNow] = useState(began);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [began]);
  return Math.max(0, (now - began) / 1000);
}

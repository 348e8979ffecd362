import { useEffect, useRef, useState } from 'react';

/** Speech is slow: at most one message in this time. */
const PAUSE_MS = 5000;

/** Says `words` to those who cannot see the page, when they change. */
export function Spoken({ words }: { words: string }) {
  const [said, setSaid] = useState('');
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + PAUSE_MS - performance.now());
    const timer = setTimeout(() => {
      last.current = performance.now();
      setSaid(words);
    }, wait);
    return () => clearTimeout(timer);
  }, [words]);
  return (
    <p role="status" className="visually-hidden">
      {said}
    </p>
  );
}

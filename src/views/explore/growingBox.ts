import { useLayoutEffect, useRef, type RefObject } from 'react';

const LONG_CHARACTERS = 6000;

/** For a text box that is as high as its text, up to `most` pixels. */
export function useGrowingBox(text: string, most: number): RefObject<HTMLTextAreaElement | null> {
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    // Measuring lays the whole text out anew: a long one has the full height anyway.
    if (text.length > LONG_CHARACTERS) area.style.height = `${most}px`;
    else {
      area.style.height = 'auto';
      area.style.height = `${Math.min(most, area.scrollHeight + 2)}px`;
    }
  }, [text, most]);
  return box;
}

import { useId, type ReactNode } from 'react';

/** A formula or a definition behind an (i), out of the flow. The browser's own popover: Escape and a click beside it close it. */
export function Info({ about, children }: { about: string; children: ReactNode }) {
  const id = useId();
  return (
    <>
      <button type="button" className="info" popoverTarget={id} aria-label={`What this means: ${about}`}>
        i
      </button>
      <span id={id} popover="auto" role="note" className="info-words">
        {children}
      </span>
    </>
  );
}

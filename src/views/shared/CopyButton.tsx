import { useEffect, useState } from 'react';
import { saveBlob } from './saveBlob.ts';

const SHOWN_MS = 1800;

/** Copies text made when pressed, and says how it went. */
export function CopyButton({ label, text }: { label: string; text: () => string }) {
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => setSaid(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = () => {
    navigator.clipboard.writeText(text()).then(
      () => setSaid('Copied'),
      () => setSaid('The browser refused'),
    );
  };
  return (
    <button type="button" className="button-small" onClick={copy} aria-live="polite">
      {said ?? label}
    </button>
  );
}

export function DownloadButton({ label, name, text }: { label: string; name: string; text: () => string }) {
  const download = () => saveBlob(new Blob([text()], { type: 'text/csv' }), name);
  return (
    <button type="button" className="button-small" onClick={download}>
      {label}
    </button>
  );
}

import { useEffect, useState } from 'react';

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
  const download = () => {
    const url = URL.createObjectURL(new Blob([text()], { type: 'text/csv' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };
  return (
    <button type="button" className="button-small" onClick={download}>
      {label}
    </button>
  );
}

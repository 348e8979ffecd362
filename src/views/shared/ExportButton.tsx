import { useState } from 'react';
import type { ExportFormat } from '../../api/dictionaries.ts';
import { saveBlob } from './saveBlob.ts';
import { useActions } from './StoreContext.tsx';

export const EXPORT_NAMES: Record<ExportFormat, string> = {
  saelens: 'SAELens',
  dictionary_learning: 'dictionary_learning',
  sparsify: 'sparsify',
};

/** @param format whose folder is written */
export function ExportButton({ id, label, format = 'saelens' }: { id: string; label: string; format?: ExportFormat }) {
  const { exportDictionary } = useActions();
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    const blob = await exportDictionary(id, format);
    if (blob) saveBlob(blob, `${label.replace(/[\\/]+/g, ' ')}${format === 'saelens' ? '' : ` ${format}`}.zip`);
    setBusy(false);
  };
  return (
    <button
      type="button"
      className="button-small"
      disabled={busy}
      onClick={() => void save()}
      aria-label={`Export ${label} as a zip for ${EXPORT_NAMES[format]}`}
      title={`A folder of ${EXPORT_NAMES[format]} as a zip`}
    >
      {busy ? 'Packing…' : 'Export'}
    </button>
  );
}

import { Suspense } from 'react';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import { laterDialog } from '../shared/later.tsx';
import type { LibraryDialogProps } from './LibraryDialog.tsx';
import type { PickProps } from './PickDialog.tsx';
import { useActions, useApp } from './store.ts';

const LibraryDialog = laterDialog<LibraryDialogProps>(() => import('./LibraryDialog.tsx').then((m) => m.LibraryDialog));
const StorageDialog = laterDialog<{ api: FeaturescopeApi }>(() => import('./StorageDialog.tsx').then((m) => m.StorageDialog));
const CardDialog = laterDialog<{ id: string }>(() => import('./CardDialog.tsx').then((m) => m.CardDialog));
const PickDialog = laterDialog<PickProps>(() => import('./PickDialog.tsx').then((m) => m.PickDialog));

/** Whatever covers the page. */
export function Dialogs({ api }: { api: FeaturescopeApi }) {
  const dialog = useApp((s) => s.dialog);
  const task = useApp((s) => s.importTask);
  const { importPicked } = useActions();
  return (
    <Suspense fallback={null}>
      {dialog?.kind === 'library' && <LibraryDialog published={dialog.published} />}
      {dialog?.kind === 'storage' && <StorageDialog api={api} />}
      {dialog?.kind === 'card' && <CardDialog id={dialog.id} />}
      {task.status === 'choosing' && <PickDialog found={task.found} onClose={() => void importPicked([])} />}
    </Suspense>
  );
}

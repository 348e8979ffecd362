import { Suspense } from 'react';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import { laterDialog } from '../shared/later.tsx';
import type { LibraryDialogProps } from './LibraryDialog.tsx';
import { PickDialog } from './PickDialog.tsx';
import { useApp } from './store.ts';

const LibraryDialog = laterDialog<LibraryDialogProps>(() => import('./LibraryDialog.tsx').then((m) => m.LibraryDialog));
const StorageDialog = laterDialog<{ api: FeaturescopeApi }>(() => import('./StorageDialog.tsx').then((m) => m.StorageDialog));
const CardDialog = laterDialog<{ id: string }>(() => import('./CardDialog.tsx').then((m) => m.CardDialog));

/** Whatever covers the page. */
export function Dialogs({ api }: { api: FeaturescopeApi }) {
  const dialog = useApp((s) => s.dialog);
  return (
    <>
      <Suspense fallback={null}>
        {dialog?.kind === 'library' && <LibraryDialog published={dialog.published} />}
        {dialog?.kind === 'storage' && <StorageDialog api={api} />}
        {dialog?.kind === 'card' && <CardDialog id={dialog.id} />}
      </Suspense>
      <PickDialog />
    </>
  );
}

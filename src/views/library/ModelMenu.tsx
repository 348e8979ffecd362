import { lazy, Suspense, useRef, useState, useSyncExternalStore, type ComponentType } from 'react';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import { PART_MISSING } from '../../state/shared/page.ts';
import { useActions, useApp } from './store.ts';
import { OFFER } from './modelOffer.ts';

const MENU_ID = 'model-menu';

interface BodyProps {
  onDone: () => void;
}

/** Fetched when the menu is first opened: the first paint does without it. */
const Body = lazy<ComponentType<BodyProps>>(() =>
  import('./ModelMenuBody.tsx').then(
    ({ ModelMenuBody }) => ({ default: ModelMenuBody }),
    () => ({ default: BodyMissing }),
  ),
);

export function ModelMenu({ modelId }: { modelId: string }) {
  const model = useApp((s) => s.model);
  const menu = useRef<HTMLDivElement>(null);
  const [opened, setOpened] = useState(false);
  return (
    <>
      <button type="button" className="button-quiet button-menu" popoverTarget={MENU_ID} aria-label={`Model: ${model?.id ?? modelId}`}>
        <span className="label-model">{model?.id ?? modelId}</span>
      </button>
      <div id={MENU_ID} popover="auto" ref={menu} className="menu" role="dialog" aria-label="Model" onToggle={() => setOpened(true)}>
        {opened && (
          <Suspense fallback={null}>
            <Body onDone={() => menu.current?.hidePopover()} />
          </Suspense>
        )}
      </div>
    </>
  );
}

function BodyMissing() {
  return <p role="alert">{PART_MISSING}</p>;
}

/**
 * In plain sight until one of the hub was chosen or the offer was put away: in the header, and where that is too narrow
 * on a line of its own below it.
 */
export function ModelOffer({ settings, place }: { settings: FeaturescopeApi['settings']; place: 'header' | 'line' }) {
  const { openDialog } = useActions();
  const ofPage = useApp((s) => s.model?.source === 'built-in');
  const wanted = useSyncExternalStore(
    settings.subscribe,
    () => settings.get('offer') !== false,
    () => false,
  );
  if (!ofPage || !wanted) return null;
  return (
    <span className={`offer offer-${place}`}>
      <button type="button" className="button-quiet" onClick={() => openDialog({ kind: 'hub', id: OFFER.id })}>
        Get {OFFER.name} ({OFFER.size})
      </button>
      <button
        type="button"
        className="button-quiet button-icon"
        aria-label={`Do not offer ${OFFER.name}`}
        onClick={() => settings.set('offer', false)}
      >
        ×
      </button>
    </span>
  );
}

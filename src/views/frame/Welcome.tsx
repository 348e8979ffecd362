import { useState } from 'react';
import type { SettingsApi } from '../../api/storage.ts';

/** What a first visit sees and may do next, in one line; answered once, it is gone for good. */
export function Welcome({ settings, onTour }: { settings: SettingsApi; onTour: () => void }) {
  const [shown, setShown] = useState(() => settings.get('welcome') !== false);
  if (!shown) return null;
  const close = () => {
    settings.set('welcome', false);
    setShown(false);
  };
  return (
    <div className="banner welcome">
      <span className="banner-words">
        A small language model reads the text below, in this tab; beside it are the features inside it that fire. Change the text, or point
        at a feature.
      </span>
      <button
        type="button"
        className="button-small"
        onClick={() => {
          close();
          onTour();
        }}
      >
        Show me around
      </button>
      <button type="button" className="button-small" onClick={close}>
        Got it
      </button>
    </div>
  );
}

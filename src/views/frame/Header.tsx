import type { ReactNode } from 'react';
import type { Theme, View } from '../../state/shared/page.ts';
import type { DeviceProps } from './DeviceBody.tsx';
import { DeviceMenu } from './DeviceMenu.tsx';
import { useActions, useApp } from '../shared/StoreContext.tsx';

interface HeaderProps extends DeviceProps {
  /** What chooses the model. */
  model: ReactNode;
  onHelp: () => void;
}

export function Header({ isolation, offline, model, onHelp }: HeaderProps) {
  return (
    <header className="app-header">
      <h1>featurescope</h1>
      <Screens />
      <div className="app-header-tools">
        {model}
        <DeviceMenu isolation={isolation} offline={offline} />
        <ThemeButton />
        <button type="button" className="button-quiet button-icon" onClick={onHelp} aria-label="Keys" title="Keys, and a tour">
          ?
        </button>
      </div>
    </header>
  );
}

/** In the order of the header; a screen gets its line here when it works. */
const SCREENS = [
  { view: 'explore', label: 'Explore' },
  { view: 'feature', label: 'Features' },
  { view: 'circuits', label: 'Circuits' },
  { view: 'train', label: 'Train' },
] as const satisfies readonly { view: View; label: string }[];

function Screens() {
  const current = useApp((s) => s.view);
  const { show } = useActions();
  return (
    <nav className="screens" aria-label="Screens">
      {SCREENS.map(({ view, label }) => (
        <button
          key={view}
          type="button"
          className="button-quiet"
          data-screen={view}
          aria-current={view === current ? 'page' : undefined}
          onClick={() => show(view)}
        >
          {label}
        </button>
      ))}
    </nav>
  );
}

const NEXT: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' };
const SIGNS: Record<Theme, string> = { auto: '◐', light: '○', dark: '●' };

function ThemeButton() {
  const theme = useApp((s) => s.theme);
  const { setTheme } = useActions();
  return (
    <button
      type="button"
      className="button-quiet"
      onClick={() => setTheme(NEXT[theme])}
      aria-label={`Theme: ${theme}. Change to ${NEXT[theme]}`}
      title={`Theme: ${theme}`}
    >
      <span aria-hidden="true">{SIGNS[theme]}</span> <span className="wide-only">{theme}</span>
    </button>
  );
}

import { Activity, lazy, Suspense, useCallback, useEffect, useState, type ComponentType } from 'react';
import { createAppStore, type AppStore } from '../state/store.ts';
import { ActivationsPanel } from '../views/explore/ActivationsPanel.tsx';
import { LiveStatus, NoticeBar } from '../views/shared/Announcer.tsx';
import { ComparePanel, Differences } from '../views/explore/ComparePanel.tsx';
import { Dialogs } from '../views/frame/Dialogs.tsx';
import { DropTarget } from '../views/frame/DropTarget.tsx';
import { EditsPanel } from '../views/explore/EditsPanel.tsx';
import { FeaturesPanel } from '../views/explore/FeaturesPanel.tsx';
import { GeneratePanel } from '../views/explore/GeneratePanel.tsx';
import { Header } from '../views/frame/Header.tsx';
import { KeysDialog } from '../views/frame/KeysDialog.tsx';
import { OfflineLine, UpdateBanner } from '../views/frame/OfflineLine.tsx';
import { usePageKeys } from '../views/frame/pageKeys.ts';
import { laterDialog } from '../views/shared/later.tsx';
import { LinkBanner } from '../views/frame/LinkBanner.tsx';
import { PredictionsPanel } from '../views/explore/PredictionsPanel.tsx';
import { ModelOffer } from '../views/library/ModelMenu.tsx';
import { LoadBanners } from '../views/shared/Progress.tsx';
import { ScreenGuard } from '../views/frame/ScreenGuard.tsx';
import { StoreProvider, useActions, useApp } from '../views/shared/StoreContext.tsx';
import { StripPanel } from '../views/explore/StripPanel.tsx';
import { TextPanel } from '../views/explore/TextPanel.tsx';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import type { TrainingApi } from '../api/training.ts';
import type { Startup } from '../state/startup.ts';
import './styles/theme.css';
import './styles/controls.css';
import './styles/layout.css';
import '../views/explore/panels.css';
import '../views/explore/features.css';
import '../views/explore/compare.css';
import '../views/library/library.css';

export interface AppProps {
  api: FeaturescopeApi;
  startup: Startup;
}

export function App({ api, startup }: AppProps) {
  const [store] = useState<AppStore>(() => createAppStore(api, startup));
  return (
    <StoreProvider store={store}>
      <ScreenGuard>
        <Screen startup={startup} api={api} />
      </ScreenGuard>
    </StoreProvider>
  );
}

/** Fetched when somebody trains, or has trained: the first paint does without it. */
const TrainScreen = lazy<ComponentType<TrainingProps>>(() =>
  import('./trainingScreen.ts').then(
    ({ TrainScreen: screen }) => ({ default: screen }),
    () => ({ default: TrainScreenMissing }),
  ),
);
const TrainBanner = lazy<ComponentType<TrainingProps>>(() =>
  import('./trainingScreen.ts').then(
    ({ TrainBanner: banner }) => ({ default: banner }),
    () => ({ default: Nothing }),
  ),
);

/** Likewise models of the hub. */
const HubDialog = laterDialog<HubProps>(() => import('./hubScreen.ts').then(({ HubDialog: dialog }) => dialog));

interface HubProps {
  api: FeaturescopeApi;
  id: string | undefined;
}

interface TrainingProps {
  api: TrainingApi;
}

interface ScreenProps {
  startup: Startup;
  api: FeaturescopeApi;
}

export function Screen({ startup, api }: ScreenProps) {
  const { offline } = api;
  const [keysOpen, setKeysOpen] = useState(false);
  const openKeys = useCallback(() => setKeysOpen(true), []);
  // A dialog shows the notice itself.
  const covered = useApp((s) => s.dialog !== null || s.importTask.status === 'choosing');
  const exploring = useApp((s) => s.view === 'explore');
  const everTrained = useOnce(!exploring);
  const quiet = useOnce(useApp((s) => s.reading.status === 'done' || s.reading.status === 'empty'));
  usePageKeys(useActions(), openKeys, exploring);
  useTheme();
  return (
    <>
      <div className="app-top">
        <Header startup={startup} settings={api.settings} onHelp={openKeys} />
        <LoadBanners startup={startup} />
        <UpdateBanner offline={offline} />
        <LinkBanner />
        {(quiet || everTrained) && (
          <Suspense fallback={null}>
            <TrainBanner api={api} />
          </Suspense>
        )}
        <DropTarget />
      </div>
      <ModelOffer settings={api.settings} place="line" />
      {everTrained && (
        <Activity mode={exploring ? 'hidden' : 'visible'}>
          <Suspense fallback={<main className="train" aria-busy="true" />}>
            <TrainScreen api={api} />
          </Suspense>
        </Activity>
      )}
      {/* Kept as it is while the other screen shows: what is open, scrolled and half typed stays. */}
      <Activity mode={exploring ? 'visible' : 'hidden'}>
        <main>
          <TextPanel />
          <StripPanel />
          <ComparePanel />
          <div className="column column-features">
            <Differences />
            <FeaturesPanel />
            <EditsPanel />
          </div>
          <div className="column column-model">
            <PredictionsPanel />
            <GeneratePanel />
            <ActivationsPanel />
          </div>
        </main>
      </Activity>
      <OfflineLine offline={offline} />
      <Dialogs api={api} />
      <Hub api={api} />
      <LiveStatus modelId={startup.modelId} />
      {!covered && <NoticeBar />}
      <KeysDialog open={keysOpen} onClose={() => setKeysOpen(false)} />
    </>
  );
}

function Hub({ api }: { api: FeaturescopeApi }) {
  const dialog = useApp((s) => s.dialog);
  if (dialog?.kind !== 'hub') return null;
  return (
    <Suspense fallback={null}>
      <HubDialog api={api} id={dialog.id} />
    </Suspense>
  );
}

/** Whether something was ever true. */
function useOnce(now: boolean): boolean {
  const [was, setWas] = useState(now);
  if (now && !was) setWas(true);
  return now || was;
}

function TrainScreenMissing() {
  return (
    <main>
      <p role="alert">The training screen could not be fetched. Look whether the server can be reached, then reload the page.</p>
    </main>
  );
}

function Nothing() {
  return null;
}

function useTheme() {
  const theme = useApp((s) => s.theme);
  useEffect(() => {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
}

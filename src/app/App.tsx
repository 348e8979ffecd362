// The cascade, from the general to the particular.
import './styles/theme.css';
import './styles/controls.css';
import './styles/tables.css';
import './styles/layout.css';
import '../views/shared/styles.ts';
import '../views/frame/styles.ts';
import '../views/explore/styles.ts';
import '../views/library/styles.ts';
import {
  Activity,
  lazy,
  Suspense,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type ComponentType,
  type ReactNode,
} from 'react';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import type { TrainingApi } from '../api/training.ts';
import type { View } from '../state/shared/page.ts';
import type { Startup } from '../state/shared/startup.ts';
import { createAppStore, type AppState, type AppStore } from '../state/store.ts';
import { ExploreScreen } from '../views/explore/ExploreScreen.tsx';
import { LiveStatus } from '../views/explore/LiveStatus.tsx';
import { DropTarget } from '../views/frame/DropTarget.tsx';
import type { HelpKind, HelpProps } from '../views/frame/Help.tsx';
import { Header } from '../views/frame/Header.tsx';
import { LoadBanners } from '../views/frame/LoadBanners.tsx';
import { OfflineLine, UpdateBanner } from '../views/frame/OfflineLine.tsx';
import { usePageKeys } from '../views/frame/pageKeys.ts';
import { Welcome } from '../views/frame/Welcome.tsx';
import { ScreenGuard } from '../views/frame/ScreenGuard.tsx';
import { Dialogs } from '../views/library/Dialogs.tsx';
import { DictionaryDoubts } from '../views/library/DictionaryDoubts.tsx';
import { DictionaryOffer } from '../views/library/DictionaryOffer.tsx';
import { useDroppedFiles } from '../views/library/droppedFiles.ts';
import { ModelMenu, ModelOffer } from '../views/library/ModelMenu.tsx';
import { laterDialog, laterPart } from '../views/shared/later.tsx';
import { NoticeBar } from '../views/shared/NoticeBar.tsx';
import { sliceHooks, StoreProvider } from '../views/shared/StoreContext.tsx';

const { useSlice: useApp, useSliceActions: useActions } = sliceHooks<AppState>();

interface AppProps {
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
const TrainScreen = laterPart<TrainingProps>(() => import('./trainingScreen.ts').then((m) => m.TrainScreen));
const TrainBanner = lazy<ComponentType<TrainingProps>>(() =>
  import('./trainingScreen.ts').then(
    ({ TrainBanner: banner }) => ({ default: banner }),
    () => ({ default: Nothing }),
  ),
);

/** Likewise the page of a feature. */
const FeatureScreen = laterPart<FeatureProps>(() => import('./featureScreen.tsx').then((m) => m.FeatureScreen));

/** Likewise what causes what. */
const CircuitsScreen = laterPart<FeatureProps>(() => import('./circuitsScreen.tsx').then((m) => m.CircuitsScreen));

/** Likewise what edits change. */
const EditStudy = laterPart<FeatureProps>(() => import('../views/explore/EditStudy.tsx').then((m) => m.EditStudy));

/** Likewise what is said of a link that names something not here. */
const LinkBanner = laterPart<object>(() => import('../views/frame/LinkBanner.tsx').then((m) => m.LinkBanner));

/** Likewise help. */
const Help = laterDialog<HelpProps>(() => import('../views/frame/Help.tsx').then((m) => m.Help));

/** Likewise models of the hub. */
const HubDialog = laterDialog<HubProps>(() => import('./hubScreen.ts').then(({ HubDialog: dialog }) => dialog));

interface HubProps {
  api: FeaturescopeApi;
  id: string | undefined;
}

interface TrainingProps {
  api: TrainingApi;
}

interface FeatureProps {
  api: FeaturescopeApi;
}

interface ScreenProps {
  startup: Startup;
  api: FeaturescopeApi;
}

export function Screen({ startup, api }: ScreenProps) {
  const [help, setHelp] = useState<HelpKind | null>(null);
  const openKeys = useCallback(() => setHelp('keys'), []);
  const openTour = useCallback(() => setHelp('tour'), []);
  const closeHelp = useCallback(() => setHelp(null), []);
  // A dialog shows the notice itself.
  const covered = useApp((s) => s.dialog !== null || s.importTask.status === 'choosing');
  const view = useApp((s) => s.view);
  const exploring = view === 'explore';
  const everTrained = useOnce(view === 'train');
  const everRead = useOnce(useApp((s) => s.reading.status === 'done' || s.reading.status === 'empty'));
  usePageKeys(useActions(), openKeys, exploring);
  useTheme();
  useScrolls(view);
  return (
    <>
      <Top startup={startup} api={api} onHelp={openKeys} training={everRead || everTrained} />
      {/* Not under the header that stays: a small window has no room for it. */}
      {exploring && <Welcome settings={api.settings} onTour={openTour} />}
      <ModelOffer settings={api.settings} place="line" />
      <Later view="train">
        <TrainScreen api={api} />
      </Later>
      <Later view="feature">
        <FeatureScreen api={api} />
      </Later>
      <Later view="circuits">
        <CircuitsScreen api={api} />
      </Later>
      {/* Kept as it is while the other screen shows: what is open, scrolled and half typed stays. */}
      <Activity mode={exploring ? 'visible' : 'hidden'}>
        <ExploreScreen doubts={<DictionaryDoubts />} offer={<DictionaryOffer />} study={<EditStudy api={api} />} />
      </Activity>
      <OfflineLine offline={api.offline} />
      <Dialogs api={api} />
      <Hub api={api} />
      <LiveStatus modelId={startup.modelId} />
      {!covered && <NoticeBar />}
      {help !== null && (
        <Suspense fallback={null}>
          <Help kind={help} onTour={openTour} onClose={closeHelp} />
        </Suspense>
      )}
    </>
  );
}

/** A screen that is fetched when it is first wanted, and kept as it is while another shows. */
function Later({ view, children }: { view: View; children: ReactNode }) {
  const isShown = useApp((s) => s.view === view);
  if (!useOnce(isShown)) return null;
  return (
    <Activity mode={isShown ? 'visible' : 'hidden'}>
      <Suspense fallback={<main aria-busy="true" />}>{children}</Suspense>
    </Activity>
  );
}

interface TopProps extends ScreenProps {
  onHelp: () => void;
  /** Whether to say how training goes. */
  training: boolean;
}

/** Header and banners. */
function Top({ startup, api, onHelp, training }: TopProps) {
  const onFiles = useDroppedFiles();
  const linked = useApp((s) => s.wanted !== null || s.wantedModel !== null);
  const model = (
    <>
      <ModelOffer settings={api.settings} place="header" />
      <ModelMenu modelId={startup.modelId} />
    </>
  );
  return (
    <div className="app-top">
      <Header isolation={startup.isolation} offline={api.offline} model={model} onHelp={onHelp} />
      <LoadBanners startup={startup} />
      <UpdateBanner offline={api.offline} />
      {linked && (
        <Suspense fallback={null}>
          <LinkBanner />
        </Suspense>
      )}
      {training && (
        <Suspense fallback={null}>
          <TrainBanner api={api} />
        </Suspense>
      )}
      <DropTarget onFiles={onFiles} />
    </div>
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

/** Each screen comes back where it was scrolled to. */
function useScrolls(view: View) {
  const places = useRef(new Map<View, number>());
  useLayoutEffect(() => {
    const { current } = places;
    if (current.size > 0) scrollTo(0, current.get(view) ?? 0);
    const keep = () => current.set(view, scrollY);
    keep();
    addEventListener('scroll', keep);
    return () => removeEventListener('scroll', keep);
  }, [view]);
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

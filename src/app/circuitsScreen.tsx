/** The Circuits screen with its style sheet, in one piece that is fetched when it is wanted; the text of Explore comes in here. */
import '../views/circuits/styles.ts';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import type { AppState } from '../state/store.ts';
import { CircuitsScreen as Screen } from '../views/circuits/CircuitsScreen.tsx';
import { sliceHooks } from '../views/shared/StoreContext.tsx';

const { useSlice } = sliceHooks<AppState>();

export function CircuitsScreen({ api }: { api: FeaturescopeApi }) {
  const text = useSlice((s) => s.text);
  return <Screen api={api} text={text} />;
}

/** The page's store as the Explore screen sees it. */
import type { ExploreState } from '../../state/explore/state.ts';
import { sliceHooks } from '../shared/StoreContext.tsx';

export const { useSliceStore: useAppStore, useSlice: useApp, useSliceActions: useActions } = sliceHooks<ExploreState>();

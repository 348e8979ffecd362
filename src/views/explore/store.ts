/** The page's store as the Explore screen sees it. */
import type { ExploreState } from '../../state/explore/state.ts';
import { sliceHooks } from '../shared/StoreContext.tsx';

const hooks = sliceHooks<ExploreState>();
export const useAppStore = hooks.useSliceStore;
export const useApp = hooks.useSlice;
export const useActions = hooks.useSliceActions;

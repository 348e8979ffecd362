/** The training screen with its style sheet, in one piece that is fetched when it is wanted. */
import '../views/train/styles.ts';

export { TrainBanner } from '../views/train/TrainBanner.tsx';
export { TrainScreen } from '../views/train/TrainScreen.tsx';

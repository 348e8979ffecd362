/** Principal components: signed scores v·(x − m), or both signs stacked and through a ReLU, or the k largest of those. */
import { directionsForm } from './form.ts';

export const pca = directionsForm('pca', 'all');
export const pcaNonNegative = directionsForm('pca_non_negative', 'positive');
export const pcaTopk = directionsForm('pca_topk', 'largest');

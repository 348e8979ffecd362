/** Independent components: signed scores v·(x − m), or both signs stacked and through a ReLU, or the k largest of those. */
import { directionsForm } from './form.ts';

export const ica = directionsForm('ica', 'all');
export const icaNonNegative = directionsForm('ica_non_negative', 'positive');
export const icaTopk = directionsForm('ica_topk', 'largest');

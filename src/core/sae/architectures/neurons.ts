/** Each number of a hook, with both signs: c = relu(±x_i). Reconstruction is exact. */
import { directionsForm } from './form.ts';

export const neurons = directionsForm('neurons', 'positive');

/** Directions drawn at random: c = relu(r·x), reconstructed by the pseudo-inverse. */
import { directionsForm } from './form.ts';

export const random = directionsForm('random', 'positive');

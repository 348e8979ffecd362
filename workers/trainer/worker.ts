/** Starts the trainer worker. */
import { serve, type Channel } from '../rpc.ts';
import { trainerHandlers } from './handlers.ts';
import { createPlatform } from './platform.ts';
import { TrainerSession } from './session.ts';

serve(self as unknown as Channel, trainerHandlers(new TrainerSession(createPlatform())));

/** Starts the trainer worker. */
import { handlersOf } from '../remote.ts';
import { serve, type Channel } from '../rpc.ts';
import { createPlatform } from './platform.ts';
import { createTrainerServices } from './services.ts';

serve(self as unknown as Channel, handlersOf(createTrainerServices(createPlatform())));

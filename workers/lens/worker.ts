/** Starts the lens worker. */
import { serve, type Channel } from '../rpc.ts';
import { lensHandlers } from './handlers.ts';
import { createPlatform } from './platform.ts';
import { LensSession } from './session.ts';

serve(self as unknown as Channel, lensHandlers(new LensSession(createPlatform())));

/** The plan, asked for while a view shows it. */

import * as api from "../api/client";
import type { Plan } from "../api/types";
import { Polled } from "../shell/poll.svelte";

/** One plan for all rooms that show it. */
export const plan = new Polled<Plan>((signal) => api.plan(signal));

/** It is made anew so often. */
export const EVERY_MILLISECONDS = 15_000;

/** What `gt dashboard --json` says once its page is ready; the process stays until it is ended. */
import { z } from 'zod'

export const DASHBOARD_SHAPES: Record<string, z.ZodType> = {
  dashboard: z.strictObject({
    /** With the token: whoever has it gets in. */
    url: z.string().regex(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/),
    port: z.int().min(1),
    pid: z.int().min(1),
    /** Whether the page may act. */
    actions: z.boolean(),
  }),
}

import { Analytics } from "@segment/analytics-node"
import { events, pause, person } from "./events.mjs"

const analytics = new Analytics({ writeKey: process.env.KEY, host: process.env.URL, flushAt: 5, flushInterval: 500, maxRetries: 100 })
for (const event of events()) {
  analytics.track(event)
  await pause()
}
for (const [call, said] of person()) analytics[call](said)
await analytics.closeAndFlush({ timeout: 280_000 })

import { Analytics } from "@segment/analytics-node"
import { events, pause, person } from "./events.mjs"

// It tries once a second: a hundred times are over while a slow machine starts Kafka, and then it drops what it has.
const options = { writeKey: process.env.KEY, host: process.env.URL, flushAt: 5, flushInterval: 500, maxRetries: 10_000 }
const analytics = new Analytics(options)
for (const event of events()) {
  analytics.track(event)
  await pause()
}
for (const [call, said] of person()) analytics[call](said)
await analytics.closeAndFlush({ timeout: 280_000 })

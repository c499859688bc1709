import Rudder from "@rudderstack/rudder-sdk-node"
import { events, pause, person } from "./events.mjs"

const Analytics = Rudder.default ?? Rudder
// It would wait for twice as long each time, be it for hours.
const axiosRetryConfig = { retryDelay: (count) => Math.min(100 * 2 ** count, 5_000) }
const batches = { flushAt: 5, flushInterval: 500 }
const options = { dataPlaneUrl: process.env.URL, ...batches, retryCount: 1_000, axiosRetryConfig, logLevel: "error" }
const analytics = new Analytics(process.env.KEY, options)
for (const event of events()) {
  analytics.track(event)
  await pause()
}
for (const [call, said] of person()) analytics[call](said)
await analytics.flush()

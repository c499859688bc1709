import Rudder from "@rudderstack/rudder-sdk-node"
import { events, pause, person } from "./events.mjs"

const Analytics = Rudder.default ?? Rudder
const options = { dataPlaneUrl: process.env.URL, flushAt: 5, flushInterval: 500, retryCount: 100, logLevel: "error" }
const analytics = new Analytics(process.env.KEY, options)
for (const event of events()) {
  analytics.track(event)
  await pause()
}
for (const [call, said] of person()) analytics[call](said)
await analytics.flush()

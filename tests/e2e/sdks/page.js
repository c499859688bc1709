// A page that sends, leaves for another in the middle of it, and goes on there, in batches.
import { AnalyticsBrowser } from "@segment/analytics-next"

const asked = new URLSearchParams(location.search)
const [url, writeKey, name] = ["url", "key", "name"].map((each) => asked.get(each))
const [count, users, pauseMs, from] = ["count", "users", "pause", "from"].map((each) => Number(asked.get(each)))
const leavesAt = Math.floor(count / 3)

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const batching = { deliveryStrategy: { strategy: "batching", config: { size: 5, timeout: 500 } } }
const options = from ? { integrations: { "Segment.io": batching } } : {}
const analytics = AnalyticsBrowser.load({ writeKey, cdnURL: url }, options)

// Until it is loaded it keeps calls back and makes them in between later ones, each as of whoever is signed in by then. A
// page has one user at a time; that there are several here is the test's doing. (The code in docs/http.md does not wait.)
await analytics
analytics.page("Somewhere", { sdk: name })
for (let n = from; n < count; n++) {
  const user = `${name}-${n % users}`
  analytics.identify(user, { plan: "pro" })
  const tracked = analytics.track("Clicked", { sdk: name, n })
  if (n === leavesAt && from === 0) {
    // As its own trackLink does: what is under way then is kept for the next page.
    await Promise.race([tracked, pause(300)])
    asked.set("from", String(n + 1))
    location.search = asked.toString()
    break
  }
  await pause(pauseMs)
}

if (from) {
  // Somebody else, on a device of her own, who looks around before she says who she is.
  await analytics.reset()
  for (let n = 0; n < 3; n++) await analytics.track("Looked Around")
  await analytics.identify(`${name}-anna`, { role: "buyer", stripe_customer_id: `cus_${name}` })
  await analytics.group(name, { employees: 50 })
}

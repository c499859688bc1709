// A page that sends, leaves for another in the middle of it, and goes on there, in batches.
import { AnalyticsBrowser } from "@segment/analytics-next"

const asked = new URLSearchParams(location.search)
const [url, writeKey, name] = ["url", "key", "name"].map((each) => asked.get(each))
const [count, users, pauseMs, from] = ["count", "users", "pause", "from"].map((each) => Number(asked.get(each)))
const leavesAt = Math.floor(count / 3)

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
// By its defaults it waits for minutes where Kafka was away for one, and then gives up.
const httpConfig = { backoffConfig: { maxRetryCount: 100, maxBackoffInterval: 5 } }
const batching = { deliveryStrategy: { strategy: "batching", config: { size: 5, timeout: 500 } } }
const options = { integrations: { "Segment.io": from ? { httpConfig, ...batching } : { httpConfig } } }
const analytics = AnalyticsBrowser.load({ writeKey, cdnURL: url }, options)

// Until it is loaded it keeps calls back and makes them in between later ones, each as of whoever is signed in by then. A
// page has one user at a time; that there are several here is the test's doing. (The code in docs/http.md does not wait.)
try {
  await analytics
} catch (error) {
  // As where the collector is just being started: whoever looks at the page loads it anew.
  console.log(`not loaded: ${error}`)
  await pause(1_000)
  location.reload()
  await new Promise(() => {})
}
console.log(`sends from ${from} on`)
analytics.page("Somewhere", { sdk: name })
const sent = []
for (let n = from; n < count; n++) {
  const user = `${name}-${n % users}`
  sent.push(analytics.identify(user, { plan: "pro" }))
  const leaves = n === leavesAt && from === 0
  if (leaves) {
    // It keeps for the next page what it was still to send, and what is under way, but not what it takes from the one to
    // the other just then.
    await Promise.all(sent)
    leaveWhenAsked(`"n":${n}`)
  }
  sent.push(analytics.track("Clicked", { sdk: name, n }))
  if (leaves) break
  await pause(pauseMs)
}

if (from) {
  // Somebody else, on a device of her own, who looks around before she says who she is.
  await analytics.reset()
  for (let n = 0; n < 3; n++) await analytics.track("Looked Around")
  await analytics.identify(`${name}-anna`, { role: "buyer", stripe_customer_id: `cus_${name}` })
  await analytics.group(name, { employees: 50 })
  console.log("has sent all")
}

// Once the event that has this in it is under way.
function leaveWhenAsked(text) {
  const { fetch } = window
  window.fetch = (...request) => {
    const answer = fetch(...request)
    if (String(request[1]?.body).includes(text)) {
      window.fetch = fetch
      asked.set("from", String(leavesAt + 1))
      location.search = asked.toString()
    }
    return answer
  }
}
